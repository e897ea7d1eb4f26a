"""scikit-learn's wrappers around one estimator: frozen ones, and the winner of a search."""

from __future__ import annotations

from typing import Any

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter


@adapts("sklearn.FrozenEstimator")
def frozen(estimator: Any) -> Adapter:
    """The frozen estimator."""
    return adapt(estimator.estimator)


@adapts("sklearn.BaseSearchCV")
def search(estimator: Any) -> Adapter:
    """Best estimator of a GridSearchCV, RandomizedSearchCV, …."""
    if not hasattr(estimator, "best_estimator_"):
        raise ValueError(
            f"{type(estimator).__name__}(refit=False) keeps no fitted estimator; set refit=True, or explain one that "
            "is fitted with best_params_."
        )
    return adapt(estimator.best_estimator_)
