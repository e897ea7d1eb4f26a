"""Whether an estimator is fitted, every step of it."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import nn


def is_fitted(estimator: Any) -> bool:
    """Whether an estimator can be explained as it is.

    Unlike ``check_is_fitted``, which asks a Pipeline for its last step only, this asks every step. An initialized
    skorch net counts as fitted, a bare torch module always does.
    """
    if isinstance(estimator, nn.Module):
        return True
    if isinstance(estimator, FrozenEstimator):
        return is_fitted(estimator.estimator)
    if isinstance(estimator, Pipeline):
        return all(step in (None, "passthrough") or is_fitted(step) for _, step in estimator.steps)
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):
        return False
    return True
