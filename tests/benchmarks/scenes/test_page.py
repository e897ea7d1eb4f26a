"""The page says what its records say, and only of parts that were run."""

import pytest

from benchmarks.scenes.page import write
from benchmarks.shared.machine import machine


@pytest.fixture
def result():
    network = {
        "task": "shape",
        "seed": 0,
        "classes": ["a", "b", "c"],
        "accuracy": {"train": 1.0, "validation": 0.9, "test": 0.5},
        "scenes": {"train": 70, "validation": 10, "test": 20},
        "majority": 0.4,
        "learned": False,
        "seconds": 60,
        "pixels": [128, 128],
    }
    training = {"epochs": 3, "width": 64, "weights": None}
    settings = {"training": training, "least_accuracy": 0.8, "images": 5, "background": 9, "steps": 50}
    return {
        "machine": machine(),
        "settings": settings,
        "networks": [network],
        "maps": [],
        "segments": [],
        "shift": [],
        "cost": [],
    }


def test_a_page_without_maps(tmp_path, result):
    write(tmp_path, result)
    page = (tmp_path / "scenes.md").read_text()
    assert "100 scenes of CLEVR, 128 × 128 pixels: 70 to train" in page
    assert "from random weights, 3 epochs" in page
    assert "take 50 points (200 at their authors')" in page
    assert "at least 80% of the test scenes" in page
    assert "Not good enough to be explained: shape, seed 0." in page
    assert "## Shift" not in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scenes.json", "scenes.md"]


def test_steps_of_the_authors_are_not_told_twice(tmp_path, result):
    result["settings"]["steps"] = 200
    result["settings"]["training"]["weights"] = "resnet18.pth"
    write(tmp_path, result)
    page = (tmp_path / "scenes.md").read_text()
    assert "take 200 points." in page
    assert "from given weights" in page


def test_a_page_of_costs_alone(tmp_path, result):
    cost = [{"size": 8, "step": "forward pass", "seconds": 0.5, "megabytes": 1.0}]
    write(tmp_path, result | {"networks": [], "cost": cost})
    page = (tmp_path / "scenes.md").read_text()
    assert "| 3 × 8 × 8 | forward pass | 500.0 | 1.0 | – | 1 | – |" in page
    assert "## Networks" not in page
