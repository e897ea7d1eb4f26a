"""Exact Shapley values of products of functions, against enumeration."""

import pickle

import numpy as np
import pytest
from support.task_shapley import FUNCTIONS, enumerated

from agop_tabular.datasets import (
    Term,
    Truth,
    make_sparse_nonlinear,
)


@pytest.mark.parametrize("n_factors", [1, 2, 3, 4])
def test_products_of_many_factors(n_factors):
    rng = np.random.default_rng(0)
    factors = tuple((j, FUNCTIONS[(3 * j + n_factors) % len(FUNCTIONS)]) for j in range(n_factors))
    truth = Truth.of([Term(factors, rng.standard_normal(2))], 5, 2)
    X = rng.standard_normal((3, 5))
    for i in range(3):
        expected = enumerated(truth, X[i], 1, contrast=False)
        np.testing.assert_allclose(truth.attributions(X[i : i + 1], 1)[0], expected, atol=1e-10)


def test_a_truth_can_be_pickled():
    X, y, truth = make_sparse_nonlinear(n_samples=20, random_state=0)
    twin = pickle.loads(pickle.dumps(truth))
    np.testing.assert_array_equal(twin.attributions(X, y), truth.attributions(X, y))
