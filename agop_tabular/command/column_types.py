"""What a fitted model expects in each column: text or numbers. The cells of a .csv file say neither."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from agop_tabular.models.pipeline_steps import is_passed

WRAPPED = ("best_estimator_", "calibrated_classifiers_", "estimator_", "estimators_", "regressor_", "estimator")
"""Where scikit-learn's wrappers have the fitted models that get their columns; the first one that there is counts."""


@dataclass(frozen=True)
class Expected:
    """What a column is to hold.

    Attributes
    ----------
    kind : {"text", "numbers", "next"}
        "next" is whatever the next step of the pipeline expects.
    levels : tuple or None
        The values of a text column that the model was fitted on, a missing one among them; None where it knows none.
    """

    kind: Literal["text", "numbers", "next"]
    levels: tuple[Any, ...] | None = None


def expected_columns(model: Any, n_columns: int) -> list[Expected | None]:
    """What a model expects in each of its columns; None where that cannot be told, as of transformers of one's own.

    Parameters
    ----------
    model : estimator
        Fitted, of any kind.
    n_columns : int
    """
    found = _expected(model, n_columns)
    return [None if (one := found.get(j)) is None or one.kind == "next" else one for j in range(n_columns)]


def expected_labels(model: Any) -> Expected | None:
    """What a model's labels are where they are text; None for all others.

    Parameters
    ----------
    model : estimator
    """
    classes = getattr(model, "classes_", None)
    found = None if classes is None or isinstance(classes, list) else _of_levels(classes)
    return found if found is not None and found.kind == "text" else None


def _expected(step: Any, n: int) -> dict[int, Expected]:
    """What one step, or a model, expects of its columns, by their places."""
    if isinstance(step, str) or (isinstance(step, FunctionTransformer) and step.func is None):
        return {} if step == "drop" else dict.fromkeys(range(n), Expected("next"))
    if getattr(step, "n_features_in_", n) != n:  # such as one of several models, which gets some of the columns
        return {}
    if hasattr(step, "steps"):
        return _of_pipeline([inner for _, inner in step.steps if is_passed(inner)], n)
    if hasattr(step, "transformer_list"):
        return _merged(_expected(inner, n) for _, inner in step.transformer_list)
    if hasattr(step, "_transformer_to_input_indices"):
        return _of_column_transformer(step)
    if isinstance(levels := getattr(step, "categories_", None), list) and len(levels) == n:
        return {j: one for j in range(n) if (one := _of_levels(levels[j])) is not None}
    if isinstance(step, SimpleImputer) and hasattr(step, "statistics_"):
        return {j: Expected("text" if isinstance(fill, str) else "numbers") for j, fill in enumerate(step.statistics_)}
    if hasattr(coded := getattr(step, "_preprocessor", None), "transformers_"):  # of HistGradientBoosting…
        return _merged([dict.fromkeys(range(n), Expected("numbers")), _expected(coded, n)])
    inner = next((part for name in WRAPPED if (part := getattr(step, name, None)) is not None), None)
    if inner is not None:
        models = inner.ravel().tolist() if isinstance(inner, np.ndarray) else inner
        return _merged(_expected(model, n) for model in (models if isinstance(models, list) else [models]))
    kind = _kind_of(step)
    return {} if kind is None else dict.fromkeys(range(n), Expected(kind))


def _of_pipeline(steps: list[Any], n: int) -> dict[int, Expected]:
    """Of steps one after the other: what a column meets first, or behind it where it passes as it is."""
    if not steps:
        return {}
    first, rest = steps[0], steps[1:]
    found = _expected(first, n)
    if isinstance(first, SimpleImputer) and found and len(first.get_feature_names_out()) == n:
        behind = _of_pipeline(rest, n)  # an encoder that knows the levels, which the imputer does not
        texts = [j for j, one in found.items() if one.kind == "text" and j in behind and behind[j].kind == "text"]
        return found | {j: behind[j] for j in texts}
    if rest and _reads_numbers(rest[0]):
        found = {j: Expected("numbers") if one.kind == "next" else one for j, one in found.items()}
    return found


def _of_column_transformer(step: Any) -> dict[int, Expected]:
    parts = []
    for name, inner, _ in step.transformers_:
        places = np.atleast_1d(step._transformer_to_input_indices[name]).tolist()
        parts.append({places[k]: one for k, one in _expected(inner, len(places)).items()})
    return _merged(parts)


def _reads_numbers(step: Any) -> bool:
    """Whether a step takes numbers only."""
    n = getattr(step, "n_features_in_", 0)
    found = _expected(step, n)
    return bool(found) and all(one.kind == "numbers" for one in found.values())


def _kind_of(step: Any) -> Literal["text", "numbers"] | None:
    """What a transformer or model of scikit-learn takes, by its tags; None for others, and for what takes anything."""
    own = isinstance(step, BaseEstimator) and type(step).__module__.startswith("sklearn.")
    if not own or hasattr(step, "transformers") or getattr(step, "is_categorical_", None) is not None:
        return None
    tags = get_tags(step)
    if tags.input_tags.string and not tags.input_tags.two_d_array:
        return "text"
    anything = tags.no_validation or tags.input_tags.string or tags.input_tags.categorical
    return None if anything or not tags.input_tags.two_d_array else "numbers"


def _of_levels(levels: Any) -> Expected | None:
    """What the levels of an encoder, or the classes of a model, say of the cells they come from."""
    every = tuple(np.asarray(levels).tolist())
    known = [level for level in every if not pd.isna(level)]
    if known and all(isinstance(level, str) for level in known):
        return Expected("text", every)
    numbers = known and all(isinstance(level, (int, float)) and not isinstance(level, bool) for level in known)
    return Expected("numbers") if numbers else None


def _merged(parts: Iterable[dict[int, Expected]]) -> dict[int, Expected]:
    """What several that get the same columns expect: text where one does, since others can read numbers in it."""
    found: dict[int, Expected] = {}
    order = ("next", "numbers", "text")
    for part in parts:
        for j, one in part.items():
            before = found.get(j)
            if before is not None and before.kind == one.kind == "text":
                levels = dict.fromkeys((before.levels or ()) + (one.levels or ()))
                found[j] = Expected("text", tuple(levels) or None)
                continue
            if before is None or order.index(one.kind) > order.index(before.kind):
                found[j] = one
    return found
