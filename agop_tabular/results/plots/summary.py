"""Many rows: a dot for each row and column, coloured by the column's value; categories by their levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agop_tabular.models.frames import cells_of
from agop_tabular.models.rows import spread_rows
from agop_tabular.results.cells import MISSING, cell_texts, cut_text, percent_text
from agop_tabular.results.colours import DARK, GREY, PALE
from agop_tabular.results.one_target import explained_name, same_target
from agop_tabular.results.plots.canvas import (
    TICKS,
    count,
    diverging,
    escaped,
    figure_of,
    label_length,
    one_axes,
    plain_frame,
    score_label,
    set_scale,
    set_title,
    side_labels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from agop_tabular.results.explanation import Explanation

MOST_DOTS = 1000
"""Rows that are drawn, from all over the table: more hide each other."""

MOST_LEVELS = 4
"""Levels of a category with a line of their own; the others share one."""

TWO_VALUED = 20
"""Rows from which on two different numbers are two levels: of fewer rows any number has few."""

MOST_LINES = 30
"""Lines of the picture: more do not fit a screen."""

STRIPS = 120
"""Steps across the picture within which dots are stacked."""

STACKED, DOT = 0.4, 0.14
"""Largest distance of a dot from its line, and of dots from each other, in lines."""

OUTER, BEYOND = 0.005, 0.3
"""Share of the dots at either end that do not set the scale, and how far, in scales, they may be beyond it."""

AT_THE_ENDS = 0.03
"""Share of the scale that is left free at either end."""

BAR = 2.0
"""Height of the scale of colours, in inches, whose name is as long as that."""

WIDTH, LINE, AROUND = 7.5, 0.32, 1.6
"""Inches of a new figure: its width, the height of a line, and of all else."""


@dataclass(frozen=True, eq=False)
class Line:
    """One line of the picture.

    Attributes
    ----------
    name : str
        The column, or the level of a category below a line with its name.
    share : float or None
        Of the rows that have the level; None for a column.
    x : ndarray of shape (m,)
        Attributions.
    shade : ndarray of shape (m,) or None
        Place of the values among the column's, from 0 to 1; NaN where missing. None for a level.
    """

    name: str
    share: float | None
    x: np.ndarray
    shade: np.ndarray | None


def plot_summary(explanation: Explanation, ax: Any = None, *, n: int = 10, target: Any = None) -> Axes:
    """Draw the attributions of many rows.

    Parameters
    ----------
    explanation : Explanation
    ax : matplotlib Axes, optional
    n : int, default=10
        Columns, those with the largest mean absolute attribution; fewer where their levels need too many lines.
    target : object, optional
        As in :func:`~agop_tabular.results.one_target.same_target`.
    """
    if len(explanation) == 0:
        raise ValueError("The explanation has no rows; explain at least one.")
    one = same_target(explanation, target)
    values = np.asarray(one.values, dtype=float)
    order = np.argsort(-np.abs(values).mean(axis=0), kind="stable")[: count(n)]
    rows = spread_rows(len(one), MOST_DOTS)
    lines: list[Line] = []
    drawn = 0
    for j in order:
        new = _lines_of(one.feature_names[j], cells_of(one.data, int(j)), values[:, j], rows)
        if lines and len(lines) + len(new) > MOST_LINES:
            break
        lines, drawn = lines + new, drawn + 1
    ax = one_axes(ax, (WIDTH, AROUND + LINE * len(lines)))
    beyond = _draw(ax, lines)
    name = explained_name(one)
    label = score_label(one.unit, name) if one.gap is not None else f"importance by {one.method!r}, without sign"
    if name is None and one.target is not None:
        label += " of the class that each row is predicted to be"
    set_scale(ax, f"attribution: {label}" if one.gap is not None else label)
    title = f"{len(one):,} row{'s' * (len(one) != 1)}"
    if len(rows) < len(one):
        title += f", {len(rows):,} of them drawn"
    if drawn < len(one.feature_names):
        title += f"; {drawn} of {len(one.feature_names)} columns, the largest mean attribution first"
    if beyond:
        title += "; arrows: further out"
    set_title(ax, title)
    return ax


def _lines_of(name: str, cells: pd.Series, x: np.ndarray, rows: np.ndarray) -> list[Line]:
    """One line of a column of numbers, or a line for each of its most frequent levels."""
    numbers = _numbers(cells)
    if numbers is not None:
        shade = pd.Series(numbers).rank(pct=True).to_numpy()
        known = np.isfinite(shade)
        if known.any():
            span = np.ptp(shade[known])
            shade = (shade - shade[known].min()) / span if span > 0 else np.where(known, 0.5, np.nan)
        return [Line(name, None, x[rows], shade[rows])]
    texts = pd.Series(cell_texts(cells))
    share = texts.value_counts(normalize=True)
    few = share.index[: len(share) if len(share) <= MOST_LEVELS + 1 else MOST_LEVELS]
    drawn = texts.to_numpy()[rows]
    lines = [Line(name, None, x[:0], None)]
    lines += [Line(str(level), float(share[level]), x[rows][drawn == level], None) for level in few]
    if len(few) < len(share):
        rest = ~np.isin(drawn, few)
        lines.append(Line(f"{len(share) - len(few)} others", float(1 - share[few].sum()), x[rows][rest], None))
    return lines


def _numbers(cells: pd.Series) -> np.ndarray | None:
    """Cells as numbers; None for categories, booleans, text, dates, and a number that is one of two in many rows."""
    if pd.api.types.is_bool_dtype(cells.dtype) or not (
        pd.api.types.is_numeric_dtype(cells.dtype)
        or pd.api.types.infer_dtype(cells, skipna=True) in ("integer", "floating", "mixed-integer-float", "decimal")
    ):
        return None
    numbers = cells.to_numpy(dtype=float, na_value=np.nan)
    distinct = len(np.unique(numbers[~np.isnan(numbers)]))
    return None if distinct <= 2 and len(numbers) >= TWO_VALUED else numbers


def _draw(ax: Axes, lines: list[Line]) -> bool:
    """Dots on their lines, stacked where there are many; return whether some are beyond the scale."""
    from matplotlib.colors import to_rgba

    colours = diverging(PALE)
    low, high = _scale(np.concatenate([line.x for line in lines]))
    plain_frame(ax, zero=0.0)
    for y, line in enumerate(lines):
        up = y + _offsets(line.x, low, high)
        inside = (low <= line.x) & (line.x <= high)
        x = line.x.clip(low, high)
        shade = np.full(len(x), np.nan) if line.shade is None else line.shade
        known = np.isfinite(shade)
        shades = np.where(known[:, None], colours(np.nan_to_num(shade)), to_rgba(DARK if line.shade is None else GREY))
        dot = inside & (known | (line.shade is None))
        if len(x):
            ax.axhline(y, color=PALE, lw=0.4, zorder=0)
        for marker, which, size in (
            ("o", dot, 8),
            ("x", inside & ~dot, 9),
            ("<", line.x < low, 14),
            (">", line.x > high, 14),
        ):
            if which.any():
                width = 0.7 if marker == "x" else 0
                ax.scatter(x[which], up[which], s=size, c=shades[which], marker=marker, linewidths=width, zorder=2)
    edge = AT_THE_ENDS * (high - low) or 1.0
    ax.set_xlim(low - edge, high + edge)
    _label_lines(ax, lines)
    if any(line.shade is not None for line in lines):
        missing = any(line.shade is not None and np.isnan(line.shade).any() for line in lines)
        _add_scale_of_values(ax, missing)
    x = np.concatenate([line.x for line in lines])
    return bool(((x < low) | (x > high)).any())


def _scale(x: np.ndarray) -> tuple[float, float]:
    """Ends of the scale: without a few dots that would squeeze all others."""
    low, high = float(x.min(initial=0.0)), float(x.max(initial=0.0))
    inner = np.quantile(x, [OUTER, 1 - OUTER]) if len(x) else np.zeros(2)
    inner = np.array([min(inner[0], 0.0), max(inner[1], 0.0)])
    span = float(np.ptp(inner))
    if span == 0:
        return low, high
    return max(low, inner[0] - span * BEYOND), min(high, inner[1] + span * BEYOND)


def _label_lines(ax: Axes, lines: list[Line]) -> None:
    """Names of columns, and of levels with their share in smaller letters."""
    length = label_length(ax)
    columns = iter(side_labels([line.name for line in lines if line.share is None], length=length))
    of_level = int(length * 1.2) - 6  # in smaller letters, before its share
    texts = []
    for line in lines:
        level = "" if line.share is None else f"{cut_text(line.name, of_level)} ({percent_text(line.share)})"
        texts.append(next(columns) if line.share is None else escaped(level))
    ax.set_yticks(range(len(lines)), texts, fontsize=TICKS)
    for label, line in zip(ax.get_yticklabels(), lines, strict=True):
        if line.share is not None:
            label.set(fontsize=TICKS - 1.5, color=DARK)
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _add_scale_of_values(ax: Axes, missing: bool) -> None:
    """What the colours of dots mean."""
    from matplotlib.cm import ScalarMappable

    figure = figure_of(ax)
    height = float(figure.get_figheight() * ax.get_position().height)
    shrink = float(np.clip(BAR / height, 0.5, 1.0))
    shades = ScalarMappable(cmap=diverging(PALE))
    bar = figure.colorbar(shades, ax=ax, aspect=25 * shrink * height / BAR, shrink=shrink, pad=0.02, ticks=[0, 1])
    bar.ax.set_yticklabels(["low", "high"], fontsize=TICKS)
    bar.set_label("value of the column" + (f" (×: {MISSING})" if missing else ""), fontsize=TICKS, labelpad=2)
    bar.outline.set_visible(False)


def _strip(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Which step across the picture each dot is in."""
    span = high - low
    return np.zeros(len(x), dtype=int) if span <= 0 else ((x - low) / span * STRIPS).astype(int)


def _offsets(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Distances of stacked dots from their line: 0, 1, −1, 2, −2 … within each step, as far apart as they fit."""
    strip = _strip(x, low, high)
    order = np.argsort(strip, kind="stable")
    ordered = strip[order]
    first = np.searchsorted(ordered, ordered)
    rank = np.empty(len(x), dtype=int)
    rank[order] = np.arange(len(x)) - first
    apart = min(DOT, 2 * STACKED / max(1, int(rank.max(initial=0))))
    return apart * np.where(rank % 2 == 1, (rank + 1) // 2, -(rank // 2))
