"""Methods and tags that a meta-estimator takes over from the estimator that it wraps."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from torch import nn

from agop_tabular.models.fitted import is_fitted


def delegated(name: str, doc: str, *, with_y: bool = False) -> Any:
    """A method that calls the fitted estimator's method of the same name, and exists where that does.

    Parameters
    ----------
    name : str
    doc : str
        Docstring of the method.
    with_y : bool
        Whether it takes labels, too.
    """

    def is_available(self: Any) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    def of_rows(self: Any, X: ArrayLike) -> Any:
        check_is_fitted(self)
        return getattr(self.estimator_, name)(X)

    def of_rows_and_labels(self: Any, X: ArrayLike, y: ArrayLike) -> Any:
        check_is_fitted(self)
        return getattr(self.estimator_, name)(X, y)

    method = of_rows_and_labels if with_y else of_rows
    method.__name__ = method.__qualname__ = name
    method.__doc__ = doc
    return available_if(is_available)(method)


def unchanged_on_error(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a method so that its object has the attributes from before the call again if it raises an error."""

    @wraps(method)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return wrapped


def _estimator_is_fitted(self: Any) -> bool:
    if not is_fitted(self.estimator):
        raise AttributeError("partial_fit needs a fitted estimator: AGOPExplainer does not train it in parts.")
    return True


if_estimator_is_fitted = available_if(_estimator_is_fitted)
"""Decorator of ``partial_fit``, which exists where the estimator is fitted already."""


def delegate_tags(tags: Tags, estimator: Any, prefit: bool | str) -> Tags:
    """Set a meta-estimator's tags from those of the estimator that it wraps, as scikit-learn's RFE does.

    Parameters
    ----------
    tags : Tags
        Changed in place.
    estimator : object
    prefit : bool or "auto"
        Whether the estimator is used as it is.

    Returns
    -------
    Tags
        The same.
    """
    tags.transformer_tags.preserves_dtype = ["float64", "float32"]
    if isinstance(estimator, nn.Module) or not hasattr(estimator, "__sklearn_tags__"):
        return tags
    inner = get_tags(estimator)
    tags.estimator_type = inner.estimator_type
    tags.classifier_tags = deepcopy(inner.classifier_tags)
    tags.regressor_tags = deepcopy(inner.regressor_tags)
    for kind in (tags.classifier_tags, tags.regressor_tags):
        if kind is not None:
            kind.poor_score = True  # how well a model scores is not the explainer's contract
    tags.target_tags = deepcopy(inner.target_tags)
    tags.target_tags.required = (prefit != "auto" and not prefit) or not is_fitted(estimator)
    tags.input_tags.allow_nan = inner.input_tags.allow_nan
    tags.non_deterministic = inner.non_deterministic
    return tags
