"""scikit-learn's wrappers around one estimator: frozen ones, and the winner of a search."""

from __future__ import annotations

from typing import Any

from agop_tabular.adapters.base import Adapter
from agop_tabular.adapters.registry import adapt, adapts


@adapts("sklearn.FrozenEstimator")
def frozen(estimator: Any) -> Adapter:
    """FrozenEstimator: what is frozen inside."""
    return adapt(estimator.estimator)


@adapts("sklearn.BaseSearchCV")
def search(estimator: Any) -> Adapter:
    """GridSearchCV, RandomizedSearchCV, …: their best estimator."""
    return adapt(estimator.best_estimator_)
