"""Global rankings of the columns, by the mean absolute attribution over training rows, or by importances."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.inspection import permutation_importance

from agop_tabular import AGOPExplainer
from agop_tabular.evaluation import ranking
from agop_tabular.models.rows import take_rows
from benchmarks.roar.data import load
from benchmarks.roar.model import ranking_model, scores
from benchmarks.shared import methods
from benchmarks.shared.cells import Cells
from benchmarks.shared.scores import centred

METHODS = (
    *("agop", "agop, gated", "agop-ixg", "agop-ixg, one-hot as numbers", "diag M", "diag M, one-hot as numbers"),
    *methods.PAPER_PEERS,
    "permutation importance",
)

PERMUTED_ROWS, PERMUTATIONS = 5000, 3
"""Rows, and permutations of each column, for permutation importance."""

MAP_ROWS = 2000
"""Rows from which coordinates are traced back to columns; their gradients are not used."""


def compute_rankings(cells: Cells, name: str, seed: int, options: dict[str, Any]) -> None:
    """Train the network of a seed and save the rankings by all methods."""
    warnings.simplefilter("ignore")
    (X, y), test = load(name, options["train_rows"], options["test_rows"])
    model = ranking_model(options["epochs"], seed).fit(X, y)
    cell = cells.read(f"{name}-{seed}")
    cell["scores"] = scores(model, *test)
    orders, importances = cell.setdefault("orders", {}), cell.setdefault("importances", {})
    chosen = np.sort(np.random.RandomState(seed).permutation(len(X))[: options["ranking_rows"]])
    rows = take_rows(X, chosen)
    for method in options["methods"]:
        if method not in orders:
            found = np.asarray(importance(method, model, X, y, rows, seed), dtype=float)
            importances[method] = (np.abs(found).mean(axis=0) if found.ndim == 2 else found).tolist()
            orders[method] = ranking(np.array(importances[method]), list(X.columns), random_state=seed)
            cells.write(f"{name}-{seed}", cell)


def importance(method: str, model: Any, X: pd.DataFrame, y: np.ndarray, rows: pd.DataFrame, seed: int) -> np.ndarray:
    """Attributions (n, d) of the second class, centred over classes, or importances (d,) of the columns.

    Parameters
    ----------
    method : str
    model : fitted pipeline
    X, y : training rows and labels
    rows : DataFrame of shape (n, d)
        Training rows to attribute.
    seed : int
    """
    if method == "permutation importance":
        few = np.random.RandomState(seed).permutation(len(X))[:PERMUTED_ROWS]
        found = permutation_importance(
            model, X.iloc[few], y[few], scoring="roc_auc", n_repeats=PERMUTATIONS, random_state=seed
        )
        return np.asarray(found.importances_mean)
    if method in methods.PAPER_PEERS:
        every = methods.fitted(method, model, X, seed).explain(rows, "all")
        return centred(np.asarray(every, dtype=float), np.ones(len(rows), dtype=int))
    if "as numbers" in method:
        return without_blocks(method, model, X, rows)
    name = "agop" if method.startswith("agop,") or method == "agop" else "agop-ixg"
    gate = True if "gated" in method else None
    explainer = AGOPExplainer(model, method=name, contrast=True, gate=gate, random_state=seed).fit(X)
    return explainer.feature_importances_ if method == "diag M" else explainer.explain(rows, 1).to_numpy()


def without_blocks(method: str, model: Any, X: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """AGOP-IxG or diag M of the encoded numbers, as if they were no one-hot blocks, with zero as the baseline.

    The explainer gets the encoded table; its attributions are folded to the columns of the original one.
    """
    encode, net = model[:-1], model[-1]
    feature_map = AGOPExplainer(model, method="agop-ixg").fit(X.iloc[:MAP_ROWS]).feature_map_
    explainer = AGOPExplainer(net, method="agop-ixg", standardize=False, baseline="zero", contrast=True)
    explainer.fit(encode.transform(X))
    if method.startswith("diag M"):
        return feature_map.fold(torch.from_numpy(explainer.agop_diagonal_)).numpy()
    return feature_map.fold(torch.from_numpy(explainer.explain(encode.transform(rows), 1))).numpy()
