"""Check whether an estimator is fitted, including every step of a Pipeline, and fit it if it is not."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import nn

from agop_tabular.models.pipeline_steps import steps_of_predict


def is_fitted(estimator: Any) -> bool:
    """Whether an estimator can be explained without fitting it.

    ``check_is_fitted`` looks at the last step of a Pipeline only; this looks at all. An initialized skorch net counts
    as fitted, and a torch module always does. A step in front of the last one that is not scikit-learn's own also
    counts as fitted if it has nothing to fit.
    """
    if isinstance(estimator, nn.Module):
        return True
    if isinstance(estimator, FrozenEstimator):
        return is_fitted(estimator.estimator)
    if isinstance(estimator, Pipeline):
        return is_fitted(estimator.steps[-1][1]) and all(_is_ready(step) for step in steps_of_predict(estimator))
    if isinstance(getattr(estimator, "is_fit", None), bool):  # AutoGluon's predictors
        return bool(estimator.is_fit)
    if isinstance(getattr(estimator, "initialized_", None), bool):  # skorch, whose versions answer the check variously
        return bool(estimator.initialized_)
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):
        return False
    except AttributeError:  # an estimator without scikit-learn's tags, such as xRFM
        return not _is_stateless(estimator)
    return True


def _is_ready(step: Any) -> bool:
    if is_fitted(step):
        return True
    return _is_stateless(step) and not type(step).__module__.startswith("sklearn.")


def _is_stateless(estimator: Any) -> bool:
    """Whether an estimator has no attribute with a trailing underscore, as ``fit`` sets them."""
    return not any(name.endswith("_") and not name.startswith("__") for name in vars(estimator))


def fitted_estimator(estimator: Any, X: Any, y: Any, prefit: bool | str, fit_params: dict[str, Any]) -> Any:
    """The estimator as it is, or a fitted clone of it.

    Parameters
    ----------
    estimator : object
    X : ndarray or DataFrame of shape (n, d), or None
        None for rows that an estimator cannot be trained on, those of a dask table.
    y : array-like of shape (n,) or None
    prefit : bool or "auto"
        "auto" uses a fitted estimator as it is and fits a clone of an unfitted one; True demands a fitted one; False
        always fits a clone.
    fit_params : dict
        Passed to the estimator's ``fit``; none where it is used as it is.

    Raises
    ------
    NotFittedError, ValueError
        Where a fitted estimator is needed, or it cannot be fitted, or ``fit_params`` would have no effect.
    """
    fitted, name = is_fitted(estimator), type(estimator).__name__
    if X is None and not (fitted and prefit):
        raise NotFittedError(
            f"A dask table can be explained, but {name} cannot be trained on it here: fit the estimator first, and "
            "leave prefit as it is."
        )
    if prefit != "auto" and prefit and not fitted:
        raise NotFittedError(f"prefit=True, but {name} is not fitted; fit it, or set prefit='auto'.")
    if fitted and (prefit == "auto" or prefit):
        if fit_params:
            raise ValueError(
                f"{', '.join(fit_params)} would have no effect: it is for the estimator's fit, and {name} is fitted "
                "already; leave it out, or set prefit=False to fit a clone."
            )
        return estimator
    if isinstance(estimator, nn.Module):
        raise ValueError("prefit=False, but a bare torch module cannot be fitted; wrap it in a skorch net.")
    if y is None:
        raise ValueError(
            f"This explainer requires y to be passed, but the target y is None: its estimator ({name}) is not fitted; "
            "fit it first, or pass y. Cloning, as in GridSearchCV or cross_val_score, "
            "loses the weights of a fitted net; to keep them, give sklearn.frozen.FrozenEstimator(net)."
        )
    return clone(estimator).fit(X, y, **fit_params)
