"""One network: importances of its columns by effects, by diag M, and by permutation."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.inspection import permutation_importance

from agop_tabular import AGOPExplainer
from benchmarks.shared import families
from benchmarks.shared.cells import Cell, Cells


def add_cell(cells: Cells, family: str, seed: int) -> None:
    """Compute a cell and save it."""
    cells.write(f"{family}-{seed}", measured(family, seed, cells.settings))


def measured(family: str, seed: int, settings: dict[str, Any]) -> Cell:
    """Rank correlations, importance on columns that nothing depends on, intervals against further fits, and seconds."""
    warnings.simplefilter("ignore")
    trained = families.train(family, seed)
    if not trained.accuracy.passed:
        return {"failed": True}
    started = time.perf_counter()
    explainer = AGOPExplainer(trained.model, gate=None).fit(trained.train)
    effects, intervals = explainer.feature_importances_, explainer.feature_importance_intervals_
    seconds = time.perf_counter() - started
    rows, labels = trained.held_out
    classes = hasattr(trained.model, "classes_")
    started = time.perf_counter()
    permuted = permutation_importance(
        trained.model,
        rows,
        labels,
        scoring="neg_log_loss" if classes else "neg_mean_squared_error",
        n_repeats=settings["repeats"],
        random_state=seed,
    ).importances_mean
    permutation_seconds = time.perf_counter() - started
    published = AGOPExplainer(trained.model, method="agop-weighted").fit(trained.train).feature_importances_
    refits = [
        AGOPExplainer(trained.model, gate=None, random_state=k).fit(trained.train).feature_importances_
        for k in range(settings["refits"])
    ]
    mean, known = np.mean(refits, axis=0), effects > settings["least"]
    inside = (intervals[:, 0] <= mean) & (mean <= intervals[:, 1])
    each = {"effects": effects, "diag M": published, "permutation": np.maximum(permuted, 0)}
    return {
        "with_permutation": {name: float(spearmanr(each[name], permuted).statistic) for name in ("effects", "diag M")},
        "on_noise": {name: _on_noise(values, trained.truth) for name, values in each.items()},
        "inside": float(inside[known].mean()),
        "width": float((intervals[known, 1] - intervals[known, 0]).mean()),
        "seconds": {"effects, with the fit": seconds, "permutation": permutation_seconds},
        "columns": len(effects),
    }


def _on_noise(importances: np.ndarray, truth: Any) -> float | None:
    """Share of the importances on columns that no score depends on; None where there are none, or they are unknown."""
    if truth is None or len(truth.informative) == len(importances):
        return None
    rest = np.setdiff1d(np.arange(len(importances)), truth.informative)
    return float(importances[rest].sum() / importances.sum())
