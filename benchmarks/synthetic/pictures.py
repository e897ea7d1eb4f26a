"""Pictures of the synthetic study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.shared.pictures import plt, save
from benchmarks.synthetic.tables import TITLES


def draw(table: pd.DataFrame, order: list[str], truth: str, form: str, metrics: list[str], path: Path) -> None:
    """Each method's mean over seeds with its 95% interval, a panel for each task and metric."""
    part = table[(table["truth"] == truth) & (table["form"] == form)]
    names = list(dict.fromkeys(part["method"]))[::-1]
    shown = [task for task in order if task in set(part["task"])]
    if not shown:
        return
    figure, axes = plt.subplots(
        len(metrics),
        len(shown),
        figsize=(2.3 * len(shown) + 1.6, (0.24 * len(names) + 0.7) * len(metrics)),
        sharey=True,
        sharex="row",
        squeeze=False,
        layout="constrained",
    )
    for row, metric in zip(axes, metrics, strict=True):
        for axis, task in zip(row, shown, strict=True):
            _draw_panel(axis, part[part["task"] == task], names, metric)
    for axis, task in zip(axes[0], shown, strict=True):
        axis.set_title(task, fontsize=9)
    save(figure, path, dpi=110)


def _draw_panel(axis: plt.Axes, part: pd.DataFrame, names: list[str], metric: str) -> None:
    for y, name in enumerate(names):
        values = part.loc[part["method"] == name, metric].dropna()
        if len(values):
            half = 1.96 * values.std() / np.sqrt(len(values)) if len(values) > 1 else 0.0
            colour = "tab:red" if name.startswith("agop") else "tab:gray"
            axis.errorbar(values.mean(), y, xerr=half, fmt="o", ms=4, color=colour)
    axis.grid(axis="x", alpha=0.3)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.tick_params(axis="x", labelsize=8)
    axis.set_xlabel(TITLES[metric], fontsize=8)
