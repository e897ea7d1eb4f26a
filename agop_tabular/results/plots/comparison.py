"""Two explanations of the same rows side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.colours import SERIES
from agop_tabular.results.one_target import explained_name, one_target, same_target, with_score
from agop_tabular.results.plots.canvas import (
    TICKS,
    count,
    label_length,
    legend_below,
    one_axes,
    plain_frame,
    score_label,
    set_scale,
    set_title,
    side_labels,
)
from agop_tabular.results.row_facts import RowFacts, place_of_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from agop_tabular.results.explanation import Explanation

WIDTH, LINE, AROUND = 7.0, 0.42, 1.6
"""Inches of a new figure: its width, the height of two bars, and of all else."""


def plot_comparison(
    first: Explanation,
    second: Explanation,
    row: Any = None,
    ax: Any = None,
    *,
    names: tuple[str, str],
    n: int = 10,
    target: Any = None,
) -> Axes:
    """Draw two explanations of the same rows; see :meth:`agop_tabular.Explanation.plot_comparison`.

    Parameters
    ----------
    first, second : Explanation
    row, ax, names, n, target : as there

    Raises
    ------
    ValueError
        Where they are of other rows, columns, units or classes.
    """
    _check_alike(first, second)
    if len(names) != 2:
        raise ValueError(f"names={names!r} are not two names, one for each explanation.")
    if row is None:
        one, other = same_target(first, target), same_target(second, target)
        values = [np.abs(np.asarray(e.values, dtype=float)).mean(axis=0) for e in (one, other)]
        cells = [""] * len(one.feature_names)
        name, label = explained_name(one), "mean absolute attribution"
        title = f"{len(one):,} rows"
    else:
        place = place_of_row(first, row)
        one = one_target(first[place], target)
        name = explained_name(one)
        if target is None and name:
            other = with_score(second[place], one.target_names.index(name))
        else:
            other = one_target(second[place], target)
        facts, others = (RowFacts.of_one(each, first.index[place]) for each in (one, other))
        values = [np.asarray(e.values[0], dtype=float) for e in (one, other)]
        cells, label = facts.cells, "attribution"
        title = f"Row {facts.label}: {_predicted(names[0], facts)}, {_predicted(names[1], others)}"
    order = np.argsort(-np.maximum(*np.abs(values)), kind="stable")[: count(n)]
    ax = one_axes(ax, (WIDTH, AROUND + LINE * len(order)))
    y = np.arange(len(order))
    bars = [ax.barh(y + (i - 0.5) * 0.38, each[order], height=0.36, color=SERIES[i]) for i, each in enumerate(values)]
    plain_frame(ax, zero=0.0)
    labels = side_labels([one.feature_names[j] for j in order], [cells[j] for j in order], length=label_length(ax))
    ax.set_yticks(y, labels, fontsize=TICKS)
    ax.tick_params(axis="y", length=0)
    set_scale(ax, f"{label}: {score_label(one.unit, name)}")
    legend_below(ax, len(order), bars, names)
    if len(order) < len(one.feature_names):
        title += f"\n{len(order)} of {len(one.feature_names)} columns, the largest first"
    set_title(ax, title)
    return ax


def _predicted(name: str, facts: RowFacts) -> str:
    return name if facts.prediction is None else f"{name} predicts {facts.prediction}"


def _check_alike(first: Explanation, second: Explanation) -> None:
    """Raise unless two explanations can be compared."""
    if len(first) == 0:
        raise ValueError("The explanation has no rows; explain at least one.")
    if first.feature_names != second.feature_names or len(first) != len(second):
        raise ValueError(
            f"The explanations are of {len(first):,} rows and {len(first.feature_names)} columns, and of "
            f"{len(second):,} and {len(second.feature_names)}, or of other columns: explain the same rows with both."
        )
    if not first.index.equals(second.index):
        raise ValueError("The explanations are of rows with other labels: explain the same rows with both.")
    units = [e.unit if e.gap is not None else "no unit" for e in (first, second)]
    if units[0] != units[1]:
        raise ValueError(
            f"The explanations are in {units[0]} and in {units[1]}, which no scale has in common: explain the same "
            "model_output with both."
        )
    if first.target_names != second.target_names:
        raise ValueError(
            "The explanations are of models with other classes or outputs; class_names= or output_name= names them "
            "alike."
        )
