"""refine= in the explainer: what users may do with it."""

import pickle

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((800, 5))
    y = np.digitize(X[:, 0] * X[:, 1] * np.sign(X[:, 2]) + X[:, 3], [-0.5, 0.5])
    return MLPClassifier((64, 32), random_state=0, max_iter=300, early_stopping=True).fit(X, y), X


def test_nears_the_networks_own_shapley_values(trained):
    model, X = trained
    rows = X[:40]
    every = NetworkShapley(n_permutations=4000)(model, rows, "all", X, 0)
    own = every[:, :, 1] - every[:, :, [0, 2]].mean(axis=2)  # three classes, in contrast
    found = {k: AGOPExplainer(model, refine=k).fit(X)(rows, 1) for k in (0, 8, 200)}
    error = {k: np.linalg.norm(e.values - own) / np.linalg.norm(own) for k, e in found.items()}
    few = [AGOPExplainer(model, refine=8, random_state=seed).fit(X)(rows, 1).values for seed in (0, 1, 2)]
    error[8] = np.mean([np.linalg.norm(values - own) / np.linalg.norm(own) for values in few])  # a few draws vary
    assert error[200] < 0.5 * error[0]
    assert error[8] < 1.1 * error[0]
    assert found[0].standard_errors is None
    assert (np.abs(found[200].values - own) < 3 * found[200].standard_errors + 0.02).mean() > 0.95
    assert np.abs(found[200].gap).max() < 1e-5
    assert found[200][:3].standard_errors.shape == (3, 5)


def test_the_same_for_every_target_and_batch(trained):
    model, X = trained
    explainer = AGOPExplainer(model, refine=3).fit(X)
    rows = X[:70]
    every = explainer.explain(rows, "all")
    one = explainer.explain(rows, 2)
    np.testing.assert_allclose(every[:, :, 2], one, atol=1e-6)
    np.testing.assert_array_equal(explainer.explain(rows, 2), one)
    np.testing.assert_allclose(explainer.explain(rows[::-1], 2)[::-1], one, atol=1e-6)
    np.testing.assert_allclose(explainer.explain(rows[:1], 2), one[:1], atol=1e-6)
    np.testing.assert_array_equal(explainer(rows, 2).values, one)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(explainer)).explain(rows, 2), one)
    assert explainer(rows, "all").standard_errors.shape == every.shape


def test_in_parts(trained):
    model, X = trained
    parts = AGOPExplainer(model, refine=100).partial_fit(X[:300]).partial_fit(X[300:])
    assert len(parts.statistics_.background) == 800
    whole = AGOPExplainer(model, refine=100).fit(X)
    own, error = whole(X[:30], 1), np.linalg.norm
    assert error(parts.explain(X[:30], 1) - own.values) < 0.1 * error(own.values)


def test_refusals(trained, tmp_path):
    model, X = trained
    for refine in (-1, 2.5, "3"):
        with pytest.raises(ValueError, match="refine="):
            AGOPExplainer(model, refine=refine).fit(X)
    with pytest.raises(ValueError, match="refine="):
        AGOPExplainer(model, method="ixg", refine=2).fit(X)
    explainer = AGOPExplainer(model).fit(X)
    with pytest.raises(ValueError, match="refine="):
        explainer.set_params(refine=-1).explain(X[:2])
    explainer.set_params(refine=2).save(tmp_path / "e.agop")
    again = AGOPExplainer.load(tmp_path / "e.agop", model)
    with pytest.raises(ValueError, match="does not hold"):
        again.explain(X[:2])
    assert again.set_params(refine=0).explain(X[:2]).shape == (2, 5)
    with pytest.raises(ValueError, match="begin anew"):
        AGOPExplainer(model, method="ixg").partial_fit(X).set_params(method="agop").partial_fit(X)
