"""Correlated Gaussian rows: conditional Shapley values against enumeration with sampled expectations."""

import itertools
import math

import numpy as np
import pytest

from agop_tabular.datasets import make_gaussian_linear


def enumerated(truth, x, target):
    """All subsets of all features; expectations from the textbook formula of a conditional Gaussian."""
    d, sigma, w = truth.n_features, truth.covariance, truth.weights[:, target]

    def value(present):
        absent = [j for j in range(d) if j not in present]
        total = sum(w[j] * x[j] for j in present)
        if absent and truth.conditional and present:
            s = list(present)
            mean = sigma[np.ix_(absent, s)] @ np.linalg.inv(sigma[np.ix_(s, s)]) @ x[s]
            total += w[absent] @ mean
        return total

    phi = np.zeros(d)
    for j in range(d):
        others = [k for k in range(d) if k != j]
        for size in range(d):
            weight = math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)
            for s in itertools.combinations(others, size):
                phi[j] += weight * (value((*s, j)) - value(s))
    return phi


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("correlation", [0.0, 0.8, -0.2])
def test_equals_enumeration(conditional, correlation):
    X, y, truth = make_gaussian_linear(
        5, n_features=7, n_informative=3, block_size=4, correlation=correlation, conditional=conditional, random_state=1
    )
    for c in range(3):
        expected = [enumerated(truth, x, c) for x in X]
        np.testing.assert_allclose(truth.attributions(X, c), expected, atol=1e-10)
    mixed = truth.attributions(X, y)
    np.testing.assert_allclose(mixed, np.stack([truth.attributions(X, c)[i] for i, c in enumerate(y)]))


def test_adds_up_and_contrast_is_centred():
    X, y, truth = make_gaussian_linear(50, random_state=0, correlation=0.9)
    np.testing.assert_allclose(truth.attributions(X, 1).sum(1), truth.scores(X)[:, 1])
    total = sum(truth.attributions(X, c, contrast=True) for c in range(3))
    np.testing.assert_allclose(total, 0, atol=1e-12)


def test_informative_through_others_only_where_conditional():
    for conditional in (True, False):
        _, _, truth = make_gaussian_linear(
            10, n_informative=1, random_state=3, correlation=0.5, block_size=5, conditional=conditional
        )
        assert len(truth.informative) == (5 if conditional else 1)
        assert truth.relevant(np.zeros((2, 20))).sum() == 2


def test_rows_have_the_covariance():
    X, y, truth = make_gaussian_linear(200_000, n_features=7, block_size=4, random_state=0, correlation=0.6)
    np.testing.assert_allclose(np.cov(X.T), truth.covariance, atol=0.02)
    assert set(y) == {0, 1, 2}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"correlation": 1.0}, "between -0.25 and 1"),
        ({"correlation": -0.5}, "between -0.25 and 1"),
        ({"block_size": 13}, "between 1 and 12"),
        ({"n_informative": 21}, "between 1 and n_features=20"),
    ],
)
def test_impossible_tasks_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_gaussian_linear(**wrong)
