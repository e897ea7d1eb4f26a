"""Explanations of one score a row, and of the same score in all rows: what pictures, words and means are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from agop_tabular.results.explanation import Explanation

MIRRORED = ("log-odds", "probability")
"""Units in which the scores of two classes mirror each other: one class's attributions are minus the other's."""

LISTED = 20
"""Classes that a message lists."""


def one_target(explanation: Explanation, target: Any = None) -> Explanation:
    """The explanation with one score of each row.

    Parameters
    ----------
    explanation : Explanation
    target : label or name of a class, or index of an output, optional
        By default what was explained, and of all scores each row's predicted class.

    Returns
    -------
    Explanation
        With values of shape (n, d).

    Raises
    ------
    ValueError
        Where another class was explained, or none of several is chosen.
    """
    if target is not None:
        return with_score(explanation, place_of_target(explanation, target))
    return _predicted(explanation) if explanation.values.ndim == 3 else explanation


def with_score(explanation: Explanation, place: int) -> Explanation:
    """The explanation with the score of this place, for every row.

    Parameters
    ----------
    explanation : Explanation
    place : int
        Among ``target_names``; unlike a label or a name it is never that of two scores.

    Raises
    ------
    ValueError
        Where another class was explained.
    """
    if explanation.values.ndim == 3:
        return score_at(explanation, np.full(len(explanation), place))
    known, name = explanation.row_targets(), explanation.target_names[place]
    if (known == name).all() or explanation.target is None:
        return explanation
    if _mirrors(explanation):
        return _turned(explanation, np.flatnonzero(known != name), place)
    label = _labels(explanation)[place]
    raise ValueError(
        f"Not all rows explain {name!r}: make the explanation with explainer(X, target={label!r}), or target='all'."
    )


def same_target(explanation: Explanation, target: Any = None) -> Explanation:
    """The same with one score for all rows where that is possible: of two classes the second one.

    Otherwise rows keep the class that is predicted of each.

    Parameters
    ----------
    explanation, target : as in :func:`one_target`
    """
    one = one_target(explanation, target)
    if target is not None or not _mirrors(one) or len(set(one.row_targets())) < 2:
        return one
    return with_score(one, 1)


def explained_name(explanation: Explanation) -> str | None:
    """Name of the one score that all rows explain; None where they explain different ones, or none.

    Parameters
    ----------
    explanation : Explanation
        Of one score a row.
    """
    if explanation.target is None:
        return explanation.target_names[0] if len(explanation.target_names) == 1 else None
    names = set(explanation.row_targets())
    return names.pop() if len(names) == 1 else None


def place_of_target(explanation: Explanation, target: Any) -> int:
    """Place of a score, by its label, its name, or its index.

    Parameters
    ----------
    explanation : Explanation
    target : object

    Raises
    ------
    ValueError
        Where there is no such score.
    """
    names = explanation.target_names
    place = place_among(target, tuple(map(str, _labels(explanation))), names)
    if place is not None:
        return place
    if not predicts_classes(explanation) and isinstance(target, (int, np.integer)) and 0 <= target < len(names):
        return int(target)
    more = ", …" if len(names) > LISTED else ""
    raise ValueError(f"target {target!r} is not one of {', '.join(map(repr, names[:LISTED]))}{more}.")


def place_among(target: Any, labels: Sequence[str], names: Sequence[str]) -> int | None:
    """Place of a score among labels as text, or else among names; None where it is neither.

    A number is that of a label which equals it, too, as it is where rows are explained: 1 is the label 1.0, and True.

    Parameters
    ----------
    target : object
    labels, names : sequence of str
    """
    for known in (labels, names):
        if str(target) in known:
            return known.index(str(target))
    if not isinstance(target, (bool, int, float, np.bool_, np.number)):
        return None
    return next((place for place, label in enumerate(labels) if _number(label) == target), None)


def _number(label: str) -> float | None:
    """The number that a label is, as text."""
    try:
        return float({"False": 0, "True": 1}.get(label, label))
    except ValueError:
        return None


def predicts_classes(explanation: Explanation) -> bool:
    """Whether predictions are labels of the scores, rather than numbers.

    Parameters
    ----------
    explanation : Explanation
    """
    labels = set(explanation.target_names) | set(map(str, explanation.label_names or ()))
    found = explanation.predictions
    return found is not None and found.ndim == 1 and all(str(label) in labels for label in set(found.tolist()))


def _labels(explanation: Explanation) -> list[Any]:
    """What ``target`` calls the scores: labels where names are other ones, and names otherwise."""
    return list(explanation.target_names if explanation.label_names is None else explanation.label_names)


def _predicted(explanation: Explanation) -> Explanation:
    """Of all scores of each row that of the predicted class."""
    names = explanation.target_names
    if predicts_classes(explanation):
        assert explanation.predictions is not None
        found = [place_of_target(explanation, label) for label in explanation.predictions.tolist()]
        return score_at(explanation, np.array(found, dtype=int))
    raise ValueError(
        f"All {len(names)} scores were explained, and none is predicted: choose one with target=, such as {names[0]!r}."
    )


def score_at(explanation: Explanation, place: np.ndarray) -> Explanation:
    """One of all scores of each row, by its place.

    Parameters
    ----------
    explanation : Explanation
        Of all scores.
    place : ndarray of int, shape (n,)
    """
    rows = np.arange(len(explanation))
    parts: dict[str, Any] = {}
    for field in ("base_values", "support", "gap", "error", "probabilities"):
        part = getattr(explanation, field)
        parts[field] = None if part is None else part[rows, place]
    for field in ("values", "standard_errors", "residual"):
        part = getattr(explanation, field)
        parts[field] = None if part is None else part[rows, :, place]
    if explanation.predictions is not None and explanation.predictions.ndim == 2:
        parts["predictions"] = explanation.predictions[rows, place]
    return replace(explanation, **parts, target=np.array(_labels(explanation), dtype=object)[place])


def _mirrors(explanation: Explanation) -> bool:
    """Whether one class's attributions are minus the other's."""
    two = len(explanation.target_names) == 2 and explanation.gap is not None
    return two and explanation.unit in MIRRORED and predicts_classes(explanation)


def _turned(explanation: Explanation, rows: np.ndarray, place: int) -> Explanation:
    """The explanation with some rows turned to the other class, whose place is given."""
    parts: dict[str, Any] = {}
    for field in ("values", "gap", "residual", "base_values", "probabilities"):
        part = getattr(explanation, field)
        if part is not None:
            probability = field == "probabilities" or (field == "base_values" and explanation.unit == "probability")
            parts[field] = part.copy()
            parts[field][rows] = 1 - part[rows] if probability else -part[rows]
    labels = _labels(explanation)
    known = [explanation.target_names.index(name) for name in explanation.row_targets()]
    target = np.array(labels, dtype=object)[known]
    target[rows] = labels[place]
    return replace(explanation, **parts, target=target)
