"""The study runs as a whole on the small scenes, resumes, and refuses what it cannot work on in one sentence."""

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest
import torch

from benchmarks.__main__ import main
from benchmarks.scenes.maps import CONTROLS, GROUPS, IG
from benchmarks.scenes.resnet import ResNet18

DATA = Path(__file__).with_name("data")
TINY = (
    "--epochs 4 --width 8 --size 32 --least-accuracy 0.01 --images 5 --background 20 --steps 3 --jobs 1 "
    "--cost-sizes 32 --cost-images 16"
)


def run(output, *options):
    main(["scenes", "--output", str(output), *shlex.split(TINY), *options])


def test_a_study_in_parts(tmp_path, capsys):
    options = ["--folder", str(DATA), "--tasks", "material", "--seeds", "1"]
    run(tmp_path, *options, "--parts", "maps")
    printed = capsys.readouterr().out
    assert "material, seed 7000: epoch 4 of 4" in printed
    assert f"maps: 0 of {len(GROUPS)} are already done" in printed
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "scenes.cells").iterdir()}
    (tmp_path / "scenes.cells" / "maps-material-7000-cam.json").unlink()
    run(tmp_path, *options, "--parts", "maps", "segments", "shift", "--shifted", str(DATA))
    page = (tmp_path / "scenes.md").read_text()
    printed = capsys.readouterr().out
    assert "epoch" not in printed
    assert f"maps: {len(GROUPS) - 1} of {len(GROUPS)} are already done" in printed
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "scenes.cells").iterdir() if path in done}
    assert {path.name for path in done if again[path] != done[path]} == {"maps-material-7000-cam.json"}
    records = pd.read_csv(tmp_path / "scenes.csv")
    assert {*CONTROLS, IG, "agop-weighted, one class", "refined cam", "agop-adaptive"} <= set(records["method"])
    assert not records.duplicated(["task", "seed", "method", "pooling", "truth"]).any()
    result = json.loads((tmp_path / "scenes.json").read_text())
    assert [network["task"] for network in result["networks"]] == ["material"]
    assert str(DATA) not in (tmp_path / "scenes.json").read_text(), "where scenes lie is nobody's business"
    assert "- material: agop-weighted" in page
    assert "| agop-adaptive" not in page
    assert "chosen on small images: agop-adaptive, ." in page
    assert "| material | *random* |" in page.split("## Segments")[1]
    assert "## Shift" in page
    assert "| material | data | 5 |" in page
    assert "## Cost" not in page
    assert (tmp_path / "scenes-maps.png").stat().st_size > 5000
    assert (tmp_path / "scenes-shift.png").stat().st_size > 5000
    run(tmp_path, *options, "--parts", "shift", "--shifted", str(DATA))
    assert (tmp_path / "scenes.md").read_text() == page, "parts that are saved stay on the page"


def test_a_network_that_has_not_learned_is_not_explained(tmp_path, capsys):
    options = ["--folder", str(DATA), "--tasks", "color", "--seeds", "1", "--epochs", "1", "--least-accuracy", "0.99"]
    run(tmp_path, *options, "--parts", "maps")
    page = (tmp_path / "scenes.md").read_text()
    assert "Not good enough to be explained: color, seed 7000." in page
    assert "What was claimed" not in page
    assert not (tmp_path / "scenes.csv").exists()


@pytest.mark.slow
def test_cost_needs_no_scenes(tmp_path, capsys):
    run(tmp_path, "--parts", "cost", "--folder", str(tmp_path))
    page = (tmp_path / "scenes.md").read_text()
    assert "| 3 × 32 × 32 | forward pass |" in page
    assert "| 3 × 32 × 32 | training epoch with AGOPCallback |" in page
    assert "## Networks" not in page


def test_what_it_cannot_work_on_is_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match="no CLEVR-XAI_scenes.json"):
        run(tmp_path, "--parts", "maps", "--folder", str(tmp_path))
    torch.save(ResNet18(3, width=4).state_dict(), tmp_path / "other.pth")
    with pytest.raises(SystemExit, match="weights of another network"):
        run(tmp_path, "--parts", "maps", "--folder", str(DATA), "--weights", str(tmp_path / "other.pth"))
    with pytest.raises(SystemExit, match="There is no file .*none.pth"):
        run(tmp_path, "--parts", "maps", "--folder", str(DATA), "--weights", str(tmp_path / "none.pth"))
