"""Picture of the timing study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.shared.pictures import GREY, SERIES, WIDTH, label_ends, plt, save
from benchmarks.timing.shape import FORWARD, Shape, along

HIGHLIGHTED = {"agop": SERIES[0], "agop-ixg": SERIES[2], "shap-deep": SERIES[1], FORWARD: SERIES[6]}
"""Methods with a colour of their own; all others are grey."""

SAME_AS = {"agop-weighted": "agop-ixg", "agop-local": "agop-ixg", "smoothgrad": "integrated-gradients"}
"""Methods that call the network as another one does, and would cover its line; the page's tables have them."""


def draw(table: pd.DataFrame, base: Shape, axes: dict[str, list[int]], path: Path) -> None:
    """Milliseconds a row on logarithmic scales, a panel for each axis; names at the right of the last one."""
    figure, panels = plt.subplots(1, len(axes), figsize=(WIDTH, 4.6), sharey=True, layout="constrained")
    names = [name for name in dict.fromkeys(table["method"]) if SAME_AS.get(name) not in set(table["method"])]
    for panel, axis in zip(panels, axes, strict=True):
        part = along(table, base, axis)
        for name in names:
            of = part[part["method"] == name]
            colour, width = HIGHLIGHTED.get(name, GREY), 2.2 if name in HIGHLIGHTED else 0.9
            style = "--" if name == FORWARD else "-"
            panel.plot(of[axis], 1e3 * of["row_seconds"], style, marker="o", ms=3, lw=width, color=colour)
        panel.set(xscale="log", yscale="log", xlabel=axis)
        panel.set_xticks(axes[axis], [f"{v:,}" for v in axes[axis]], fontsize=8)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("milliseconds a row")
    panels[0].yaxis.set_major_formatter("{x:g}")
    last = part.groupby("method")["row_seconds"].last()
    label_ends(panels[-1], [(1e3 * last[name], name, HIGHLIGHTED.get(name, "0.35")) for name in names if name in last])
    save(figure, path)
