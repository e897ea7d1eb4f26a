"""Importances of the columns, with intervals where they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.colours import DARK, LOWERS, PALE
from agop_tabular.results.plots.canvas import (
    TICKS,
    count,
    label_length,
    one_axes,
    plain_frame,
    set_scale,
    set_title,
    side_labels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, LINE, AROUND = 6.5, 0.28, 1.2
"""Inches of a new figure: its width, the height of a bar, and of all else."""


def plot_importances(
    names: Sequence[str], importances: np.ndarray, label: str, ax: Any = None, *, n: int = 15, intervals: Any = None
) -> Axes:
    """Draw the importances of columns as bars.

    Parameters
    ----------
    names : sequence of str, length d
    importances : ndarray of shape (d,)
        Shares, which sum to 1.
    label : str
        What they are shares of.
    ax : matplotlib Axes, optional
    n : int, default=15
        Columns with a bar of their own; the others share one.
    intervals : array-like of shape (d, 2), optional
        Lower and upper ends.
    """
    values = np.asarray(importances, dtype=float)
    ends = None if intervals is None else np.asarray(intervals, dtype=float)
    if ends is not None and ends.shape != (len(values), 2):
        wanted = f"({len(values)}, 2)"
        raise ValueError(f"intervals= has shape {ends.shape}; give the lower and upper ends of all columns, {wanted}.")
    order = np.argsort(-values, kind="stable")
    shown, others = order[: count(n)], order[n:]
    ax = one_axes(ax, (WIDTH, AROUND + LINE * (len(shown) + (len(others) > 0))))
    y = np.arange(len(shown))
    ax.barh(y, values[shown], height=0.65, color=LOWERS)
    if ends is not None:
        ax.hlines(y, ends[shown, 0], ends[shown, 1], color="black", lw=1.2)
    labels = side_labels([names[j] for j in shown], length=label_length(ax))
    if len(others):
        labels.append("1 other column" if len(others) == 1 else f"{len(others)} other columns")
        ax.barh(len(shown), values[others].sum(), height=0.65, color=PALE)
    plain_frame(ax)
    ax.set_yticks(range(len(labels)), labels, fontsize=TICKS)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(_percent())
    ax.tick_params(axis="y", length=0, labelcolor=DARK)
    set_scale(ax, label)
    set_title(ax, "Importance of the columns")
    return ax


def _percent() -> Any:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1.0, decimals=0)
