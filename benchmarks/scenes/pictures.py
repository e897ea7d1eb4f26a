"""Pictures of the study on scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scenes.maps import BLACK_IG, GRADIENT, IG
from benchmarks.scenes.shift import WEIGHTED
from benchmarks.scenes.tables import kind_of_scenes
from benchmarks.shared.pictures import SERIES, WIDTH, plt, save

DRAWN = 2
"""Scenes in the picture of maps."""

COLUMNS = (
    *("agop-weighted", "agop-global", "agop-ixg", GRADIENT, "smoothgrad", IG, BLACK_IG),
    *("guided-ig", "spectral-ig", "grad-cam", "layer-cam, stage 2", "refined cam", "|x - mean image|"),
)
"""Maps that are drawn, of those that there are."""


def draw_maps(cells: list[dict[str, Any]], path: Path) -> None:
    """Test scenes of the first network, with the single object, and maps by all methods beside its outline."""
    first = [cell for cell in cells if (cell["task"], cell["seed"]) == (cells[0]["task"], cells[0]["seed"])]
    shown = {name: values for cell in first for name, values in cell["shown"].items()}
    pictures = next((cell["pictures"] for cell in first if "pictures" in cell), None)
    if pictures is None:
        return
    names = [name for name in COLUMNS if name in shown]
    n, across = min(DRAWN, len(pictures["image"])), (len(names) + 3) // 2
    size = (1.3 * across, 3.1 * n)
    figure, axes = plt.subplots(2 * n, across, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.ravel():
        axis.set_axis_off()
    for i in range(n):
        panels = [("image", pictures["image"][i]), ("mask", pictures["target"][i])]
        panels += [(name, shown[name][i]) for name in names]
        for k, (name, values) in enumerate(panels):
            axis = axes[2 * i + k // across, k % across]
            axis.imshow(np.array(values), **({} if name == "image" else {"cmap": "magma", "vmin": 0}))
            if name not in ("image", "mask"):
                axis.contour(np.array(pictures["target"][i]), levels=[0.5], colors="white", linewidths=0.6)
            axis.set_title(name.replace(", ", "\n"), fontsize=7)
    save(figure, path, dpi=80)  # maps hardly compress


def draw_shift(cells: list[dict[str, Any]], path: Path) -> None:
    """Error of AGOP-Weighted's map of each image against its support; first network, a panel for each set."""
    sets = cells[0]["sets"]
    figure, axes = plt.subplots(
        1, len(sets), figsize=(WIDTH, 2.6), squeeze=False, layout="constrained", sharex=True, sharey=True
    )
    for axis, (name, found) in zip(axes[0], sets.items(), strict=True):
        right = np.array(found["correct"])
        error, support = 1 - np.array(found["iou"][WEIGHTED]), np.array(found["support"])
        for k, (chosen, label) in enumerate(((right, "classified right"), (~right, "wrong"))):
            axis.plot(support[chosen], error[chosen], "os"[k], ms=3, color=SERIES[k], label=label, alpha=0.7)
        axis.set_title(kind_of_scenes(name), fontsize=9)
        axis.set_xlabel("support")
    axes[0, 0].set_ylabel("1 - IoU of agop-weighted")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    save(figure, path)
