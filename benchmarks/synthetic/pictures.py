"""Pictures of the synthetic study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from agop_tabular.results.colours import MARKERS
from benchmarks.shared.pictures import PALE, SERIES, WIDTH, plt, save
from benchmarks.synthetic.tables import TITLES


def draw(table: pd.DataFrame, order: list[str], truth: str, form: str, metrics: list[str], path: Path) -> None:
    """Each method's mean over seeds, a panel for each metric, a line for each method, and a sign for each task.

    Tasks where a metric is the same for all methods are left out of its panel. The page's tables have the intervals.
    """
    part = table[(table["truth"] == truth) & (table["form"] == form)]
    names = list(dict.fromkeys(part["method"]))[::-1]
    shown = [task for task in order if task in set(part["task"])]
    if not shown:
        return
    size = (WIDTH, 0.3 * len(names) + 1.3)
    figure, axes = plt.subplots(1, len(metrics), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axis, metric in zip(axes[0], metrics, strict=True):
        _draw_panel(axis, part.groupby(["task", "method"])[metric].mean(), names, shown)
        axis.set_xlabel(TITLES[metric])
    for label in axes[0, 0].get_yticklabels():
        label.set_fontweight("bold" if label.get_text().startswith("agop") else "normal")
    handles = {
        label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=len(shown), frameon=False, fontsize=8)
    save(figure, path)


def _draw_panel(axis: plt.Axes, means: pd.Series, names: list[str], tasks: list[str]) -> None:
    for y in range(len(names)):
        axis.axhline(y, color=PALE, lw=0.6, zorder=0)
    for place, task in enumerate(tasks):
        values = means[task].reindex(names)
        if len(names) > 1 and not values.max() > values.min():
            continue
        colour, marker = SERIES[place % len(SERIES)], MARKERS[place % len(MARKERS)]
        axis.plot(values, range(len(names)), ls="", marker=marker, ms=5, alpha=0.85, color=colour, label=task)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
