"""scikit-learn's own networks and linear models, converted to torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter

_ACTIVATIONS = {"identity": nn.Identity, "logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


def _linear(weight: np.ndarray, bias: np.ndarray) -> nn.Linear:
    """A Linear layer from a weight (n_in, n_out) and a bias (n_out,), in their own precision."""
    dtype = torch.float32 if weight.dtype == np.float32 else torch.float64
    layer = nn.utils.skip_init(nn.Linear, *weight.shape, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.asarray(weight).T))
        layer.bias.copy_(torch.tensor(np.asarray(bias)))
    return layer


def _mlp(estimator: Any) -> nn.Sequential:
    layers: list[nn.Module] = []
    for weight, bias in zip(estimator.coefs_, estimator.intercepts_, strict=True):
        layers += [_linear(weight, bias), _ACTIVATIONS[estimator.activation]()]
    return nn.Sequential(*layers[:-1])


@adapts("sklearn.MLPClassifier")
def mlp_classifier(estimator: Any) -> Adapter:
    """MLPClassifier; the scores are the input of its softmax or logistic output."""
    if estimator.out_activation_ == "logistic" and estimator.n_outputs_ > 1:
        return Adapter(_mlp(estimator), kind="regressor", independent=True)  # several labels: each stands for itself
    return Adapter(_mlp(estimator), kind="classifier", classes=np.asarray(estimator.classes_))


class Exp(nn.Module):
    """The inverse of a logarithmic link."""

    def forward(self, x: Tensor) -> Tensor:
        """Elementwise exponential."""
        return x.exp()


@adapts("sklearn.MLPRegressor")
def mlp_regressor(estimator: Any) -> Adapter:
    """MLPRegressor with one output or several; the score is its prediction."""
    module = _mlp(estimator)
    return Adapter(module.append(Exp()) if estimator.out_activation_ == "exp" else module, kind="regressor")


def _coefficients(estimator: Any) -> nn.Linear:
    coefficients = estimator.coef_
    weight = np.atleast_2d(coefficients.toarray() if hasattr(coefficients, "toarray") else coefficients).T
    return _linear(weight, np.broadcast_to(np.atleast_1d(estimator.intercept_), weight.shape[1:]))


@adapts("sklearn.LinearClassifierMixin")
def linear_classifier(estimator: Any) -> Adapter:
    """LogisticRegression, LinearSVC, RidgeClassifier, SGDClassifier, …; the scores are the decision function."""
    if getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        return Adapter(_coefficients(estimator), kind="regressor")  # several labels per row
    return Adapter(
        _coefficients(estimator),
        kind="classifier",
        classes=np.asarray(estimator.classes_),
        logits=hasattr(estimator, "predict_proba"),
    )


@adapts("sklearn.LinearModel", "sklearn.LinearSVR", "sklearn.SGDRegressor")
def linear_regressor(estimator: Any) -> Adapter:
    """LinearRegression, Ridge, Lasso, ElasticNet, LinearSVR, …"""
    return Adapter(_coefficients(estimator), kind="regressor")


@adapts("sklearn._GeneralizedLinearRegressor")
def generalized_linear_regressor(estimator: Any) -> Adapter:
    """PoissonRegressor, GammaRegressor, TweedieRegressor; the score is the prediction, behind the link."""
    linear = _coefficients(estimator)
    logarithmic = type(estimator._base_loss.link).__name__ == "LogLink"
    return Adapter(nn.Sequential(linear, Exp()) if logarithmic else linear, kind="regressor")
