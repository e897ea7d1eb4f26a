"""Pictures of the ROAR study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.shared.pictures import GREY, SERIES, WIDTH, plt, save

CURVES = {"remove": "removal (lower is better)", "keep": "keeping (higher is better)"}

HIGHLIGHTED = {
    "agop": (SERIES[0], "-", "o"),
    "agop-ixg": (SERIES[4], "-", "s"),
    "shap-deep": (SERIES[1], "-", "^"),
    "input-x-gradient": (SERIES[2], "--", "v"),
    "lime": (SERIES[3], "-.", "D"),
}
"""Colour, line and marker of the methods that are told apart; the table under the picture has all."""


def draw(curves: pd.DataFrame, path: Path) -> None:
    """ROC-AUC against the share of columns removed, or kept; random rankings as a band, other methods in grey."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 4.2), layout="constrained", sharey=True)
    others = [m for m in curves["method"].unique() if m != "random" and m not in HIGHLIGHTED]
    for panel, (curve, title) in zip(axes, CURVES.items(), strict=True):
        of = curves[curves["curve"] == curve]
        random = of[of["method"] == "random"].groupby("k")["roc_auc"]
        share = np.array(sorted(of["k"].unique())) / of["k"].max()
        low, high = random.quantile(0.025), random.quantile(0.975)
        panel.fill_between(share, low, high, color="0.9", label="random rankings, 95%")
        means = of.groupby(["method", "k"])["roc_auc"].mean()
        for place, method in enumerate(others):
            label = f"{len(others)} other methods" if place == 0 else None
            panel.plot(share, means[method], color=GREY, lw=0.8, label=label)
        for method, (colour, style, marker) in HIGHLIGHTED.items():
            if method in means:
                panel.plot(share, means[method], style, color=colour, marker=marker, ms=4, lw=1.6, label=method)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel(f"share of columns {'removed' if curve == 'remove' else 'kept'}")
    axes[0].set_ylabel("test ROC-AUC after retraining")
    axes[1].legend(frameon=False, fontsize=9, loc="lower right")
    save(figure, path)
