"""Pictures of the image study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.images.cell import Cell
from benchmarks.images.comparisons import KEYS
from benchmarks.images.maps import GRADIENT
from benchmarks.shared.pictures import SERIES, WIDTH, plt, save

SHOWN = (
    "agop-adaptive",
    "agop-weighted",
    "agop-global",
    GRADIENT,
    "smoothgrad",
    "integrated-gradients",
    "grad-cam, last",
)
FIXED = ("linear", "multiplicative", "xor")
"""Scenarios whose shapes are at the same place in all images."""


def draw_maps(cells: list[Cell], path: Path) -> None:
    """An image of each scenario with its truth and its maps; first network and background."""
    first = cells[0]
    chosen: dict[str, Cell] = {}
    for cell in cells:
        if (cell.network, cell.background) == (first.network, first.background) and cell.learned:
            chosen.setdefault(cell.scenario, cell)
    columns = ("image", "mask", *(name for name in SHOWN if name in first.methods))
    n_rows = max(1, len(chosen))
    figure, axes = plt.subplots(n_rows, len(columns), figsize=(1.35 * len(columns), 1.5 * n_rows), squeeze=False)
    for row, (scenario, cell) in zip(axes, chosen.items(), strict=False):
        gradients = cell.shown[GRADIENT]
        k = max(range(len(gradients)), key=lambda i: np.max(gradients[i]) > 0)  # the first with a gradient
        for axis, name in zip(row, columns, strict=True):
            values = np.array(cell.shown[name][k])
            values = values if name == "image" else np.abs(values)
            axis.imshow(values, cmap="gray" if name in ("image", "mask") else "magma")
            axis.set_xticks([])
            axis.set_yticks([])
        row[0].set_ylabel(scenario.replace("_", "\n"), fontsize=8)
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name.replace("-", " ").replace(", ", "\n").replace(" ", "\n", 1), fontsize=8)
    figure.suptitle(f"{first.network}, {first.background} background", fontsize=9)
    figure.tight_layout()
    save(figure, path)


def draw_curves(cells: list[Cell], path: Path) -> None:
    """IoU of diag M with the truth, and accuracy, over epochs, means over seeds; scenarios with fixed shapes."""
    table = pd.DataFrame(
        {key: getattr(cell, key) for key in (*KEYS, "seed")} | point
        for cell in cells
        for point in cell.epochs
        if point["iou"] is not None
    )
    if table.empty:
        return
    networks = list(dict.fromkeys(table["network"]))
    figure, axes = plt.subplots(
        len(networks), 3, figsize=(WIDTH, 2.8 * len(networks)), squeeze=False, layout="constrained", sharey=True
    )
    for row, network in zip(axes, networks, strict=True):
        for axis, scenario in zip(row, FIXED, strict=True):
            part = table[(table["network"] == network) & (table["scenario"] == scenario)]
            for i, (background, own) in enumerate(part.groupby("background", sort=False)):
                mean = own.groupby("epoch")[["iou", "valid_accuracy"]].mean()
                axis.plot(mean.index, mean["iou"], color=SERIES[i], label=f"IoU of diag M, {background}")
                axis.plot(mean.index, mean["valid_accuracy"], ":", color=SERIES[i], label=f"accuracy, {background}")
            axis.set_title(f"{network}, {scenario}", fontsize=10)
            axis.set_xlabel("epoch")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False, fontsize=9
    )
    save(figure, path)


def draw_shift(records: pd.DataFrame, path: Path) -> None:
    """IoU of Weighted, the plain gradient and Adaptive against the level of each shift; first network."""
    if records.empty:
        return
    table = records[records["network"] == records["network"].iloc[0]]
    kinds = list(dict.fromkeys(table["kind"]))
    figure, axes = plt.subplots(
        len(FIXED), len(kinds), figsize=(WIDTH, 7), squeeze=False, layout="constrained", sharex="col", sharey="row"
    )
    for row, scenario in zip(axes, FIXED, strict=True):
        for axis, kind in zip(row, kinds, strict=True):
            part = table[(table["scenario"] == scenario) & (table["kind"] == kind)].groupby("level")
            for name, colour, marker in zip(("agop-weighted", GRADIENT, "agop-adaptive"), SERIES, "os^", strict=False):
                mean, sd = part[name].mean(), part[name].std()
                axis.errorbar(
                    mean.index, mean, yerr=sd, marker=marker, color=colour, ms=4, lw=1.2, capsize=2, label=name
                )
            axis.set_title(f"{scenario}, {kind}", fontsize=9)
            axis.set_ylim(bottom=0)
    for axis in axes[-1]:
        axis.set_xlabel("level")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False, fontsize=9
    )
    for axis in axes[:, 0]:
        axis.set_ylabel("IoU, own shape")
    save(figure, path)
