"""Mean attributions of groups of rows side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.cells import cut_text
from agop_tabular.results.colours import MARKERS, PALE, SERIES
from agop_tabular.results.plots.canvas import (
    ENTRY,
    MOST,
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from agop_tabular.results.cohorts import Cohorts

MOST_GROUPS = len(SERIES)
"""Groups that are drawn, the largest ones: more cannot be told apart."""

WIDTH, LINE, AROUND = 7.0, 0.4, 1.6
"""Inches of a new figure: its width, the height of a column, and of all else."""

SURE = 0.05
"""Adjusted p-value from which on a column's groups are drawn pale."""


def plot_cohorts(cohorts: Cohorts, ax: Any = None, *, n: int = 10) -> Axes:
    """Draw the mean attributions of groups, those columns first whose groups differ most.

    Parameters
    ----------
    cohorts : Cohorts
    ax : matplotlib Axes, optional
    n : int, default=10
        Columns.
    """
    groups = list(cohorts.sizes.index[:MOST_GROUPS])
    means = cohorts.means.loc[groups].to_numpy(dtype=float)
    order = np.argsort(-np.ptp(means, axis=0), kind="stable")[: count(n)]
    ax = one_axes(ax, (WIDTH, AROUND + LINE * len(order) + ENTRY * len(groups)))
    smallest = cohorts.differences.groupby("feature")["p_holm"].min()
    names = [str(cohorts.means.columns[j]) for j in order]
    sure = np.array([smallest[cohorts.means.columns[j]] < SURE for j in order])
    y = np.arange(len(order))
    ax.hlines(y, means[:, order].min(axis=0), means[:, order].max(axis=0), color=PALE, lw=2, zorder=1)
    dots, labels = [], [f"{cut_text(group, MOST // 2)} ({cohorts.sizes[group]:,} rows)" for group in groups]
    for i in range(len(groups)):
        x = means[i, order]
        style: dict[str, Any] = {"ls": "", "marker": MARKERS[i], "color": SERIES[i], "ms": 7, "zorder": 2}
        dots += ax.plot(x[sure], y[sure], **style)
        ax.plot(x[~sure], y[~sure], markerfacecolor="none", **style)
    plain_frame(ax, zero=0.0)
    ax.set_yticks(y, side_labels(names, length=label_length(ax)), fontsize=TICKS)
    ax.tick_params(axis="y", length=0)
    note = "" if sure.all() else "\nhollow: no difference beyond chance (Holm)"
    set_scale(ax, f"mean attribution: {score_label(cohorts.unit, cohorts.target)}{note}")
    legend_below(ax, len(order), dots, labels)
    title = f"Groups of rows: {len(groups)}" + (f" of {len(cohorts.sizes)}" if len(groups) < len(cohorts.sizes) else "")
    if len(order) < len(cohorts.means.columns):
        title += f"; {len(order)} of {len(cohorts.means.columns)} columns, the largest difference first"
    set_title(ax, title)
    return ax
