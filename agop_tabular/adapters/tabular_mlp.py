"""TabularMLPClassifier, TabularMLPRegressor and Student: the pipeline inside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter


@adapts("agop_tabular.TabularMLPClassifier")
def tabular_mlp_classifier(estimator: Any) -> Adapter:
    """The net of its pipeline, with the user's labels."""
    return replace(adapt(estimator.pipeline_), classes=estimator.classes_)


@adapts("agop_tabular.TabularMLPRegressor")
def tabular_mlp_regressor(estimator: Any) -> Adapter:
    """The net of its pipeline."""
    return adapt(estimator.pipeline_)


@adapts("agop_tabular.Student")
def student(estimator: Any) -> Adapter:
    """The network that imitates a predictor, with the predictor's labels."""
    inner = adapt(estimator.network_)
    inner = replace(inner, preprocessing=estimator.preprocessing_ + inner.preprocessing)
    classes = getattr(estimator, "classes_", None)
    return inner if classes is None else replace(inner, kind="classifier", classes=classes)
