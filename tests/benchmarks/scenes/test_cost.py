"""Costs are measured in a process of their own, and fits are split into what is paid once and for each image."""

import pytest

from benchmarks.scenes.cost import STEPS, add_cost, cost_cell, measured
from benchmarks.shared.cells import Cells


@pytest.mark.parametrize("step", STEPS)
def test_every_step_can_be_measured(step):
    found = measured(step, 32, 16, 4)
    assert set(found) >= {"seconds", "megabytes"}
    assert found["megabytes"] >= 0
    assert ("fixed" in found) == step.startswith(("diag M", "sketch"))
    assert ("file" in found) == ("from disk" in step)


def test_a_file_holds_little_more_than_diag_m():
    """Four numbers of eight bytes for each value of an image, its name, and some more."""
    found = measured("explain, agop-global from disk", 64, 16, 4)["file"]
    assert 4 * 8 < 1e6 * found / (3 * 64 * 64) < 128


def test_a_cell_is_measured_elsewhere(tmp_path):
    cells = Cells(tmp_path, {"images": 8, "width": 8})
    add_cost(cells, 32, "forward pass")
    cell = cells.read(cost_cell(32, "forward pass"))
    assert (cell["step"], cell["size"]) == ("forward pass", 32)
    assert cell["seconds"] > 0
    assert len({cost_cell(32, step) for step in STEPS}) == len(STEPS)
