"""scikit-learn pipelines: preprocessing in front of anything that has an adapter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.pipeline_steps import steps_of_predict


@adapts("sklearn.Pipeline")
def pipeline(estimator: Any) -> Adapter:
    """All steps but the last that rows pass are preprocessing, the last is adapted; pipelines may be nested."""
    inner = adapt(estimator.steps[-1][1])
    return replace(inner, preprocessing=steps_of_predict(estimator) + inner.preprocessing)
