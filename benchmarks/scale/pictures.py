"""Picture of the scale study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.shared.pictures import plt, save

SHOWN = ("agop-ixg", "agop", "captum Input×Gradient", "agop-ixg, fit", "agop, fit")


def draw(cells: list[dict[str, Any]], path: Path) -> None:
    """Ratios against columns."""
    cells = [cell for cell in cells if cell["varied"] == "p"]
    if not cells:
        return
    figure, axis = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for name in SHOWN:
        points = [(c["p"], c["ratios"][name]) for c in cells if name in c["ratios"]]
        axis.plot(*zip(*points, strict=True), marker="o", label=name)
    axis.axhline(1, color="0.6", linewidth=1)
    axis.set(xscale="log", yscale="log", xlabel="columns", ylabel="times a forward pass over the same rows")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.legend(frameon=False)
    save(figure, path, dpi=130)
