"""Cells of the study: what is saved of a network and of its maps."""

import numpy as np
from numpy.testing import assert_allclose

from agop_tabular.evaluation import intersection_over_union
from benchmarks.scenes.cell import add_maps, explained_of, maps_cell, network, predicted_right, read
from benchmarks.scenes.maps import GRADIENT
from benchmarks.scenes.scoring import SHOWN
from benchmarks.scenes.training import at_input, scores


def test_accuracies_are_of_each_part(cells):
    cell, data = cells.read("network-material-0"), read(cells, "material")
    assert cell["scenes"] == {name: len(data.part(name)) for name in ("train", "validation", "test")}
    module = network(cells, data, 0).module
    for name, accuracy in cell["accuracy"].items():
        part = data.part(name)
        assert accuracy == (scores(module, at_input(part.images)).argmax(axis=1) == part.y).mean()
    assert cell["majority"] == np.bincount(data.part("test").y).max() / len(data.part("test"))
    assert cell["learned"]
    assert len(cell["history"]) == 4
    assert cell["pixels"] == [32, 32]


def test_maps_are_scored_on_test_scenes_that_are_classified_correctly(cells):
    path = cells.folder / "material-0.pt"
    before = path.stat().st_mtime_ns
    add_maps(cells, "material", 0, "agop")
    add_maps(cells, "material", 0, "controls")
    assert path.stat().st_mtime_ns == before, "the network is not trained again"
    data = read(cells, "material")
    found, test = network(cells, data, 0), data.part("test")
    right = np.flatnonzero(predicted_right(found, test))[:6]
    cell = cells.read(maps_cell("material", 0, "agop"))
    assert cell["scenes"] == [test.scenes.records[i].name for i in right]
    chosen = test.take(right)
    e = explained_of(cells, found, data, chosen, 0)
    assert len(e.background) == 20
    assert (e.target == chosen.y).all()
    iou = intersection_over_union(np.linalg.norm(e.gradients, axis=1), chosen.target_masks(), 0)
    assert_allclose(cell["methods"][GRADIENT]["l2"]["target"]["iou"], iou, atol=1e-4)
    assert set(cell["seconds"]) == set(cell["methods"]) == set(cell["shown"])
    pictures = cells.read(maps_cell("material", 0, "controls"))["pictures"]
    assert np.array_equal(pictures["image"], chosen.images[:SHOWN])
    assert np.array_equal(pictures["target"], chosen.target_masks()[:SHOWN])
