"""scikit-learn's networks and linear models, converted exactly: the scores are their own."""

import numpy as np
import pytest
import torch
from sklearn import linear_model as lm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC, LinearSVR

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt


@pytest.fixture
def X(rng):
    return rng.standard_normal((150, 4))


@pytest.fixture
def y(X):
    return np.array(["a", "b", "c"])[np.digitize(X[:, 0] + 0.3 * X[:, 1] ** 2, [-0.5, 0.8])]


def scores(model, X):
    adapter = adapt(model)
    x = adapter.tensor(X)
    adapter.confirm(x)
    return adapter, adapter.scores(x).detach().numpy()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_mlp_classifier(X, y, activation, n_classes, dtype):
    y = y if n_classes == 3 else y == "a"
    X = X.astype(dtype)
    model = MLPClassifier((7, 5), activation=activation, max_iter=30, random_state=0).fit(X, y)
    adapter, s = scores(model, X)
    assert adapter.dtype == getattr(torch, dtype)
    p = np.exp(s - s.max(1, keepdims=True)) if n_classes == 3 else 1 / (1 + np.exp(-s))
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(p / p.sum(1, keepdims=True), model.predict_proba(X), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(adapter.classes[adapter.predicted(torch.tensor(s))], model.predict(X))


LOSSES = {"squared_error": {}, "poisson": {"loss": "poisson"}}
if "loss" not in MLPRegressor().get_params():  # scikit-learn before 1.7
    del LOSSES["poisson"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_mlp_regressor(X, loss, n_outputs):
    target = np.abs(X[:, :n_outputs]) if n_outputs > 1 else np.abs(X[:, 0])
    model = MLPRegressor(hidden_layer_sizes=(7,), max_iter=30, random_state=0, **LOSSES[loss]).fit(X, target)
    _, s = scores(model, X)
    np.testing.assert_allclose(s, model.predict(X).reshape(150, -1), rtol=1e-10)


@pytest.mark.parametrize(
    "model",
    [
        *(lm.LinearRegression(), lm.Ridge(), lm.Lasso(0.01), lm.ElasticNet(0.01), lm.HuberRegressor()),
        *(lm.SGDRegressor(random_state=0), lm.BayesianRidge(), LinearSVR(), lm.Ridge(fit_intercept=False)),
        *(lm.PoissonRegressor(), lm.GammaRegressor(), lm.TweedieRegressor(power=0)),
    ],
    ids=repr,
)
def test_linear_regressors(X, model):
    model.fit(X, np.exp(X @ [0.1, -0.2, 0, 0.3]))
    _, s = scores(model, X)
    np.testing.assert_allclose(s[:, 0], model.predict(X), rtol=1e-10)


@pytest.mark.parametrize(
    "model",
    [
        *(lm.LogisticRegression(), lm.RidgeClassifier(), lm.SGDClassifier(random_state=0), lm.Perceptron()),
        *(LinearSVC(), LinearDiscriminantAnalysis()),
    ],
    ids=repr,
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_classifiers(X, y, model, n_classes):
    model.fit(X, y if n_classes == 3 else y == "a")
    adapter, s = scores(model, X)
    np.testing.assert_allclose(s if n_classes == 3 else s[:, 1], model.decision_function(X), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(AGOPExplainer(model).fit(X)(X).target, model.predict(X))


def test_several_labels_a_row(X):
    model = MLPClassifier((5,), max_iter=20, random_state=0).fit(X, X[:, :3] > 0)
    explainer = AGOPExplainer(model).fit(X)
    assert explainer.explain(X, target=2).shape == (150, 4)
    with pytest.raises(ValueError, match="no predicted class"):
        explainer.explain(X)
