"""Picture of the timing study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.shared.pictures import plt, save
from benchmarks.timing.shape import FORWARD, Shape, along


def draw(table: pd.DataFrame, base: Shape, axes: dict[str, list[int]], path: Path) -> None:
    """Milliseconds a row on logarithmic scales, a panel for each axis."""
    figure, panels = plt.subplots(1, len(axes), figsize=(13, 4.2), sharey=True, layout="constrained")
    names = list(dict.fromkeys(table["method"]))
    colours = dict(zip(names, plt.get_cmap("tab20")(np.linspace(0, 1, 20)), strict=False))
    for panel, axis in zip(panels, axes, strict=True):
        part = along(table, base, axis)
        for name in names:
            of = part[part["method"] == name]
            width = 2.5 if name.startswith("agop") or name == FORWARD else 1
            panel.plot(of[axis], 1e3 * of["row_seconds"], "o-", ms=3, lw=width, color=colours[name], label=name)
        panel.set(xscale="log", yscale="log", xlabel=axis)
        panel.set_xticks(axes[axis], [f"{v:,}" for v in axes[axis]], fontsize=8)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("milliseconds a row")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=8)
    save(figure, path, dpi=110)
