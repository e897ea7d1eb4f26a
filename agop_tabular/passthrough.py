"""What a meta-estimator hands on to the estimator it wraps."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from torch import nn

from agop_tabular.models.fitted import is_fitted


def _delegated(name: str) -> Any:
    """Available where the estimator has the method."""

    def check(self: PassThrough) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    return available_if(check)


class PassThrough:
    """Predictions, score and tags are the estimator's."""

    estimator: Any
    estimator_: Any
    prefit: bool | str

    @_delegated("predict")
    def predict(self, X: ArrayLike) -> Any:
        """Predictions of the estimator."""
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @_delegated("predict_proba")
    def predict_proba(self, X: ArrayLike) -> Any:
        """Class probabilities of the estimator."""
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @_delegated("decision_function")
    def decision_function(self, X: ArrayLike) -> Any:
        """Decision function of the estimator."""
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    @_delegated("score")
    def score(self, X: ArrayLike, y: ArrayLike) -> Any:
        """Score of the estimator: it measures the model, not the explanation."""
        check_is_fitted(self)
        return self.estimator_.score(X, y)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        if isinstance(self.estimator, nn.Module) or not hasattr(self.estimator, "__sklearn_tags__"):
            return tags
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = deepcopy(inner.classifier_tags)
        tags.regressor_tags = deepcopy(inner.regressor_tags)
        for kind in (tags.classifier_tags, tags.regressor_tags):
            if kind is not None:
                kind.poor_score = True  # as RFE: how well a model scores is not the wrapper's contract
        tags.target_tags = deepcopy(inner.target_tags)
        tags.target_tags.required = (self.prefit != "auto" and not self.prefit) or not is_fitted(self.estimator)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.non_deterministic = inner.non_deterministic
        return tags
