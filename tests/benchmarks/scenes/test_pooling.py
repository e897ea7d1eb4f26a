"""Rules of pooling channels, by hand."""

import numpy as np
import pytest

from benchmarks.scenes.pooling import ORDERS, POOLINGS, USUAL

TWO_PIXELS = np.array([[[[3.0, -1.0]], [[-4.0, -2.0]], [[0.0, 2.0]]]])
"""One image of two pixels: their channels are (3, -4, 0) and (-1, -2, 2)."""

BY_HAND = {"|sum|": [1, 1], "sum > 0": [0, 0], "max": [4, 2], "l1": [7, 5], "l2": [5, 3], "l2²": [25, 9]}


@pytest.mark.parametrize("rule", POOLINGS)
def test_by_hand(rule):
    np.testing.assert_allclose(POOLINGS[rule](TWO_PIXELS), [[BY_HAND[rule]]])


def test_the_sum_that_is_kept_is_positive():
    np.testing.assert_allclose(POOLINGS["sum > 0"](-TWO_PIXELS), [[[1, 1]]])


def test_rules_agree_on_maps_without_channels():
    one = np.abs(np.random.RandomState(0).randn(2, 1, 4, 4))
    for rule in POOLINGS:
        np.testing.assert_allclose(POOLINGS[rule](one), one[:, 0] ** (2 if rule == "l2²" else 1))
    assert USUAL in POOLINGS


def test_a_square_has_the_order_of_its_root():
    values = np.random.RandomState(0).randn(1, 3, 5, 5)
    orders = {rule: tuple(np.argsort(pooled(values), axis=None)) for rule, pooled in POOLINGS.items()}
    assert orders["l2"] == orders["l2²"]
    assert len({orders[rule] for rule in ORDERS}) == len(ORDERS) == 5
