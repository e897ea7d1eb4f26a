"""Tables of the synthetic study's page."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.shared.markdown import difference, number, p_value
from benchmarks.synthetic.comparisons import DEFAULT, PAPER

TITLES = {
    "spearman": "Spearman",
    "spearman_random_zeros": "zeros in random order",
    "spearman_informative": "informative only",
    "cosine": "cosine",
    "relative_error": "relative error ↓",
    "signs": "signs",
    "top_one": "top-1",
    "top_k": "top-k",
    "auprc": "AUPRC",
    "noise_mass": "noise mass ↓",
}


PUBLISHED = (
    ("linear", "top_k", "agop-ixg", 0.895),
    ("linear", "top_k", "lime", 0.915),
    ("sparse-nonlinear", "top_k", "agop-ixg", 0.514),
    ("sparse-nonlinear", "top_k", "shap-deep", 0.515),
    ("sparse-nonlinear", "spearman", "agop-ixg", 0.516),
    ("sparse-nonlinear", "spearman", "shap-deep", 0.511),
    ("sparse-nonlinear", "noise_mass", "agop-ixg", 0.244),
    ("sparse-nonlinear", "noise_mass", "shap-deep", 0.409),
)
"""Figures of arXiv 2605.15700 that are known here, by task, metric and method. It writes SHAP; which explainer it was
is not known."""


def networks(nets: pd.DataFrame) -> pd.DataFrame:
    """A row for each task."""
    groups = nets.groupby("task", sort=False)
    return pd.DataFrame(
        {
            "accuracy": groups["accuracy"].mean().map(number),
            "of the true scores": groups["best_accuracy"].mean().map(number),
            "majority": groups["majority"].mean().map(number),
            "failed": (groups["passed"].count() - groups["passed"].sum()).map(str) + " of " + groups.size().map(str),
            "reliability": groups["reliability"].mean().map(lambda v: f"{v:.4f}"),
            "cosine of the network's Shapley values with the truth": groups["own_cosine_with_truth"].mean().map(number),
            "informative": groups["informative"].mean().map(lambda v: f"{v:.1f}"),
        }
    ).reset_index()


def paper_comparisons(found: pd.DataFrame) -> pd.DataFrame:
    """A row for each task, metric and peer."""
    return pd.DataFrame(
        {
            "task": found["task"],
            "metric": [TITLES[m] for m in found["metric"]],
            PAPER.ours: [number(v) for v in found.get("ours", ())],
            "against": found["against"],
            "difference": [difference(r) for r in found.itertuples()],
            "seeds won": [f"{r.wins:g} of {r.n:.0f}" for r in found.itertuples()],
            "p (t)": [p_value(r.holm_t) for r in found.itertuples()],
            "p (Wilcoxon)": [p_value(r.holm_wilcoxon) for r in found.itertuples()],
        }
    )


def published(passed: pd.DataFrame) -> pd.DataFrame:
    """A row for each figure of the paper, with this study's own: raw truth, attributions as they are."""
    of = passed[(passed["truth"] == "raw") & (passed["form"] == "plain")]
    return pd.DataFrame(
        {
            "task": task,
            "metric": TITLES[metric],
            "method": method,
            "the paper": number(value),
            "here": number(
                of[(of["task"] == task) & (of["method"] == method)].get(metric, pd.Series(dtype=float)).mean()
            ),
        }
        for task, metric, method, value in PUBLISHED
    )


def default_comparisons(found: pd.DataFrame) -> pd.DataFrame:
    """A row for each truth, metric and task; a column for each peer."""
    rows = []
    for (truth, metric, task), part in found.groupby(["truth", "metric", "task"], sort=False):
        row = {"truth": truth, "metric": TITLES[metric], "task": task, DEFAULT.ours: number(part["ours"].iloc[0])}
        for r in part.itertuples():
            row[r.against] = difference(r) + (" *" if r.holm_wilcoxon < 0.05 else "")
        rows.append(row)
    return pd.DataFrame(rows)


def methods(part: pd.DataFrame, metrics: list[str], *, spread: bool = True) -> pd.DataFrame:
    """Mean (± sd over seeds) of each metric; a row for each method and form."""
    metrics = [metric for metric in metrics if metric in part]
    per_seed = part.groupby(["method", "form", "task", "seed"], sort=False)[metrics].mean()
    means = (
        per_seed.groupby(["method", "form", "task"], sort=False).mean().groupby(["method", "form"], sort=False).mean()
    )
    sds = per_seed.groupby(["method", "form"], sort=False).std()
    rows = []
    for key in means.index:
        row = {"method": key[0] if key[1] == "plain" else f"{key[0]}, {key[1]}"}
        for metric in metrics:
            with_sd = spread and not np.isnan(sds.loc[key, metric])
            sd = f" ±{number(sds.loc[key, metric])}" if with_sd else ""
            row[TITLES[metric]] = number(means.loc[key, metric]) + sd
        rows.append(row)
    return pd.DataFrame(rows)


def times(passed: pd.DataFrame) -> pd.DataFrame:
    """A row for each method."""
    once = passed[(passed["truth"] == "raw") & (passed["form"] == "plain")].groupby("method", sort=False)
    return pd.DataFrame(
        {
            "fit, s": once["fit_seconds"].median().map(lambda v: f"{v:.3f}"),
            "row, all classes, ms": once["row_seconds"].median().map(lambda v: f"{1e3 * v:.3f}"),
            "after randomisation": once["randomised_spearman"].mean().map(number),
        }
    ).reset_index()


def failures(failed: pd.DataFrame) -> pd.DataFrame:
    """A row for each task and method."""
    groups = failed.groupby(["task", "method"], sort=False)["failed"]
    return pd.DataFrame({"cells": groups.size().map(str), "first message": groups.first()}).reset_index()
