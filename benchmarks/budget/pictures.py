"""Picture of the budget study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.shared.pictures import plt, save


def draw(table: pd.DataFrame, means: pd.DataFrame, path: Path) -> None:
    """Error against evaluations, both logarithmic, a panel for each family."""
    names = means.index.get_level_values("family").unique()
    columns = min(4, len(names))
    figure, axes = plt.subplots(
        -(-len(names) // columns),
        columns,
        figsize=(3.1 * columns, 5.2),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    for panel in axes.ravel()[len(names) :]:
        panel.remove()
    evaluations = table.groupby(["family", "pairs"])["evaluations"].first()
    for panel, family in zip(axes.ravel(), names, strict=False):
        part = means.loc[family]
        for name, colour in (("refined", "C3"), ("permutations", "C0"), ("KernelSHAP", "C2")):
            errors = part[name].dropna()
            panel.plot(evaluations[family][errors.index], errors, color=colour, marker="o", ms=3, label=name)
        panel.axhline(part["look-up"].dropna().iloc[0], color="C1", ls="--", label="look-up")
        panel.set(xscale="log", yscale="log", title=family, xlabel="evaluations a row")
    axes[0, 0].set_ylabel("relative error")
    axes[0, 0].legend(frameon=False, fontsize=8)
    save(figure, path)
