"""Localisation metrics, by hand-worked cases."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from agop_tabular.evaluation import (
    box_overlap,
    earth_movers_distance,
    importance_mass,
    intersection_over_union,
    mask_overlap,
    precision_recall_area,
    rank_accuracy,
)

MASK = np.array([[[1, 1, 0], [0, 0, 0], [0, 0, 0]]], dtype=bool)
METRICS = [earth_movers_distance, importance_mass, intersection_over_union, precision_recall_area, rank_accuracy]


def a_map(*rows):
    return np.array([rows], dtype=float)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (a_map([5, -4, 0], [3, 0, 0], [0, 0, 0]), 1.0),
        (a_map([5, 0, 0], [-4, 0, 0], [0, 0, 0]), 1 / 3),
        (a_map([0, 0, 0], [5, 4, 0], [0, 0, 0]), 0.0),
    ],
)
def test_iou(values, expected):
    assert intersection_over_union(values, MASK)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (a_map([5, -4, 0], [3, 0, 0], [0, 0, 0]), 1.0),
        (a_map([5, 0, 0], [-4, 0, 0], [0, 0, 0]), 0.5),
        (a_map([0, 0, 0], [5, 4, 0], [0, 0, 0]), 0.0),
    ],
)
def test_rank_accuracy(values, expected):
    assert rank_accuracy(values, MASK)[0] == pytest.approx(expected)


def test_rank_accuracy_follows_from_the_iou_of_the_same_pixels():
    rng = np.random.RandomState(0)
    maps, masks = rng.randn(20, 4, 4).round(1), rng.rand(20, 4, 4) < 0.3
    masks[:, 0, 0] = True
    iou = intersection_over_union(maps, masks, 0)
    np.testing.assert_allclose(rank_accuracy(maps, masks, 0), 2 * iou / (1 + iou))


def test_iou_breaks_ties_at_random():
    """A constant map finds as much as chance: two of nine pixels drawn, 1/36 hit both, 14/36 one of three."""
    many = 4000
    found = intersection_over_union(np.ones((many, 3, 3)), np.repeat(MASK, many, axis=0), random_state=0)
    assert found.mean() == pytest.approx((1 + 14 / 3) / 36, abs=0.01)


def test_iou_of_random_maps_on_the_protocol_sizes():
    rng = np.random.RandomState(0)
    mask = np.zeros((5000, 8, 8), dtype=bool)
    mask[:, 1, :] = True
    assert intersection_over_union(rng.rand(5000, 8, 8), mask, 0).mean() == pytest.approx(0.07, abs=0.01)


def test_precision_recall_area_is_scikit_learns():
    rng = np.random.RandomState(0)
    maps, masks = rng.randn(20, 4, 4).round(1), rng.rand(20, 4, 4) < 0.3
    masks[:, 0, 0] = True
    expected = [average_precision_score(m.ravel(), np.abs(a).ravel()) for a, m in zip(maps, masks, strict=True)]
    np.testing.assert_allclose(precision_recall_area(maps, masks), expected)


def test_importance_mass():
    assert importance_mass(a_map([3, -1, 0], [4, 0, 0], [0, 0, 0]), MASK)[0] == pytest.approx(0.5)
    assert importance_mass(np.zeros((1, 3, 3)), MASK)[0] == pytest.approx(2 / 9), "as a uniform map"


def test_earth_movers_distance():
    diagonal = np.hypot(2, 2)
    assert earth_movers_distance(a_map([1, 1, 0], [0, 0, 0], [0, 0, 0]), MASK)[0] == pytest.approx(0)
    assert earth_movers_distance(a_map([0, 1, 1], [0, 0, 0], [0, 0, 0]), MASK)[0] == pytest.approx(1 / diagonal)
    assert earth_movers_distance(a_map([-2, 0, 0], [0, 0, 0], [0, 0, 0]), MASK)[0] == pytest.approx(0.5 / diagonal)
    far = a_map([0, 0, 0], [0, 0, 0], [0, 0, 1])
    assert earth_movers_distance(far, MASK)[0] == pytest.approx((np.hypot(2, 2) + np.hypot(2, 1)) / 2 / diagonal)


def test_mask_overlap():
    """Two pixels of which one is the truth's two: 1 of 3; both empty: nothing is wrong."""
    found = np.array([[[1, 0, 0], [1, 0, 0], [0, 0, 0]]], dtype=bool)
    assert mask_overlap(found, MASK)[0] == pytest.approx(1 / 3)
    assert mask_overlap(MASK, MASK)[0] == 1
    nothing = np.zeros_like(MASK)
    assert (mask_overlap(nothing, MASK)[0], mask_overlap(nothing, nothing)[0]) == (0, 1)
    with pytest.raises(ValueError, match="must both be"):
        mask_overlap(MASK, MASK[:, :2])


def test_box_overlap():
    """2 × 3 and 2 × 2 pixels that share 2: 2 of 8; touching sides share nothing."""
    box = np.array([[0, 0, 2, 3]])
    assert box_overlap(box, [[1, 1, 3, 3]])[0] == pytest.approx(2 / 8)
    assert box_overlap(box, box)[0] == 1
    assert box_overlap(box, [[2, 0, 4, 3]])[0] == 0
    assert box_overlap(np.zeros((1, 4), int), np.zeros((1, 4), int))[0] == 0
    with pytest.raises(ValueError, match="top, left, bottom, right"):
        box_overlap(box[:, :3], box[:, :3])


@pytest.mark.parametrize("metric", METRICS)
def test_refusals(metric):
    with pytest.raises(ValueError, match="must both be"):
        metric(np.zeros((2, 3, 3)), MASK)
    with pytest.raises(ValueError, match="finite"):
        metric(np.full((1, 3, 3), np.nan), MASK)
    with pytest.raises(ValueError, match="must hold a pixel"):
        metric(np.ones((1, 3, 3)), np.zeros((1, 3, 3), dtype=bool))


@pytest.mark.parametrize("dtype", ["uint8", "uint64", "int8", "int64", "float32"])
def test_boxes_of_any_numbers(dtype):
    """Apart along one axis, apart along both, and one pixel of seven shared."""
    boxes = np.array([[0, 0, 10, 10], [0, 0, 2, 2], [1, 1, 3, 3]], dtype=dtype)
    truth = np.array([[20, 0, 30, 10], [5, 5, 8, 8], [0, 0, 2, 2]], dtype=dtype)
    np.testing.assert_allclose(box_overlap(boxes, truth), [0, 0, 1 / 7])
