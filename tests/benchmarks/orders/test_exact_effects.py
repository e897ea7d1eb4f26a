"""Exact effects against Shapley values from every coalition."""

import itertools
from math import factorial

import numpy as np
import pytest

from benchmarks.orders.exact_effects import coalitions_up_to, shapley_values_by_order, with_rest

D = 4


def game(present):
    """A main effect, a product of two columns and one of three."""
    z = np.asarray(present, dtype=float)
    return 3 + z[:, 0] - 2 * z[:, 1] * z[:, 2] + 5 * z[:, 0] * z[:, 1] * z[:, 3]


def brute_force():
    out = np.zeros(D)
    for j in range(D):
        others = [k for k in range(D) if k != j]
        for size in range(D):
            weight = factorial(size) * factorial(D - 1 - size) / factorial(D)
            for columns in itertools.combinations(others, size):
                without = np.isin(np.arange(D), columns)
                out[j] += weight * (game([without | (np.arange(D) == j)]) - game([without]))[0]
    return out


def test_effects_of_all_orders_are_the_shapley_values():
    found = shapley_values_by_order(game, D, 3)
    np.testing.assert_allclose(found[2], brute_force())
    np.testing.assert_allclose(found[1], [1, -1, -1, 0])
    np.testing.assert_allclose(found[0], [1, 0, 0, 0])


def test_numbers_of_coalitions():
    assert [coalitions_up_to(D, k) for k in range(5)] == [1, 5, 11, 15, 16]


@pytest.mark.parametrize(
    ("values", "expected"), [([1.0, -3.0, 0.0], [2.0, 0.0, 0.0]), ([0.0, 0.0, 0.0], [2 / 3, 2 / 3, 2 / 3])]
)
def test_the_rest_is_shared_by_size(values, expected):
    np.testing.assert_allclose(with_rest(np.array(values), 2.0), expected)
