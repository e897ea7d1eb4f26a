"""Networks of images as networks of rows, in which each pixel of each channel is a coordinate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from torch import Tensor, nn

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.fitted import is_fitted


def _has(name: str) -> Any:
    return available_if(lambda self: hasattr(self.estimator, name))


class FlatImages(BaseEstimator):
    """A network of images (n, channels, height, width) that takes them as rows (n, channels · height · width).

    With it, all that explains rows explains images, including the baselines.

    Parameters
    ----------
    estimator : skorch net or torch.nn.Module
        Fitted or not.
    shape : tuple of int
        (channels, height, width).
    """

    def __init__(self, estimator: Any, shape: tuple[int, ...]):
        self.estimator = estimator
        self.shape = shape

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any) -> FlatImages:
        """Fit the estimator on the images."""
        self.estimator.fit(self.images(X), y, **fit_params)
        return self

    @_has("predict")
    def predict(self, X: ArrayLike) -> Any:
        """Predictions of the estimator."""
        return self.estimator.predict(self.images(X))

    @_has("predict_proba")
    def predict_proba(self, X: ArrayLike) -> Any:
        """Class probabilities of the estimator."""
        return self.estimator.predict_proba(self.images(X))

    @property
    def classes_(self) -> np.ndarray:
        """Classes of the estimator."""
        classes: np.ndarray = self.estimator.classes_
        return classes

    def images(self, X: ArrayLike) -> np.ndarray:
        """Rows as images."""
        return np.asarray(X).reshape(-1, *self.shape)

    def __sklearn_is_fitted__(self) -> bool:
        return is_fitted(self.estimator)


class ShapedModule(nn.Module):
    """A module of images that takes rows."""

    def __init__(self, module: nn.Module, shape: tuple[int, ...]):
        super().__init__()
        self.module = module
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Any:
        """Output of the module for the images."""
        return self.module(x.reshape(-1, *self.shape))


@adapts("agop_tabular.FlatImages")
def flat_images(estimator: FlatImages) -> Adapter:
    """The network inside, as one of rows."""
    inner = adapt(estimator.estimator)
    if inner.preprocessing:
        raise ValueError(
            f"{type(estimator.estimator).__name__} has steps in front of its network; images are explained at the "
            "network's input, so give the network alone, and images as those steps return them."
        )
    return replace(inner, module=ShapedModule(inner.module, estimator.shape))
