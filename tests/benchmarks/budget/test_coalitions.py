"""shapiq's samplers on a network's coalitions."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from agop_tabular.baselines import NetworkShapley
from benchmarks.budget import coalitions

pytest.importorskip("shapiq")
D = 5


@pytest.fixture(scope="module")
def linear():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, D))
    model = LogisticRegression().fit(X, (X[:, 0] + X[:, 1] > 0).astype(int))
    return NetworkShapley().fit(model, X, 0), X, model.coef_[0]


@pytest.mark.parametrize("name", ["KernelSHAP, paired", "Leverage SHAP"])
def test_all_coalitions_give_exact_values(linear, name):
    network, X, weights = linear
    game = coalitions.Coalitions(network, network.adapter_.tensor(X[:1]), 1, 10, 3)
    found = coalitions.sampled(name, network, X[:1], np.array([1]), 10 * 2**D, 10, 3)
    scale = found[0, 0] / (weights[0] * (X[0, 0] - X[game.rows, 0].mean()))
    assert scale in (pytest.approx(1), pytest.approx(2)), "a contrast is a difference of two logits, or one"
    np.testing.assert_allclose(found[0], scale * weights * (X[0] - X[game.rows].mean(axis=0)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [*coalitions.SAMPLERS, coalitions.NOISY])
def test_new_background_rows_give_values_against_all_of_them(linear, name):
    network, X, weights = linear
    found = coalitions.sampled(name, network, np.repeat(X[:1], 60, axis=0), np.ones(60, int), 400, coalitions.FRESH, 0)
    error = found.std(axis=0) / 60**0.5
    exact = weights * (X[0] - X.mean(axis=0))
    scale = 2 if abs(found.mean(axis=0) - 2 * exact).sum() < abs(found.mean(axis=0) - exact).sum() else 1
    assert (abs(found.mean(axis=0) - scale * exact) < 5 * error + 1e-6).all()


def test_too_small_a_budget_gives_none(linear):
    network, X, _ = linear
    assert coalitions.sampled("KernelSHAP, paired", network, X[:1], np.array([1]), 60, 10, 0) is None
