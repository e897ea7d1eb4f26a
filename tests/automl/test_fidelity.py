"""How faithful a student is, score by score, and what clipping of its log-odds takes away."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.naive_bayes import GaussianNB

from agop_tabular import automl
from agop_tabular.automl.fidelity import Fidelity, clipped_log_odds, clipping, log_odds, r2_by_score


@pytest.fixture(scope="module")
def rate_and_revenue():
    """A forest of two outputs, of which a student learns the large one and hardly the other."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    Y = np.c_[np.sign(X[:, 0] * X[:, 1] * X[:, 2]), 1000 * X[:, 0]]
    return RandomForestRegressor(20, random_state=0).fit(X, Y), X[:300], X[300:]


def test_an_output_that_was_not_learned_is_refused(rate_and_revenue):
    model, X, rows = rate_and_revenue
    for target in ("all", 0, np.array([1] * 99 + [0])):
        with pytest.raises(ValueError, match="of its output 0 on held-out rows"):
            automl.explain(model, X, rows, target=target)
    with pytest.raises(ValueError, match="of its output 0 on held-out rows"):
        automl.fit_explainer(model, X)


@pytest.mark.filterwarnings("ignore")
def test_the_stated_fidelity_is_that_of_the_explained_output(rate_and_revenue):
    model, X, rows = rate_and_revenue
    explanation = automl.explain(model, X, rows, target=1)
    said, true = explanation.base_values + explanation.values.sum(axis=1) + explanation.gap, model.predict(rows)[:, 1]
    r2 = 1 - ((said - true) ** 2).sum() / ((true - true.mean()) ** 2).sum()
    assert explanation.about["fidelity"]["r2"] == pytest.approx(r2, abs=0.05)
    stated = automl.explain(model, X, rows, target="all", min_fidelity=-1).about["fidelity"]
    assert stated["r2"] < 0.3


def test_a_class_that_was_not_learned_is_refused():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    y = np.where(X[:, 0] > 1, "far", np.where(rng.random(500) > 0.5, "heads", "tails"))
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="of its log-odds of class '(heads|tails)' on held-out rows"):
        automl.explain(forest, X, X[:5])
    assert automl.explain(forest, X, X[:5], target="far", min_fidelity=0.5).about["fidelity"]["r2"] > 0.5


def test_r2_of_each_score():
    truth = np.c_[np.arange(10.0), np.full(10, 7.0), np.arange(10.0)]
    found = np.c_[np.arange(10.0), np.full(10, 7.1), np.full(10, 4.5)]
    assert_allclose(r2_by_score(truth, found), [1, np.nan, 0])
    fidelity = Fidelity([0, 1, 2], False, r2_by_score(truth, found), np.ones(3), 10)
    assert (fidelity.of("all")["r2"], fidelity.of(0)["r2"], fidelity.worst("all")) == (0, 1, "output 2")
    assert fidelity.of(1)["r2"] == 0, "a constant has nothing to explain"
    assert fidelity.worst(1) == "output 1"
    assert fidelity.of([0, 2, 0])["r2"] == 0


def test_clipping():
    p = np.array([1e-6, 1e-4, 0.2, 0.5, 0.9, 1 - 1e-4, 0.3, 0.4, 0.6, 0.7, 0.0, 1.0])
    p = np.c_[1 - p, p]
    assert np.abs(clipped_log_odds(p)).max() == pytest.approx(np.log(999))
    assert_allclose(clipped_log_odds(p[2:5]), log_odds(p[2:5]))
    beyond, r2 = clipping(p)
    own, clipped = log_odds(p[:10]), clipped_log_odds(p[:10])
    assert beyond == 5 / 12
    assert r2 == pytest.approx(1 - ((own - clipped) ** 2).sum() / ((own - own.mean()) ** 2).sum())
    assert clipping(p[10:]) == (1.0, 1.0), "log-odds of 0 and 1 are not finite, clipped or not"


def test_a_predictor_that_is_sure_of_most_rows_is_explained_with_a_warning():
    X = np.random.default_rng(0).normal(size=(500, 3))
    X[:250] += 5
    model = GaussianNB().fit(X, np.arange(500) < 250)
    with pytest.warns(UserWarning, match="clipped at probabilities of 0.001 and 0.999") as raised:
        explanation = automl.explain(model, X, X[:5])
    assert f"{explanation.about['fidelity']['clipped']:.0%} of the held-out rows" in str(raised[0].message)
    assert "clipped" in explanation._repr_html_()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert automl.explain(model, X, X[:5], model_output="probability").unit == "probability"
        boosted = GradientBoostingClassifier(n_estimators=20).fit(X[:, :2], X[:, 0] + X[:, 1] > 5)
        assert automl.explain(boosted, X[:, :2], X[:5, :2]).about["fidelity"]["clipped"] < 0.05
