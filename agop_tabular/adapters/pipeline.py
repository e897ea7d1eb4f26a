"""scikit-learn pipelines: preprocessing in front of anything that has an adapter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter


@adapts("sklearn.Pipeline")
def pipeline(estimator: Any) -> Adapter:
    """All steps but the last are preprocessing, the last is adapted; pipelines may be nested."""
    *before, (_, last) = estimator.steps
    inner = adapt(last)
    steps = tuple(step for _, step in before if step is not None and step != "passthrough")
    return replace(inner, preprocessing=steps + inner.preprocessing)
