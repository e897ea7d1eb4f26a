"""Picture of the scale study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.shared.pictures import SERIES, label_ends, plt, save

SHOWN = {
    "agop-ixg": (SERIES[2], "-"),
    "agop": (SERIES[0], "-"),
    "captum Input×Gradient": (SERIES[1], "-"),
    "agop-ixg, fit": (SERIES[2], ":"),
    "agop, fit": (SERIES[0], ":"),
}
"""Colour and line of what is shown."""


def draw(cells: list[dict[str, Any]], path: Path) -> None:
    """Ratios against columns, with names at the ends of the lines."""
    cells = [cell for cell in cells if cell["varied"] == "p"]
    if not cells:
        return
    figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
    ends = []
    for name, (colour, style) in SHOWN.items():
        points = [(c["p"], c["ratios"][name]) for c in cells if name in c["ratios"]]
        if points:
            axis.plot(*zip(*points, strict=True), ls=style, marker="o", ms=4, color=colour)
            ends.append((points[-1][1], name, colour))
    axis.axhline(1, color="0.6", linewidth=1)
    ends.append((1.0, "forward pass", "0.35"))
    axis.set(xscale="log", yscale="log", xlabel="columns", ylabel="times a forward pass over the same rows")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_major_formatter("{x:g}")
    label_ends(axis, ends)
    save(figure, path)
