"""Removal by row: each row loses its own most important columns, in training and in testing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular import AGOPExplainer
from agop_tabular.evaluation.roar import fill_values
from benchmarks.roar.data import load
from benchmarks.roar.model import Maker, ranking_model, scores
from benchmarks.shared.cells import Cells

METHODS = ("agop", "agop-ixg", "input-x-gradient", "random")
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of each row's columns that are removed."""


def compute_by_row(cells: Cells, name: str, seed: int, options: dict[str, Any]) -> None:
    """Retrain on the tables with removed columns, and add the scores to the saved cell."""
    warnings.simplefilter("ignore")
    train, test = load(name, options["train_rows"], options["test_rows"])
    fill = fill_values(train[0])
    model = ranking_model(options["epochs"], seed).fit(*train)
    records = []
    for method in METHODS:
        order = [row_order(method, model, train[0], X, seed) for X in (train[0], test[0])]
        for share in SHARES:
            k = max(1, round(share * train[0].shape[1]))
            tables = [emptied(X, o[:, :k], fill) for X, o in zip((train[0], test[0]), order, strict=True)]
            again = Maker(options["epochs"])(100 * seed).fit(tables[0], train[1])
            records.append({"method": method, "share": share} | scores(again, tables[1], test[1]))
    cell = cells.read(f"{name}-{seed}")
    cells.write(f"{name}-{seed}", cell | {"by_row": records})


def row_order(method: str, model: Any, background: pd.DataFrame, X: pd.DataFrame, seed: int) -> np.ndarray:
    """Columns of each row by falling absolute attribution, (n, d)."""
    if method == "random":
        return np.random.RandomState(seed).random_sample(X.shape).argsort(axis=1)
    name = "ixg" if method == "input-x-gradient" else method
    explainer = AGOPExplainer(model, method=name, contrast=True, gate=None).fit(background)
    return np.argsort(-np.abs(explainer.explain(X, 1).to_numpy()), axis=1, kind="stable")


def emptied(X: pd.DataFrame, columns: np.ndarray, fill: dict[str, Any]) -> pd.DataFrame:
    """The table, with the columns (n, k) of each row set to their fill value."""
    out = X.copy()
    removed = np.zeros(X.shape, dtype=bool)
    np.put_along_axis(removed, columns, True, axis=1)
    for j, name in enumerate(X.columns):
        out[name] = X[name].mask(removed[:, j], fill[name]).astype(X[name].dtype)
    return out
