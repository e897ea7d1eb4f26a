"""How a column's values are laid along an axis: numbers on a scale, levels by name and frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agop_tabular.results.cells import MISSING, cell_texts, cut_names, percent_text
from agop_tabular.results.column_values import ColumnValues
from agop_tabular.results.plots.canvas import TICKS, escaped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LEVELS = 12
"""Levels in a panel, the most frequent ones: more labels do not fit its height."""

OUTER = 0.005
"""Share of the rows at either end of a column of numbers that does not set its scale …"""

SPREAD = 3.0
"""… where the whole range is this many times that of the others: the rest of the curve would be squeezed."""

SMALLER = 1.35
"""Letters of levels for each one of a usual label: they are written smaller."""

MIDNIGHT = " 00:00:00"
"""Time of day of dates, which is left out."""

LARGE = 20_000
"""Numbers from here on have k, M and so on for thousands and millions."""


def shown_levels(column: ColumnValues) -> np.ndarray | None:
    """Places of the levels that are drawn, or of the two numbers that a column has; None for a scale of numbers.

    Parameters
    ----------
    column : ColumnValues
    """
    if column.is_numeric:
        return np.arange(len(column.values)) if 0 < np.isfinite(column.values).sum() <= 2 else None
    return np.argsort(-column.share, kind="stable")[:MOST_LEVELS]


def is_missing(column: ColumnValues) -> np.ndarray:
    """Which of a column's values are no value, (k,) of bool.

    Parameters
    ----------
    column : ColumnValues
    """
    return np.isnan(column.values) if column.is_numeric else column.values == "nan"


def level_texts(column: ColumnValues, places: np.ndarray, length: int) -> list[str]:
    """Names of levels with their frequency, of about this many characters.

    Parameters
    ----------
    column : ColumnValues
    places : ndarray of int
    length : int
    """
    missing, share = is_missing(column), column.share
    names = cell_texts(None if missing[place] else column.values[place] for place in places)
    if all(name.endswith(MIDNIGHT) or name == MISSING for name in names):
        names = [name.removesuffix(MIDNIGHT) for name in names]
    cut = cut_names(names, max(6, int(SMALLER * length) - 6))
    percents = [percent_text(share[place]) for place in places]
    return [escaped(f"{name} ({percent})") for name, percent in zip(cut, percents, strict=True)]


def inner_range(values: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    """Ends of the scale of a column of numbers: without a few far values that would squeeze all others.

    Parameters
    ----------
    values : ndarray of shape (k,)
        Finite, ascending.
    share : ndarray of shape (k,)
    """
    below = np.cumsum(share) / share.sum()
    places = np.searchsorted(below, [OUTER, 1 - OUTER]).clip(max=len(values) - 1)
    low, high = values[places].tolist()
    whole, inner = values[-1] - values[0], high - low
    if inner <= 0 or whole <= SPREAD * inner:
        return float(values[0]), float(values[-1])
    return float(low), float(high)


def number_axis(ax: Axes, axis: str, values: np.ndarray, ends: tuple[float, float]) -> bool:
    """Lay numbers along an axis, whole ones with whole ticks; return whether some are beyond its ends.

    Parameters
    ----------
    ax : matplotlib Axes
    axis : {"x", "y"}
    values : ndarray of shape (k,)
        Finite, ascending.
    ends : pair of float
    """
    from matplotlib.ticker import EngFormatter, MaxNLocator

    which = ax.xaxis if axis == "x" else ax.yaxis
    whole = bool((values == np.round(values)).all())
    which.set_major_locator(MaxNLocator(nbins=5, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    if np.abs(ends).max() >= LARGE:
        which.set_major_formatter(EngFormatter(sep=""))
    edge = 0.03 * (ends[1] - ends[0])
    (ax.set_xlim if axis == "x" else ax.set_ylim)(ends[0] - edge, ends[1] + edge)
    which.set_tick_params(labelsize=TICKS)
    return ends[0] > values[0] or ends[1] < values[-1]


def draw_missing(ax: Axes, effects: np.ndarray, colour: str) -> None:
    """A dotted line for the effect of missing values.

    Parameters
    ----------
    ax : matplotlib Axes
    effects : ndarray of shape (1,), or (0,) where none are missing
    colour : str
    """
    for effect in effects:
        ax.axhline(effect, color=colour, ls=":", lw=1.2)
