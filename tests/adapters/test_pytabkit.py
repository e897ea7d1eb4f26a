"""pytabkit, in an environment of its own: ``make test-pytabkit``."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from support.model_scores import probabilities
from support.pages import run

pytest.importorskip("pytabkit")

from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor, RealMLP_TD_S_Classifier, XGB_TD_Classifier

from agop_tabular import AGOPExplainer, automl
from agop_tabular.baselines import NetworkShapley
from agop_tabular.datasets import fetch_adult
from agop_tabular.evaluation import cosine

pytestmark = pytest.mark.filterwarnings("ignore")
FAST = {"device": "cpu", "n_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def adult():
    table = fetch_adult()
    X = table.data.assign(constant=1.0, when=pd.Timestamp("2026-01-01"))
    rows = X[40_000:40_200].copy()
    rows["workclass"] = rows["workclass"].astype(object)
    rows.iloc[0, rows.columns.get_loc("workclass")] = np.nan
    rows.iloc[1, rows.columns.get_loc("workclass")] = "never seen"
    return X[:3000], np.asarray(table.target[:3000], dtype=object), rows


@pytest.mark.parametrize(
    "model",
    [
        RealMLP_TD_Classifier(**FAST),
        RealMLP_TD_Classifier(**FAST, n_cv=2),
        RealMLP_TD_Classifier(**FAST, n_cv=2, n_refit=1),
        RealMLP_TD_Classifier(**FAST, n_ens=2),
        RealMLP_TD_S_Classifier(**FAST),
    ],
    ids=["one", "bag", "refit", "ensemble", "simple"],
)
def test_a_classifier_of_mixed_columns(model, adult):
    X, y, rows = adult
    model.fit(X, y)
    before = model.predict_proba(rows)
    explainer = automl.fit_explainer(model, X, surrogate="never")
    assert explainer.about_["by"] == "gradient"
    assert_allclose(probabilities(explainer, rows), before, atol=1e-5)
    explanation = explainer(rows)
    attributions = explanation.to_frame()
    assert attributions.columns.tolist() == rows.columns.tolist()
    assert (attributions[["constant", "when"]] == 0).all(axis=None)
    assert (attributions.drop(columns=["constant", "when"]).abs().sum() > 0).all()
    assert (explanation.target == model.predict(rows)).all()
    assert np.abs(explanation.gap).max() < 1e-3
    assert (model.predict_proba(rows) == before).all()
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_allclose(twin.predict_proba(rows), before, atol=1e-6)


def test_near_its_own_shapley_values(adult):
    X, y, rows = adult
    X, rows = X.drop(columns=["constant", "when"]), rows.drop(columns=["constant", "when"])
    model = RealMLP_TD_Classifier(**FAST).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    explanation = explainer(rows[:20])
    own = NetworkShapley(n_permutations=100)(model, rows[:20], "all", X, 0)
    own = (own - own.mean(axis=2, keepdims=True))[
        np.arange(20), :, np.searchsorted(explainer.classes_, explanation.target)
    ]
    assert cosine(explanation.values, own).mean() > 0.9


@pytest.mark.parametrize("n_cv", [1, 3])
def test_a_regressor_of_an_array(n_cv):
    rng = np.random.RandomState(0)
    X = rng.randn(500, 4)
    y = X[:, 0] * X[:, 1] + X[:, 2]
    model = RealMLP_TD_Regressor(**FAST, n_cv=n_cv).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    assert_allclose(probabilities(explainer, X)[:, 0], model.predict(X), atol=1e-5)
    explanation = explainer(X[:50])
    assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, model.predict(X[:50]), atol=1e-3)


def test_refusals(adult):
    X, y, rows = adult
    trees = XGB_TD_Classifier(device="cpu", n_estimators=5).fit(X, y)
    with pytest.raises(TypeError, match="of pytabkit's models, only RealMLP can"):
        AGOPExplainer(trees).fit(X)
    model = RealMLP_TD_Classifier(**FAST).fit(X, y)
    broken = rows.assign(age=np.nan)
    with pytest.raises(ValueError, match="put an imputer"):
        AGOPExplainer(model).fit(X).explain(broken)
    assert torch.is_grad_enabled()


def test_the_documentations_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("automl.md", "AutoML and searches", "pytabkit")
