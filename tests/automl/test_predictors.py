"""What holds for the predictor of every tool; AutoGluon's and pytabkit's in their own environments."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from support.model_scores import probabilities

from agop_tabular import automl
from agop_tabular.datasets import fetch_adult

pytestmark = pytest.mark.filterwarnings("ignore")


def net(seed=0, **params):
    return automl.TabularMLPClassifier((16,), max_epochs=3, lr=1e-2, random_state=seed, **params)


GRID = {"lr": [1e-3, 1e-2]}
MEMBERS = [("a", net()), ("b", net(1))]
OF_SKLEARN = {
    "grid": GridSearchCV(net(), GRID, cv=2),
    "randomized": RandomizedSearchCV(net(), GRID, n_iter=2, cv=2, random_state=0),
    "halving": HalvingRandomSearchCV(net(), GRID, cv=2, random_state=0),
    "vote": VotingClassifier(MEMBERS, voting="soft"),
    "stack": StackingClassifier(MEMBERS, LogisticRegression(), cv=2),
    "bag": BaggingClassifier(net(), 2, random_state=0),
    "calibrated": CalibratedClassifierCV(net(), cv=2),
}


def of_sklearn(name):
    return lambda X, y, path: clone(OF_SKLEARN[name]).fit(X, y)


def flaml(X, y, path):
    search = pytest.importorskip("flaml").AutoML()
    search.add_learner("tabular_mlp", automl.flaml_learner)
    search.fit(X, y, task="classification", estimator_list=["tabular_mlp"], max_iter=1, time_budget=60, verbose=0)
    return search


def optuna(X, y, path):
    package = pytest.importorskip("optuna")
    package.logging.set_verbosity(package.logging.ERROR)

    def build(trial):
        return net(dropout=trial.suggest_float("dropout", 0.0, 0.5))

    study = package.create_study(direction="maximize", sampler=package.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: build(trial).fit(X[:-100], y[:-100]).score(X[-100:], y[-100:]), n_trials=2)
    return build(study.best_trial).fit(X, y)


def autogluon(X, y, path):
    package = pytest.importorskip("autogluon.tabular")
    predictor = package.TabularPredictor("class", path=str(path), verbosity=0)
    return predictor.fit(X.assign(**{"class": y}), hyperparameters={"NN_TORCH": {"num_epochs": 3}}, time_limit=120)


def pytabkit(X, y, path):
    package = pytest.importorskip("pytabkit")
    return package.RealMLP_TD_Classifier(device="cpu", n_epochs=2, random_state=0).fit(X, y)


TOOLS = {name: of_sklearn(name) for name in OF_SKLEARN} | {
    tool.__name__: tool for tool in (flaml, optuna, autogluon, pytabkit)
}


def explained(predictor, X):
    explainer = automl.fit_explainer(predictor, X, surrogate="never", max_samples=300, random_state=0)
    assert explainer.about_["by"] == "gradient"
    return explainer


@pytest.fixture(scope="module")
def adult():
    """Training rows, labels, and rows with missing values and a category that none of them has."""
    table = fetch_adult()
    X = table.data.assign(constant=1.0)[["sex", "constant", *table.data.columns.drop("sex")]]
    rows = X[40_000:40_200].copy()
    place = rows.columns.get_loc("workclass")
    rows["workclass"] = rows["workclass"].astype(object)
    rows.iloc[0, place], rows.iloc[1, place] = np.nan, "never seen"
    rows.iloc[2, rows.columns.get_loc("age")] = np.nan
    train = X[:1200].copy()
    train.iloc[::9, train.columns.get_loc("age")] = np.nan
    return train, np.asarray(table.target[:1200], dtype=object), rows


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool != "bag"])  # whose members get arrays
def test_adult(tool, adult, tmp_path):
    X, y, rows = adult
    if tool == "pytabkit":  # it takes no missing numbers
        X, rows = X.fillna({"age": 40}), rows.fillna({"age": 40})
    predictor = TOOLS[tool](X, y, tmp_path / "predictor")
    before = np.asarray(predictor.predict_proba(rows))
    explainer = explained(predictor, X)
    assert_allclose(probabilities(explainer, rows), before, atol=1e-5)

    explanation = explainer(rows)
    attributions = explanation.to_frame()
    assert attributions.columns.tolist() == rows.columns.tolist()
    assert (attributions["constant"] == 0).all(), "no tool uses it"
    assert (attributions.drop(columns="constant").abs().sum() > 0).all()
    assert_array_equal(explanation.target, np.asarray(predictor.predict(rows)))

    assert_array_equal(np.asarray(predictor.predict_proba(rows)), before)
    for twin in (pickle.loads(pickle.dumps(predictor)), copy.deepcopy(predictor)):
        assert_allclose(np.asarray(twin.predict_proba(rows)), before, atol=1e-6)
        assert_allclose(explained(twin, X).explain(rows).to_numpy(), explanation.values, rtol=1e-4, atol=1e-5)
    again = pickle.loads(pickle.dumps(explainer))
    assert_allclose(again.explain(rows).to_numpy(), explanation.values, rtol=1e-5, atol=1e-6)
    assert again.about_ == explainer.about_


@pytest.mark.parametrize("tool", [*OF_SKLEARN, "optuna", "pytabkit"])
def test_clones_after_explaining(tool, adult, tmp_path):
    """A clone is not fitted, is fitted anew to the same, and an explainer's clone explains it."""
    X, y, rows = adult
    X, y = X[:300].select_dtypes("number").fillna(40), y[:300]
    rows = rows[X.columns].fillna(40)
    predictor = TOOLS[tool](X, y, tmp_path / "predictor")
    explainer = explained(predictor, X)
    attributions = explainer.explain(rows)
    twin = clone(predictor).fit(X, y)
    assert_allclose(twin.predict_proba(rows), predictor.predict_proba(rows), atol=1e-6)
    again = clone(explainer).set_params(estimator=twin).fit(X)
    assert_allclose(again.explain(rows).to_numpy(), attributions.to_numpy(), rtol=1e-4, atol=1e-5)


LABELS = {
    "text": lambda a: np.where(a > 0, "yes", "no").astype(object),
    "integers": lambda a: np.where(a > 0, 7, 3),
    "booleans": lambda a: a > 0,
    "rare": lambda a: np.where(np.arange(len(a)) < 3, 9, (a > 0) * 1),
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("tool", TOOLS)
def test_labels(tool, labels, tmp_path):
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.randn(300, 3), columns=list("abc"))
    y = LABELS[labels](X["a"].to_numpy())
    predictor = TOOLS[tool](X, y, tmp_path / "predictor")
    explainer = explained(predictor, X)
    known = np.unique(y[3:] if (tool, labels) == ("autogluon", "rare") else y)  # it leaves out classes of so few rows
    assert explainer.classes_.tolist() == known.tolist()
    assert_allclose(probabilities(explainer, X), np.asarray(predictor.predict_proba(X))[:, : len(known)], atol=1e-5)
    explanation = explainer(X)
    assert explanation.values.shape == X.shape
    assert_array_equal(explanation.target, np.asarray(predictor.predict(X)))
    assert_allclose(explainer.explain(X, target=known[0]).shape, X.shape)
