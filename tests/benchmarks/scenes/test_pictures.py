"""The two pictures of the study: maps beside masks, and errors against support where there was a shift."""

import numpy as np
import pytest

from benchmarks.scenes.pictures import draw_maps, draw_shift
from benchmarks.shared.pictures import plt


@pytest.fixture
def cells():
    mask = np.zeros((2, 8, 8), dtype=int)
    mask[:, 2:5, 3:6] = 1
    shown = {name: np.full((2, 8, 8), 100).tolist() for name in ("agop-weighted", "grad-cam", "centre")}
    pictures = {"image": np.full((2, 8, 8, 3), 200, dtype=np.uint8).tolist(), "target": mask.tolist()}
    first = {"task": "shape", "seed": 0, "shown": shown}
    return [first, {"task": "shape", "seed": 0, "shown": {}, "pictures": pictures}, first | {"seed": 1}]


def test_maps(cells, tmp_path):
    open_before = plt.get_fignums()
    draw_maps(cells, tmp_path / "maps.png")
    picture = plt.imread(tmp_path / "maps.png")
    assert picture.shape[1] > 200
    assert plt.get_fignums() == open_before


def test_without_the_scenes_nothing_is_drawn(cells, tmp_path):
    draw_maps([cells[0]], tmp_path / "maps.png")
    assert not (tmp_path / "maps.png").exists()


def test_shift(tmp_path):
    found = {"correct": [True, False], "support": [0.2, 0.9], "iou": {"agop-weighted": [0.1, 0.3]}}
    draw_shift([{"sets": {"none": found, "dark": found}}], tmp_path / "shift.png")
    assert (tmp_path / "shift.png").stat().st_size > 3000
