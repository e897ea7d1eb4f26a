"""One row: bars that lead from the base value to the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.cells import score_text, signed_text
from agop_tabular.results.colours import DARK, GREY, LOWERS, PALE, RAISES
from agop_tabular.results.plots.canvas import (
    TICKS,
    count,
    label_length,
    one_axes,
    plain_frame,
    score_label,
    set_scale,
    set_title,
    side_labels,
)
from agop_tabular.results.row_facts import RowFacts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from agop_tabular.results.explanation import Explanation

WIDTH, LINE, AROUND = 7.0, 0.36, 1.5
"""Inches of a new figure: its width, the height of a bar, and of all else."""

AT_THE_ENDS = 0.04
"""Share of the scale that is left free at either end."""

ROUNDING = 1e-3
"""A gap below this share of a row's absolute attributions is no bar, since networks run in float32."""


def plot_row(explanation: Explanation, row: Any, ax: Any = None, *, n: int = 10, target: Any = None) -> Axes:
    """Draw the attributions of one row.

    Parameters
    ----------
    explanation : Explanation
    row : int, or label of the index
    ax : matplotlib Axes, optional
    n : int, default=10
        Columns with a bar of their own; the others share one.
    target : object, optional
        As in :func:`~agop_tabular.results.one_target.one_target`.
    """
    facts = RowFacts.of(explanation, row, target)
    shown = facts.order[: count(n)]
    others = facts.order[len(shown) :]
    ax = one_axes(ax, (WIDTH, AROUND + LINE * (len(shown) + 3)))
    labels = side_labels([facts.names[j] for j in shown], [facts.cells[j] for j in shown], length=label_length(ax))
    bars = [(label, float(facts.values[j]), True) for label, j in zip(labels, shown, strict=True)]
    if len(others):
        name = "1 other column" if len(others) == 1 else f"{len(others)} other columns"
        bars.append((name, float(facts.values[others].sum()), False))
    if facts.score is None:
        _draw_importances(ax, facts, bars, explanation.method)
    else:
        if abs(facts.gap or 0.0) > ROUNDING * np.abs(facts.values).sum():
            bars.append(("not attributed", facts.gap or 0.0, False))
        _draw_steps(ax, facts, bars)
    heading = facts.heading()
    set_title(ax, f"Row {facts.label}" + (f" — {heading}" if heading else ""))
    return ax


def _draw_steps(ax: Axes, facts: RowFacts, bars: list[tuple[str, float, bool]]) -> None:
    """Bars of a method with sign, each beginning where the one above it ends."""
    assert facts.base is not None
    assert facts.score is not None
    values = np.array([value for _, value, _ in bars])
    ends = facts.base + np.cumsum(values)
    starts = ends - values
    y = np.arange(1, len(bars) + 1)
    own = np.array([is_own for _, _, is_own in bars])
    colours = np.where(values < 0, LOWERS, RAISES)
    ax.barh(y, values, left=starts, height=0.62, color=colours, alpha=1.0, zorder=2)
    for patch in (bar for bar, is_own in zip(ax.patches, own, strict=True) if not is_own):
        patch.set_alpha(0.45)  # several columns, or none
    ax.vlines(ends, y + 0.31, y + 0.69, color=GREY, lw=0.8, zorder=1)  # from a bar to the next one
    ax.vlines(facts.base, 0, 0.69, color=GREY, lw=0.8, zorder=1)
    ax.plot([facts.base, facts.score], [0, len(bars) + 1], ls="", marker="o", color=DARK, zorder=3)
    for x in (facts.base, facts.score):
        ax.axvline(x, color=PALE, lw=0.8, ls=":", zorder=0)
    note = ""
    if facts.error_bar is not None:
        ax.errorbar(ends[own], y[own], xerr=facts.error_bar, ls="", ecolor=DARK, elinewidth=1, capsize=2.5, zorder=3)
        note = f"\nthin lines: no bar is off by more than {score_text(facts.error_bar)}, by the audit"
    texts = [score_text(facts.base), *map(signed_text, values), score_text(facts.score)]
    last = "prediction" if facts.unit == "output" else f"{facts.unit} of this row"
    _number_lines(ax, ["base value", *(label for label, _, _ in bars), last], texts)
    ax.get_yticklabels()[-1].set_fontweight("bold")
    set_scale(ax, score_label(facts.unit, facts.target) + note)
    low, high = min(*starts, *ends, facts.base), max(*starts, *ends, facts.base)
    edge = AT_THE_ENDS * (high - low) + (facts.error_bar or 0.0)
    if edge > 0:
        ax.set_xlim(low - edge, high + edge)


def _draw_importances(ax: Axes, facts: RowFacts, bars: list[tuple[str, float, bool]], method: str) -> None:
    """Bars of a method without sign, from zero."""
    values = np.array([value for _, value, _ in bars])
    y = np.arange(len(bars))
    ax.barh(y, values, height=0.62, color=[DARK if is_own else PALE for _, _, is_own in bars])
    _number_lines(ax, [label for label, _, _ in bars], [f"{value:.3g}" for value in values])
    of = f" for {facts.target}" if facts.target else ""
    set_scale(ax, f"importance{of} by {method!r}, without sign")
    ax.set_xlim(left=0)


def _number_lines(ax: Axes, labels: list[str], numbers: list[str]) -> None:
    """Labels at the left of the lines from top to bottom, and numbers at the right."""
    y = np.arange(len(labels))
    plain_frame(ax)
    ax.set_yticks(y, labels, fontsize=TICKS)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for place, number in enumerate(numbers):
        ax.text(1.02, place, number, transform=ax.get_yaxis_transform(), va="center", fontsize=TICKS, clip_on=False)
