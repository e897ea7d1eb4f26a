"""Picture of the budget study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.shared.pictures import SERIES, WIDTH, plt, save

COLUMNS = 3
"""Panels side by side."""

METHODS = {
    "permutations": (SERIES[1], "^"),
    "KernelSHAP": (SERIES[3], "s"),
    "Leverage SHAP, noisy values": (SERIES[2], "v"),
    "refined": (SERIES[0], "o"),
}
"""Colour and marker of each."""


def draw(table: pd.DataFrame, means: pd.DataFrame, path: Path) -> None:
    """Error against evaluations, both logarithmic, a panel for each family."""
    names = means.index.get_level_values("family").unique()
    rows = -(-len(names) // COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(WIDTH, 2.4 * rows), layout="constrained", squeeze=False, sharex=True, sharey=True
    )
    for panel in axes.ravel()[len(names) :]:
        panel.remove()
    evaluations = table.groupby(["family", "pairs"])["evaluations"].first()
    for place, (panel, family) in enumerate(zip(axes.ravel(), names, strict=False)):
        part = means.loc[family]
        for name, (colour, marker) in METHODS.items():
            errors = part[name].dropna()
            panel.plot(evaluations[family][errors.index], errors, color=colour, marker=marker, ms=4, label=name)
        panel.axhline(part["look-up"].dropna().iloc[0], color=SERIES[0], ls="--", lw=1, label="look-up, 1 evaluation")
        panel.set(xscale="log", yscale="log")
        panel.yaxis.set_major_formatter("{x:g}")
        panel.set_title(family, fontsize=10)
        if place + COLUMNS >= len(names):
            panel.tick_params(axis="x", labelbottom=True)
            panel.set_xlabel("evaluations a row")
        if place % COLUMNS == 0:
            panel.set_ylabel("relative error")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=len(labels),
        frameon=False,
        fontsize=9,
        columnspacing=1.2,
        handlelength=1.6,
    )
    save(figure, path)
