"""flaml.AutoML: its preprocessing, then its best estimator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter


class FlamlRows(TransformerMixin, BaseEstimator):
    """FLAML's own preprocessing in front of its best model.

    Parameters
    ----------
    automl : flaml.AutoML
        Fitted.
    """

    def __init__(self, automl: Any):
        self.automl = automl

    def fit(self, X: Any, y: Any = None) -> Any:
        """Do nothing: there is nothing to fit."""
        return self

    def transform(self, X: Any) -> Any:
        """Input of the best model."""
        rows = self.automl._state.task.preprocess(X, self.automl._transformer)
        return self.automl.model._preprocess(rows) if hasattr(self.automl.model, "_preprocess") else rows

    def __sklearn_is_fitted__(self) -> bool:
        return True


@adapts("flaml.AutoML")
def flaml_automl(automl: Any) -> Adapter:
    """The best estimator of a FLAML run, with the labels that the user gave."""
    if automl.model is None:
        raise ValueError("This flaml.AutoML has no model; call its fit with a larger time_budget.")
    inner = adapt(automl.model.estimator)
    classes = inner.classes if inner.classes is None else np.asarray(automl.classes_)
    return replace(inner, preprocessing=(FlamlRows(automl), *inner.preprocessing), classes=classes)
