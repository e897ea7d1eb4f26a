"""Whether an estimator is fitted, in every step, and which one is explained."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from support.nets import MLP

from agop_tabular.models.fitted import fitted_estimator, is_fitted


class Identity(TransformerMixin, BaseEstimator):
    """Has nothing to fit."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


@pytest.fixture
def y(X):
    return (X[:, 0] > 1).astype(int)


def test_every_step_counts(X, y):
    scaler, model = StandardScaler().fit(X), LogisticRegression().fit(X, y)
    assert is_fitted(make_pipeline(scaler, "passthrough", None, Identity(), model))
    assert not is_fitted(make_pipeline(StandardScaler(), model))
    assert not is_fitted(make_pipeline(scaler, LogisticRegression()))
    assert is_fitted(FrozenEstimator(model))
    assert not is_fitted(FrozenEstimator(LogisticRegression()))


def test_networks(net):
    assert is_fitted(MLP(6, 3))
    assert is_fitted(net)
    assert is_fitted(NeuralNetClassifier(MLP, module__n_in=6).initialize())
    assert not is_fitted(NeuralNetClassifier(MLP, module__n_in=6))


def test_which_estimator_is_explained(X, y):
    model = LogisticRegression().fit(X, y)
    assert fitted_estimator(model, X, None, "auto", {}) is model
    assert fitted_estimator(model, None, None, True, {}) is model
    again = fitted_estimator(model, X, 1 - y, False, {"sample_weight": np.ones(200)})
    assert again is not model
    np.testing.assert_allclose(again.coef_, -model.coef_, rtol=1e-2, atol=1e-3)
    for X_or_none, y_or_none, prefit, error in (
        (X, y, True, NotFittedError),
        (X, None, "auto", ValueError),
        (None, y, "auto", NotFittedError),
    ):
        with pytest.raises(error, match="not fitted|cannot be trained"):
            fitted_estimator(LogisticRegression(), X_or_none, y_or_none, prefit, {})


@pytest.mark.parametrize("prefit", ["auto", True])
def test_parameters_for_a_fit_that_does_not_happen(X, y, prefit):
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="sample_weight would have no effect.*LogisticRegression is fitted already"):
        fitted_estimator(model, X, y, prefit, {"sample_weight": np.ones(200)})


def test_an_unfitted_estimator_without_y(X):
    """The same sentence for every explainer; its middle is what scikit-learn's check looks for."""
    with pytest.raises(
        ValueError, match="^This explainer requires y to be passed, but the target y is None"
    ) as refused:
        fitted_estimator(LogisticRegression(), X, None, "auto", {})
    assert "LogisticRegression) is not fitted" in str(refused.value)
    assert "AGOP" not in str(refused.value)


def test_samplers_need_no_fitting():
    make = pytest.importorskip("imblearn.pipeline").make_pipeline
    over = pytest.importorskip("imblearn.over_sampling").RandomOverSampler()
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    assert is_fitted(make(over, LogisticRegression().fit(X, y)))
    assert not is_fitted(make(over, LogisticRegression()))
