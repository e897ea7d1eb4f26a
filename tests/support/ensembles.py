"""Small models for ensembles, data for them, and what holds for every ensemble."""

import copy
import pickle

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose
from sklearn.datasets import make_classification
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley
from agop_tabular.evaluation import cosine
from support.model_scores import coordinates, probabilities, scores


def mlp(seed=0):
    return make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=60, random_state=seed))


MEMBERS = [
    ("a", mlp()),
    ("b", make_pipeline(MinMaxScaler(), LogisticRegression())),
    ("c", MLPClassifier((8,), max_iter=60, random_state=2)),
]


def regressor():
    return make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), max_iter=200, random_state=0))


REGRESSORS = [("a", regressor()), ("b", LinearRegression())]


def data(n_classes):
    return make_classification(400, 6, n_informative=5, n_redundant=0, n_classes=n_classes, random_state=0)


def frame(n=500):
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"a": rng.randn(n), "b": 5 + 2 * rng.randn(n), "c": rng.choice(["x", "y", "z"], n)})
    return X, ((X["a"] > 0) ^ (X["c"] == "x")).astype(int).to_numpy()


def check_probabilities(model, n_classes):
    """The network's probabilities are the ensemble's own, and coordinates that members share are kept once."""
    X, y = data(n_classes)
    model = copy.deepcopy(model).fit(X, np.array(["no", "perhaps", "yes"])[y])
    explainer = AGOPExplainer(model, method="agop-ixg").fit(X)
    assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-9)
    assert explainer.classes_.tolist() == model.classes_.tolist()
    assert coordinates(explainer, X).shape[1] == 6, "members read the same six columns"
    explanation = explainer(X[:20])
    assert explanation.target.tolist() == model.predict(X[:20]).tolist()


def check_near_shapley_values(model):
    """Attributions are near the ensemble's own Shapley values, and add up."""
    X, y = data(3)
    model = copy.deepcopy(model).fit(X, y)
    explanation = AGOPExplainer(model).fit(X)(X[:15])
    own = NetworkShapley(n_permutations=200)(model, X[:15], "all", X, 0)
    own = (own - own.mean(axis=2, keepdims=True))[np.arange(15), :, explanation.target]
    assert cosine(explanation.values, own).mean() > 0.97
    assert np.abs(explanation.gap).max() < 1e-4


def check_regressor(model):
    """The network's score is the ensemble's prediction, and attributions add up to it."""
    X, _ = data(2)
    y = X[:, 0] * X[:, 1] + X[:, 2]
    model.fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    assert_allclose(scores(explainer, X)[:, 0], model.predict(X), atol=1e-9)
    explanation = explainer(X)
    assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, model.predict(X), atol=1e-4)


def check_kept(model, tmp_path):
    """A saved explainer and copies of it give the same attributions, and the ensemble is unchanged."""
    X, y = data(2)
    model = copy.deepcopy(model).fit(X, y)
    before = model.predict_proba(X)
    explainer = AGOPExplainer(model).fit(X)
    explainer.save(tmp_path / "ensemble.agop")
    again = AGOPExplainer.load(tmp_path / "ensemble.agop", model)
    assert_allclose(again.explain(X), explainer.explain(X), rtol=1e-6, atol=1e-9)
    for twin in (copy.deepcopy(explainer), pickle.loads(pickle.dumps(explainer))):
        assert_allclose(twin.explain(X), explainer.explain(X))
    assert_allclose(model.predict_proba(X), before)
