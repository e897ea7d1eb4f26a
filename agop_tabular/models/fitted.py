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
    skorch net counts as fitted, a bare torch module always does, and so does a step in front of a fitted model that is
    not scikit-learn's own and has nothing to fit.
    """
    if isinstance(estimator, nn.Module):
        return True
    if isinstance(estimator, FrozenEstimator):
        return is_fitted(estimator.estimator)
    if isinstance(estimator, Pipeline):
        *before, (_, last) = estimator.steps
        return is_fitted(last) and all(_is_ready(step) for _, step in before)
    if isinstance(getattr(estimator, "is_fit", None), bool):  # AutoGluon's predictors
        return bool(estimator.is_fit)
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):
        return False
    except AttributeError:  # an estimator without scikit-learn's tags, as xRFM
        return not _is_stateless(estimator)
    return True


def _is_ready(step: Any) -> bool:
    if step is None or isinstance(step, str) or is_fitted(step):
        return True
    return _is_stateless(step) and not type(step).__module__.startswith("sklearn.")


def _is_stateless(estimator: Any) -> bool:
    """Whether it has no attribute that ends in an underscore, as those do that fit sets."""
    return not any(name.endswith("_") and not name.startswith("__") for name in vars(estimator))
