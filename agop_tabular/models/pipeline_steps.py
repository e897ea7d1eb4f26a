"""The steps of a Pipeline that rows pass on their way to its last one when the Pipeline predicts."""

from __future__ import annotations

from typing import Any


def steps_of_predict(pipeline: Any) -> tuple[Any, ...]:
    """The transformers in front of the last step, without those that ``predict`` passes over.

    Those are "passthrough", and the samplers of imbalanced-learn's pipelines, which change the rows of ``fit`` only.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline

    Returns
    -------
    tuple of transformers
    """
    return tuple(step for _, step in pipeline.steps[:-1] if is_passed(step))


def steps_of_transform(pipeline: Any) -> tuple[Any, ...]:
    """All transformers of a Pipeline that is itself a transformer, without those that ``transform`` passes over."""
    return tuple(step for _, step in pipeline.steps if is_passed(step))


def is_passed(step: Any) -> bool:
    """Whether a step changes rows that are predicted; samplers, recognised as imbalanced-learn does, do not."""
    passed_over = step is None or (isinstance(step, str) and step == "passthrough") or hasattr(step, "fit_resample")
    return not passed_over
