"""Scores of maps, by hand."""

import numpy as np
import pytest

from benchmarks.scenes.pooling import POOLINGS
from benchmarks.scenes.scoring import drawn, scores_of

MASKS = {
    "target": np.array([[[1, 1], [0, 0]]], dtype=bool),
    "objects": np.array([[[1, 1], [1, 0]]], dtype=bool),
}
VALUES = np.array([[[[3.0, 0.0], [0.0, 1.0]], [[4.0, 2.0], [0.0, 0.0]], [[0.0, -2.0], [3.0, 0.0]]]])
"""Channels of the four pixels: (3, 4, 0), (0, 2, -2), (0, 0, 3), (1, 0, 0)."""


def test_by_hand():
    """By the norm the pixels have 5, √8, 3, 1; by the sum 7, 0, 3, 1: the second pixel of the target is not found."""
    found = scores_of(VALUES, MASKS, 0)
    assert list(found) == list(POOLINGS)
    total = 9 + np.sqrt(8)
    assert found["l2"]["target"]["iou"] == [pytest.approx(1 / 3, abs=1e-4)]
    assert found["l2"]["target"]["rank"] == 0.5
    assert found["l2"]["target"]["mass"] == pytest.approx((5 + np.sqrt(8)) / total)
    assert found["l2"]["objects"] == {"iou": [1.0], "rank": 1.0, "mass": pytest.approx((total - 1) / total)}
    assert found["|sum|"]["objects"]["iou"] == [0.5]
    assert found["|sum|"]["objects"]["rank"] == pytest.approx(2 / 3)
    assert found["|sum|"]["objects"]["mass"] == pytest.approx(10 / 11)
    assert found["l1"]["target"]["mass"] == pytest.approx(11 / 15)
    assert found["max"]["target"]["mass"] == pytest.approx(6 / 10)
    assert found["l2²"]["target"]["mass"] == pytest.approx(33 / 43)


def test_a_positive_sum_that_is_nowhere_is_a_uniform_map():
    found = scores_of(-np.ones((1, 3, 2, 2)), MASKS, 0)["sum > 0"]
    assert found["target"]["mass"] == pytest.approx(0.5)
    assert found["objects"]["mass"] == pytest.approx(0.75)


def test_drawn_maps_are_bytes():
    values = np.zeros((5, 1, 10, 20))
    values[0, 0, 0, :10], values[0, 0, 0, 0] = 2.0, 50.0
    values[1, 0, 3, 3] = 7.0
    found = np.array(drawn(values))
    assert found.shape == (3, 10, 20)
    assert found[0, 0, :10].tolist() == [255] * 10
    assert found[1, 3, 3] == 255
    assert found[1].sum() == 255
    assert not found[2].any()
