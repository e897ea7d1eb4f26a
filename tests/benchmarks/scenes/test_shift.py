"""Maps under shift: the test scenes and other folders, one by one, and only those that are missing."""

import shutil
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

from agop_tabular.image import AGOPImageExplainer
from benchmarks.scenes.cell import explained_of, network, read
from benchmarks.scenes.shift import NONE, WEIGHTED, add_shift, missing, set_name, shift_cell

DATA = Path(__file__).with_name("data")


def test_missing_sets_are_added(cells, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(DATA, other)
    add_shift(cells, "material", 0, [])
    first = cells.read(shift_cell("material", 0))
    assert list(first["sets"]) == [NONE]
    assert missing(first, [str(other)]) == [str(other)]
    add_shift(cells, "material", 0, [str(other)])
    cell = cells.read(shift_cell("material", 0))
    assert list(cell["sets"]) == [NONE, "other"]
    assert cell["sets"][NONE] == first["sets"][NONE]
    assert missing(cell, [str(other)]) == []
    assert set_name(str(other)) == "other"


def test_support_and_correctness_are_of_each_image(cells):
    add_shift(cells, "material", 0, [])
    found = cells.read(shift_cell("material", 0))["sets"][NONE]
    data = read(cells, "material")
    test = data.part("test").take(np.arange(6))
    e = explained_of(cells, network(cells, data, 0), data, test, 0)
    explainer = AGOPImageExplainer(e.module, method="agop-ixg", moment="sketched").fit(e.background)
    assert_allclose(found["support"], explainer(e.images).support, atol=1e-3)
    assert found["correct"] == (e.target == test.y).tolist()
    assert {len(values) for values in found["iou"].values()} == {6}
    assert {WEIGHTED, "vanilla-gradient", "random"} <= set(found["iou"])
