"""Picture of the ablation study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.shared.pictures import plt, save


def draw_support(support: pd.DataFrame, path: Path) -> None:
    """Median error and quartiles over bins of support."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
    truths = (("the network's own Shapley values", "error"), ("the contrast truth", "error_of_truth"))
    for panel, (title, column) in zip(axes, truths, strict=True):
        for name, part in support.dropna(subset=[column]).groupby("rows", sort=False):
            bins = pd.qcut(part["support"], 12, duplicates="drop")
            groups = part.groupby(bins, observed=True)
            x, y = groups["support"].median(), groups[column].median()
            panel.plot(x, y, marker="o", ms=3, label=name)
            panel.fill_between(x, groups[column].quantile(0.25), groups[column].quantile(0.75), alpha=0.15)
        panel.set_xlabel("support")
        panel.set_title(f"against {title}", fontsize=10)
        panel.set_yscale("log")
    axes[0].set_ylabel("relative error of a row")
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)
