"""ROAR on Adult and Credit Default: what a retrained network loses without the columns that a method ranks first.

Rankings and retrainings are kept under OUTPUT/roar.cells as soon as they are done, so that a run that was stopped goes
on where it was.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import InputShapeSetter
from torch import nn

from agop_tabular import AGOPExplainer, datasets
from agop_tabular.evaluation import Retrainings, ranking, roar
from agop_tabular.evaluation.roar import fill_values, removals
from agop_tabular.models.rows import take_rows
from agop_tabular.networks.batches import batched
from benchmarks import methods, report_roar
from benchmarks.cells import Cell, Cells, run_all
from benchmarks.machine import machine
from benchmarks.scores import centred

RESULTS = Path(__file__).parent / "results"

DATA = ("adult", "credit-default")
PEERS = ("shap-deep", "integrated-gradients", "input-x-gradient", "lime")
METHODS = (
    *("agop", "agop, gated", "agop-ixg", "agop-ixg, one-hot as numbers", "diag M", "diag M, one-hot as numbers"),
    *PEERS,
    "permutation importance",
)
BY_ROW = ("agop", "agop-ixg", "input-x-gradient", "random")
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of each row's columns that are removed."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=5, help="of rankings: network and explainer are fitted anew")
    parser.add_argument("--retrainings", type=int, default=2, help="at each point of a ranking's curve")
    parser.add_argument("--random", type=int, default=20, help="random rankings")
    parser.add_argument("--train-rows", type=int, default=None, help="all by default")
    parser.add_argument("--test-rows", type=int, default=None, help="all by default")
    parser.add_argument("--ranking-rows", type=int, default=500, help="training rows that are attributed for a ranking")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2, help="retrainings at a time, one thread each")
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("train_rows", "test_rows", "ranking_rows", "epochs")}
    cells = Cells(options["output"] / "roar.cells", settings)
    started = time.perf_counter()
    found = {name: of_data(name, cells, options) for name in options["data"]}
    result = {
        "machine": machine(),
        "settings": settings | {k: options[k] for k in ("data", "methods", "seeds", "retrainings", "random")},
        "seconds_of_this_run": round(time.perf_counter() - started),
    }
    report_roar.write(options["output"], result, found)
    print(f"written to {options['output'] / 'roar.md'}")


def of_data(name: str, cells: Cells, options: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Rankings, curves and per-row removal on one table."""
    seeds, jobs = range(options["seeds"]), options["jobs"]
    arguments = [(cells, name, seed, options) for seed in seeds]
    open_ = [a for a in arguments if set(options["methods"]) - set(cells.read(f"{name}-{a[2]}").get("orders", {}))]
    print(f"{name}: rankings of {len(arguments) - len(open_)} of {len(arguments)} seeds are there", flush=True)
    run_all(rank, open_, jobs, f"{name}: rankings")
    train, test = load(name, options)
    stem = f"{name}-{options['train_rows']}-{options['test_rows']}-{options['epochs']}"
    maker = Maker(options["epochs"])
    retrainings = Retrainings(maker, train, test, score=scores, folder=cells.folder, name=f"retrainings-{stem}")
    orders = [
        {"method": method, "seed": seed, "order": cells.read(f"{name}-{seed}")["orders"][method]}
        for seed in seeds
        for method in options["methods"]
    ]
    columns = list(train[0].columns)
    orders += [
        {"method": "random", "seed": i, "order": np.random.RandomState(1000 + i).permutation(columns).tolist()}
        for i in range(options["random"])
    ]
    keys = []
    for order in orders:
        order["retrainings"] = nested(order, options["retrainings"], len(seeds))
        for keep in (False, True):
            for removed in removals(order["order"], keep=keep):
                keys += [retrainings.key(removed, seed) for seed in order["retrainings"]]
    print(f"{name}: {len(set(keys))} different retrainings", flush=True)
    retrainings.compute(keys, jobs, verbose=1)
    curves = [
        roar(retrainings, order["order"], seeds=order["retrainings"], keep=keep)
        .reset_index()
        .assign(method=order["method"], seed=order["seed"], curve="keep" if keep else "remove")
        for order in orders
        for keep in (False, True)
    ]
    open_ = [a for a in arguments if not cells.read(f"{name}-{a[2]}").get("by_row")]
    run_all(by_row, open_, jobs, f"{name}: removal by row")
    rows = [{"seed": seed} | record for seed in seeds for record in cells.read(f"{name}-{seed}")["by_row"]]
    ranked = pd.DataFrame(orders).drop(columns="retrainings")
    return {"orders": ranked, "curves": pd.concat(curves, ignore_index=True), "by_row": pd.DataFrame(rows)}


def nested(order: dict[str, Any], n: int, n_seeds: int) -> list[int]:
    """Seeds of the retrainings of a ranking: the same for all methods."""
    first = order["seed"] % n_seeds
    return [100 * first + i for i in range(n)]


# Data and model ---------------------------------------------------------------------------------------------------


def load(name: str, options: dict[str, Any]) -> tuple[tuple[pd.DataFrame, np.ndarray], tuple[pd.DataFrame, np.ndarray]]:
    """Training and test rows, labels 0 and 1: Adult's official split, a fifth of Credit Default for testing."""
    if name == "adult":
        table = datasets.fetch_adult()
        first = (table.split == "train").to_numpy()
    else:
        table = datasets.fetch_credit_default()
        first = np.zeros(len(table.data), dtype=bool)
        rows = np.arange(len(first))
        first[train_test_split(rows, test_size=0.2, random_state=0, stratify=table.target)[0]] = True
    y = np.unique(table.target, return_inverse=True)[1].astype(np.int64)
    X, rng = table.data.reset_index(drop=True), np.random.RandomState(0)
    train, test = (
        rng.permutation(np.flatnonzero(rows))[: options[size]]
        for rows, size in ((first, "train_rows"), (~first, "test_rows"))
    )
    return (X.iloc[train], y[train]), (X.iloc[test], y[test])


class MLP(nn.Sequential):
    """Two hidden ReLU layers."""

    def __init__(self, n_in: int = 1):
        super().__init__(nn.Linear(n_in, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 2))


class Maker:
    """Makes the unfitted pipeline of a seed."""

    def __init__(self, epochs: int):
        self.epochs = epochs

    def __call__(self, seed: int) -> Any:
        torch.manual_seed(seed)
        columns = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
            (StandardScaler(), make_column_selector(dtype_include="number")),
            sparse_threshold=0,
        )
        net = NeuralNetClassifier(
            MLP,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=3e-3,
            batch_size=512,
            max_epochs=self.epochs,
            iterator_train__shuffle=True,
            train_split=None,
            callbacks=[InputShapeSetter(param_name="n_in")],
            verbose=0,
            **batched(),
        )
        return make_pipeline(columns, FunctionTransformer(_float32, feature_names_out="one-to-one"), net)


def _float32(X: np.ndarray) -> np.ndarray:
    return np.asarray(X, dtype=np.float32)


def scores(model: Any, X: pd.DataFrame, y: np.ndarray) -> dict[str, float]:
    """Accuracy and ROC-AUC from one pass."""
    probability = model.predict_proba(X)[:, 1]
    return {
        "accuracy": float(((probability > 0.5) == y).mean()),
        "roc_auc": float(roc_auc_score(y, probability)),
    }


# Rankings ---------------------------------------------------------------------------------------------------------


def rank(cells: Cells, name: str, seed: int, options: dict[str, Any]) -> None:
    """Rankings of all methods by the network of one seed."""
    warnings.simplefilter("ignore")
    (X, y), test = load(name, options)
    model = Maker(options["epochs"])(10_000 + seed).fit(X, y)
    cell: Cell = cells.read(f"{name}-{seed}")
    cell["scores"] = scores(model, *test)
    orders, importances = cell.setdefault("orders", {}), cell.setdefault("importances", {})
    columns = list(X.columns)
    chosen = np.sort(np.random.RandomState(seed).permutation(len(X))[: options["ranking_rows"]])
    rows = take_rows(X, chosen)
    for method in options["methods"]:
        if method not in orders:
            found = np.asarray(importance(method, model, X, y, rows, seed), dtype=float)
            importances[method] = (np.abs(found).mean(axis=0) if found.ndim == 2 else found).tolist()
            orders[method] = ranking(np.array(importances[method]), columns, random_state=seed)
            cells.write(f"{name}-{seed}", cell)


def importance(method: str, model: Any, X: pd.DataFrame, y: np.ndarray, rows: pd.DataFrame, seed: int) -> np.ndarray:
    """Attributions of some training rows to the second class, centred over classes, or importances of the columns."""
    if method == "permutation importance":
        some = np.random.RandomState(seed).permutation(len(X))[:5000]
        found = permutation_importance(model, X.iloc[some], y[some], scoring="roc_auc", n_repeats=3, random_state=seed)
        return np.asarray(found.importances_mean)
    if method in PEERS:
        every = methods.fitted(method, model, X, seed).explain(rows, "all")
        return centred(np.asarray(every, dtype=float), np.ones(len(rows), dtype=int))
    if "as numbers" in method:
        return as_numbers(method, model, X, rows)
    name = "agop" if method.startswith("agop,") or method == "agop" else "agop-ixg"
    gate = True if "gated" in method else None
    explainer = AGOPExplainer(model, method=name, contrast=True, gate=gate, random_state=seed).fit(X)
    return explainer.feature_importances_ if method == "diag M" else explainer.explain(rows, 1).to_numpy()


def as_numbers(method: str, model: Any, X: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """As it would be without one-hot blocks: x ⊙ M_K ∇s, or diag M, of the encoded numbers, zero as the baseline."""
    encode, net = model[:-1], model[-1]
    column_of = AGOPExplainer(model, method="agop-ixg").fit(X.iloc[:2000]).feature_map_
    explainer = AGOPExplainer(net, method="agop-ixg", standardize=False, baseline="zero", contrast=True)
    explainer.fit(encode.transform(X))
    if method.startswith("diag M"):
        return column_of.fold(torch.from_numpy(explainer.agop_diagonal_)).numpy()
    return column_of.fold(torch.from_numpy(explainer.explain(encode.transform(rows), 1))).numpy()


# Removal by row ---------------------------------------------------------------------------------------------------


def by_row(cells: Cells, name: str, seed: int, options: dict[str, Any]) -> None:
    """Every row loses its own most important columns, in training and in testing."""
    warnings.simplefilter("ignore")
    train, test = load(name, options)
    fill = fill_values(train[0])
    model = Maker(options["epochs"])(10_000 + seed).fit(*train)
    records = []
    for method in BY_ROW:
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
    explainer: Callable = AGOPExplainer(model, method=name, contrast=True, gate=None).fit(background).explain
    return np.argsort(-np.abs(explainer(X, 1).to_numpy()), axis=1, kind="stable")


def emptied(X: pd.DataFrame, columns: np.ndarray, fill: dict[str, Any]) -> pd.DataFrame:
    """The table, with the columns of each row (n, k) held at their fill value."""
    out = X.copy()
    gone = np.zeros(X.shape, dtype=bool)
    np.put_along_axis(gone, columns, True, axis=1)
    for j, name in enumerate(X.columns):
        out[name] = X[name].mask(gone[:, j], fill[name]).astype(X[name].dtype)
    return out
