"""TabularMLPClassifier and TabularMLPRegressor: the pipeline inside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agop_tabular.adapters.base import Adapter
from agop_tabular.adapters.registry import adapt, adapts


@adapts("agop_tabular.TabularMLPClassifier")
def tabular_mlp_classifier(estimator: Any) -> Adapter:
    """The net of its pipeline, with the user's labels."""
    return replace(adapt(estimator.pipeline_), classes=estimator.classes_)


@adapts("agop_tabular.TabularMLPRegressor")
def tabular_mlp_regressor(estimator: Any) -> Adapter:
    """The net of its pipeline."""
    return adapt(estimator.pipeline_)
