"""Pictures of the ROAR study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.shared.pictures import plt, save

CURVES = {"remove": "removal (lower is better)", "keep": "keeping (higher is better)"}


def draw(curves: pd.DataFrame, path: Path) -> None:
    """ROC-AUC against the share of columns removed, or kept; random rankings as a band."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", sharey=True)
    named = [m for m in curves["method"].unique() if m != "random"]
    styles = {m: {"color": f"C{i % 10}", "ls": ("-", "--")[i >= 10 or "as numbers" in m]} for i, m in enumerate(named)}
    for panel, (curve, title) in zip(axes, CURVES.items(), strict=True):
        of = curves[curves["curve"] == curve]
        random = of[of["method"] == "random"].groupby("k")["roc_auc"]
        share = np.array(sorted(of["k"].unique())) / of["k"].max()
        panel.fill_between(
            share, random.quantile(0.025), random.quantile(0.975), color="0.85", label="random, 95% band"
        )
        panel.plot(share, random.mean(), color="0.5", lw=1, ls="--", label="random, mean")
        for method, style in styles.items():
            mean = of[of["method"] == method].groupby("k")["roc_auc"].mean()
            panel.plot(mean.index / of["k"].max(), mean, **style, lw=1.3, label=method)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel(f"share of columns {'removed' if curve == 'remove' else 'kept'}")
    axes[0].set_ylabel("test ROC-AUC after retraining")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=8)
    save(figure, path)
