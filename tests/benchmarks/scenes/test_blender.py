"""Rendering itself: skipped where Blender is missing; ``make test-scenes`` has it."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

pytest.importorskip("bpy", reason="Blender as a Python module is missing")

from benchmarks.scenes.render import main

DATA = Path(__file__).with_name("data")
SIZE = 64


def render(folder, options=""):
    main(["--folder", str(folder), "--scenes", "3", "--size", str(SIZE), "--threads", "1", *options.split()])


def pictures(folder):
    return {path.relative_to(folder): pixels(path) for path in sorted(folder.rglob("CLEVR_*.png"))}


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered")
    render(folder)
    return folder


def test_scenes_are_those_of_the_tests(rendered):
    """As rendered once, perhaps by another version of Blender: the same masks, pictures alike."""
    assert len(pictures(rendered)) == 6
    for image in (rendered / "images").iterdir():
        assert_array_equal(pixels(rendered / "masks" / image.name), pixels(DATA / "masks" / image.name))
        assert np.abs(pixels(image) - pixels(DATA / "images" / image.name)).mean() < 2
    kept = json.loads((DATA / "CLEVR-XAI_scenes.json").read_text())["scenes"][:3]
    now = json.loads((rendered / "CLEVR-XAI_scenes.json").read_text())["scenes"]
    assert [scene["image_filename"] for scene in now] == [scene["image_filename"] for scene in kept]


def test_a_stopped_rendering_goes_on_where_it_was(rendered, capfd):
    before = pictures(rendered)
    times = {path: (rendered / path).stat().st_mtime_ns for path in before}
    (rendered / "scenes/CLEVR_unique_000001.json").unlink()
    (rendered / "CLEVR-XAI_scenes.json").unlink()
    (rendered / "images/.CLEVR_unique_000001.png").write_text("half of a picture")
    render(rendered)
    after = pictures(rendered)
    assert list(after) == list(before)
    assert max(np.abs(after[path] - before[path]).max() for path in before) <= 1, "the same but for rounding"
    again = {path.stem for path in before if (rendered / path).stat().st_mtime_ns != times[path]}
    assert again == {"CLEVR_unique_000001"}
    printed = capfd.readouterr().out.splitlines()
    assert printed[0] == "2 of 3 scenes are already done"
    assert len(printed) == 3, "Blender is quiet"
    assert sorted(path.name for path in (rendered / "images").iterdir()) == sorted({path.name for path in before})


@pytest.mark.parametrize("variant", ["crowded", "elsewhere", "evening"])
def test_variants(variant, tmp_path):
    render(tmp_path, f"--variant {variant} --scenes 1")
    image = pixels(tmp_path / "images/CLEVR_unique_000000.png")
    assert image.std() > 5
    warm = image[..., 0].mean() / image[..., 2].mean()
    assert (warm > 1.12) == (variant == "evening")
