"""The table of rows, as compact data: a row's largest attributions, and the sum of the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular.models.frames import cells_of
from agop_tabular.report.blocks import Block, Bullets, Paragraph, Rows, Section
from agop_tabular.report.document import script_json
from agop_tabular.results.cells import cell_text, cut_names, cut_text
from agop_tabular.results.explanation import Explanation
from agop_tabular.results.one_target import predicts_classes
from agop_tabular.results.row_facts import label_text

COLUMNS = (15, 10, 6, 4, 2)
"""Columns with a bar of their own in each row: the first number whose data are small enough."""

BYTES = 3_500_000
"""Most of a table's data, so that with pictures a report stays below 5 MB."""

NAME_LENGTH, TEXT_LENGTH = 120, 40
"""Characters of a column's name, and of a cell."""

DIGITS, WHOLE = 3, 7
"""Of attributions, as many as are shown, and of outputs and probabilities, which differences are taken of. All digits
before the point are kept."""

ROUNDING = 1e-3
"""A gap below this share of a row's absolute attributions is not shown, since networks run in float32."""


IN_WORDS = 3
"""Rows that are told in words, from the least to the most probable, or the smallest to the largest prediction."""


def rows_section(explanation: Explanation, truth: Any, coverage: float | None) -> Section:
    """Some rows in words, and the table of all that are explained.

    Parameters
    ----------
    explanation, truth, coverage : as in :func:`row_table`
    """
    some, which = _some(explanation)
    said = "The bars of a row say how much each column matters to the model there, the longest first."
    if explanation.gap is not None:
        said = f"The bars of a row say how far each column moves the output from the base value, {_base(explanation)}; "
        said += "those to the right raise it, those to the left lower it. The longest come first."
    blocks: list[Block] = [
        Paragraph(f"Some rows in words: {which}."),
        Bullets([explanation.to_text(place) for place in some]),
        Paragraph(said),
        Rows(row_table(explanation, truth, coverage)),
    ]
    return Section("rows-section", "Row by row", blocks)


def _some(explanation: Explanation) -> tuple[list[int], str]:
    """Places of a few rows that differ, and which they are."""
    order, which = np.arange(len(explanation)), "the first, a middle and the last one"
    if explanation.probabilities is not None:
        order = np.argsort(explanation.probabilities, kind="stable")
        which = "that with the lowest probability of the explained class, a middle one, and that with the highest"
    elif explanation.predictions is not None and explanation.predictions.dtype.kind == "f":
        order = np.argsort(explanation.predictions, kind="stable")
        which = "that with the lowest prediction, a middle one, and that with the highest"
    places = order[np.linspace(0, len(order) - 1, IN_WORDS).round().astype(int)]
    return list(dict.fromkeys(places.tolist())), which


def _base(explanation: Explanation) -> str:
    """What the base value is."""
    return "its mean over the training rows" if explanation.method == "agop" else "the output at the baseline"


def row_table(explanation: Explanation, truth: Any = None, coverage: float | None = None) -> dict[str, Any]:
    """What the script of a report draws.

    Parameters
    ----------
    explanation : Explanation
        Of one score a row.
    truth : ndarray of shape (n,), optional
        Names of the rows' classes, or numbers.
    coverage : float, optional
        Of the audit that the errors come from.

    Returns
    -------
    dict
        As JSON takes it: lists with one entry for each row; places of classes, columns and texts for their names.
    """
    values = np.asarray(explanation.values, dtype=float)
    data = _facts(explanation, values, coverage)
    if truth is not None and "prediction" in data:
        names = list(explanation.target_names) if data["classes"] else []
        data["truth"] = _places(truth, names) if names else _rounded(truth, WHOLE)
    d = values.shape[1]
    sizes = [k for k in COLUMNS if k < d] or [d]
    if d <= COLUMNS[0]:
        sizes = [d, *sizes]
    for k in dict.fromkeys(sizes):
        found = data | _largest(explanation, values, k)
        if len(script_json(found).encode()) <= BYTES:
            break
    return found


def _facts(explanation: Explanation, values: np.ndarray, coverage: float | None) -> dict[str, Any]:
    """What is known of each row beside its columns, and of all rows alike."""
    classes = list(explanation.target_names) if predicts_classes(explanation) else []
    data: dict[str, Any] = {
        "columns": cut_names(explanation.feature_names, NAME_LENGTH),
        "classes": cut_names(classes, NAME_LENGTH),
        "signed": explanation.gap is not None,
        "unit": explanation.unit if explanation.gap is not None else "",
        "label": [cut_text(label_text(label), NAME_LENGTH) for label in explanation.index],
    }
    data |= _targets(explanation, classes)
    if explanation.predictions is not None and explanation.predictions.ndim == 1:
        found = explanation.predictions
        data["prediction"] = _places(_names(explanation), classes) if classes else _rounded(found, WHOLE)
    if explanation.probabilities is not None:
        data["probability"] = _rounded(explanation.probabilities, WHOLE)
    if explanation.gap is not None and explanation.base_values is not None:
        total = values.sum(axis=1)
        gap = np.where(np.abs(explanation.gap) > ROUNDING * np.abs(values).sum(axis=1), explanation.gap, 0.0)
        data["base_text"] = _base(explanation)
        data["base"] = _rounded(explanation.base_values, WHOLE)
        data["score"] = _rounded(explanation.base_values + total + explanation.gap, WHOLE)
        if gap.any():
            data["gap"] = _rounded(gap)
    if explanation.error is not None and coverage is not None:
        error = np.asarray(explanation.error, dtype=float)
        useful = error < 1
        share = np.divide(error, 1 - error, out=np.full(len(error), np.nan), where=useful)  # see RowFacts.error_bar
        data["bound"] = _rounded(error)
        data["off"] = _rounded(share * np.linalg.norm(values, axis=1))
        data["coverage"] = f"{coverage:.0%}"
    return data


def _targets(explanation: Explanation, classes: list[str]) -> dict[str, Any]:
    """Which score each row explains, and what its probability is called."""
    of_row = [str(name) for name in explanation.row_targets()]
    names = sorted(set(of_row))
    cut, place = cut_names(names, NAME_LENGTH), {name: k for k, name in enumerate(names)}
    if names == ["output"]:
        cut = [""]
    predicted = bool(classes) and of_row == _names(explanation)
    one = f"Probability of {cut[0]}" if len(cut) == 1 else "Probability of the explained class"
    return {
        "target_names": cut,
        "target": [place[name] for name in of_row],
        "explains_predicted": predicted,
        "probability_title": "Probability" if predicted else one,
    }


def _names(explanation: Explanation) -> list[str]:
    """Names of the predicted classes."""
    assert explanation.predictions is not None
    named = explanation.label_names or {}
    return [str(named.get(label, label)) for label in explanation.predictions.tolist()]


def _largest(explanation: Explanation, values: np.ndarray, k: int) -> dict[str, Any]:
    """The k largest attributions of each row, with the cells' texts, and the sum of the others."""
    n, d = values.shape
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :k]
    place = np.zeros((n, d), dtype=int)
    texts: list[list[str]] = []
    for j in range(d):
        rows = np.flatnonzero((order == j).any(axis=1))
        cells = [cut_text(cell_text(cell), TEXT_LENGTH) for cell in cells_of(explanation.data, j).iloc[rows]]
        distinct = list(dict.fromkeys(cells))
        at = {text: c for c, text in enumerate(distinct)}
        place[rows, j] = [at[text] for text in cells]
        texts.append(distinct)
    rounded = _round(np.take_along_axis(values, order, axis=1))
    cells_at = np.take_along_axis(place, order, axis=1)
    top = [
        [part for three in zip(*each, strict=True) for part in three]
        for each in zip(order.tolist(), cells_at.tolist(), rounded, strict=True)
    ]
    found: dict[str, Any] = {"texts": texts, "top": top}
    if k < d:
        rest = values.sum(axis=1) - np.take_along_axis(values, order, axis=1).sum(axis=1)
        found |= {"others": _rounded(rest), "n_others": d - k}
    return found


def _places(labels: Any, names: list[str]) -> list[int | None]:
    """Places of labels among the names of the classes; None where one is none of them."""
    place = {name: k for k, name in enumerate(names)}
    return [place.get(str(label)) for label in labels]


def _rounded(numbers: Any, digits: int = DIGITS) -> list[float | int | None]:
    """Numbers with few digits; None where they are not finite."""
    return _round(np.asarray(numbers, dtype=float)[None], digits)[0]


def _round(numbers: np.ndarray, digits: int = DIGITS) -> list[list[Any]]:
    """The same of a table (n, k)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(numbers)))
    decimals = np.clip(digits - 1 - np.where(np.isfinite(size), size, 0.0), 0, 290)
    scale = np.power(10.0, decimals)
    with np.errstate(invalid="ignore", over="ignore"):
        rounded = np.round(numbers * scale) / scale
    return [[_short(value, digits) for value in row] for row in rounded.tolist()]


def _short(value: float, digits: int) -> float | int | None:
    """A number as JSON has it: whole ones without a point, which is shorter."""
    if not np.isfinite(value):
        return None
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    return value if abs(value) >= 1 else float(f"{value:.{digits}g}")  # dividing by a large power is not exact
