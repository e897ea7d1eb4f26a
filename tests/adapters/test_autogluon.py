"""AutoGluon, in an environment of its own: ``make test-autogluon``."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from support.model_scores import probabilities
from support.pages import run

pytest.importorskip("autogluon.tabular")

from autogluon.tabular import TabularPredictor

from agop_tabular import AGOPExplainer, automl
from agop_tabular.baselines import NetworkShapley
from agop_tabular.datasets import fetch_adult
from agop_tabular.evaluation import cosine

pytestmark = pytest.mark.filterwarnings("ignore")
NET = {"NN_TORCH": {"num_epochs": 3}}


@pytest.fixture(scope="module")
def adult():
    table = fetch_adult()
    X = table.data.assign(constant=1.0)
    return X[:3000], np.asarray(table.target[:3000], dtype=object), X[40_000:40_200]


def fitted(X, y, path, **params):
    table = X.assign(**{"class": y})
    return TabularPredictor("class", path=str(path), verbosity=0).fit(table, time_limit=120, **params)


def check(predictor, X, rows, tolerance=1e-5):
    rows = rows.copy()
    rows["workclass"] = rows["workclass"].astype(object)
    rows.iloc[0, rows.columns.get_loc("workclass")] = np.nan
    rows.iloc[1, rows.columns.get_loc("workclass")] = "never seen"
    explainer = automl.fit_explainer(predictor, X, surrogate="never")
    assert explainer.about_["by"] == "gradient"
    found = probabilities(explainer, rows)
    assert_allclose(found, predictor.predict_proba(rows).to_numpy(), atol=tolerance)
    attributions = explainer.explain(rows)
    assert attributions.columns.tolist() == rows.columns.tolist()
    assert (attributions["constant"] == 0).all()
    assert (attributions.drop(columns="constant").abs().sum() > 0).all()
    return explainer


def test_a_network(adult, tmp_path):
    X, y, rows = adult
    predictor = fitted(X, y, tmp_path / "m", hyperparameters=NET)
    explainer = check(predictor, X, rows)
    assert explainer.classes_.tolist() == predictor.class_labels
    assert explainer.about_["coverage"] == 1
    explanation = explainer(rows)
    assert (explanation.target == predictor.predict(rows).to_numpy()).all()
    own = NetworkShapley(n_permutations=100)(predictor, rows[:20], "all", X, 0)
    own = (own - own.mean(axis=2, keepdims=True))[
        np.arange(20), :, np.searchsorted(explainer.classes_, explanation.target[:20])
    ]
    assert cosine(explanation.values[:20], own).mean() > 0.9


def test_a_bag_and_another_ensemble(adult, tmp_path):
    X, y, rows = adult
    bag = fitted(X, y, tmp_path / "b", hyperparameters=NET, num_bag_folds=2, num_stack_levels=0)
    check(bag, X, rows)
    two = {"NN_TORCH": [{"num_epochs": 3}, {"num_epochs": 4, "num_layers": 2}]}
    explainer = check(fitted(X, y, tmp_path / "t", hyperparameters=two), X, rows)
    assert explainer.about_["coverage"] == pytest.approx(1)


def test_trees_go_through_a_student(adult, tmp_path):
    X, y, rows = adult
    predictor = fitted(X, y, tmp_path / "g", hyperparameters={"RF": {"n_estimators": 30, "max_depth": 8}})
    with pytest.raises(TypeError, match="0% of its weight is on torch networks"):
        AGOPExplainer(predictor).fit(X)
    explanation = automl.explain(predictor, X, rows, random_state=0)
    assert explanation.about["by"] == "student"
    assert explanation.about["fidelity"]["agreement"] > 0.9


def test_the_documentations_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("automl.md", "AutoML and searches", "AutoGluon")
