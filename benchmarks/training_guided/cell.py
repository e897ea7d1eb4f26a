"""One network: train it with a TrajectoryCallback, explain by all methods, and score."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import torch
from numpy.random import RandomState
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular.baselines import NetworkShapley
from agop_tabular.evaluation import (
    attribution_shift,
    average_drop,
    clean_score,
    cosine,
    deletion_area,
    insertion_area,
    spearman,
    symmetric_relevance_gain,
)
from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryCallback
from benchmarks.shared import tasks
from benchmarks.shared.cells import Cell, Cells
from benchmarks.shared.networks import early_stopping, perceptron
from benchmarks.shared.scores import centred
from benchmarks.training_guided.explainers import METHODS, REGION_METHODS, fitted
from benchmarks.training_guided.problems import CANVASES, REGIONS, SIDE, Region
from benchmarks.training_guided.readings import unseen

ROWS = 50
"""Rows of a synthetic table that are explained."""

OCCLUDED = 2
"""Informative columns that are occluded to see whether the others' attributions move."""


def add_cell(cells: Cells, problem: str, seed: int) -> None:
    """Compute a cell and save it."""
    warnings.simplefilter("ignore")
    name = f"{problem}-{seed}"
    if problem in REGIONS:
        cells.write(name, on_region(problem, seed, cells.settings, cells.read(name)))
    else:
        cells.write(name, on_table(problem, seed, cells.settings))


def has_controls(cell: Cell) -> bool:
    """Whether a saved cell of a region has all methods."""
    return bool(cell) and set(REGION_METHODS) <= set(cell["methods"])


def trained_net(region: Region, seed: int, epochs: int) -> NeuralNetClassifier:
    """A network of two hidden layers; training keeps the best epoch on a fifth of the rows."""
    torch.manual_seed(seed)
    return NeuralNetClassifier(
        perceptron(region.X.shape[1], (64, 32), region.n_classes),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=64,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        callbacks=[early_stopping(), TrajectoryCallback()],
        classes=np.arange(region.n_classes),
        verbose=0,
    ).fit(region.X, region.y)


def on_table(problem: str, seed: int, settings: dict[str, Any]) -> Cell:
    """A synthetic table: the truth of the contrast, and the network's own Shapley values."""
    size = tasks.Size(train_rows=settings["train_rows"], rows=ROWS)
    trained = tasks.train(problem, seed, size, [TrajectoryCallback()])
    if not trained.accuracy.passed:
        return {"failed": True}
    net, X = trained.net, trained.test
    target = net.predict(X)
    truth = trained.truth.attributions(X, target, contrast=True)
    shapley = NetworkShapley(n_permutations=settings["permutations"])
    own = centred(shapley.fit(net, trained.train, seed).explain(X, "all"), target)
    informative = np.isin(np.arange(X.shape[1]), trained.truth.informative)
    occluded = RandomState(seed).permutation(trained.truth.informative)[:OCCLUDED]
    fill = trained.train.mean(axis=0)
    found: dict[str, Any] = {}
    for name in METHODS:
        explainer, fit_seconds = _timed(lambda name=name: fitted(name, net, trained.train, seed))

        def explain(rows: np.ndarray, explainer: Any = explainer) -> np.ndarray:
            return centred(np.asarray(explainer.explain(rows, "all"), dtype=float), target)

        values, seconds = _timed(lambda explain=explain: explain(X))
        found[name] = {
            "cosine": _mean(cosine(values, truth)),
            "spearman": _mean(spearman(values, truth)),
            "own_cosine": _mean(cosine(values, own)),
            "clean": _mean(clean_score(values, informative)),
            "shift": _mean(attribution_shift(explain, X, occluded, fill)),
            "fit_seconds": fit_seconds,
            "row_seconds": seconds / len(X),
        }
    return {"methods": found, "accuracy": trained.accuracy.network} | _training(net, X)


def on_region(problem: str, seed: int, settings: dict[str, Any], earlier: Cell) -> Cell:
    """A canvas, or a table of blocks, where the region of the signal is known; methods of an earlier cell are kept."""
    region = REGIONS[problem](RandomState(seed))
    net = trained_net(region, seed, settings["epochs"])
    X, fill = region.test, region.X.mean(axis=0)
    target = net.predict(X)
    rows = np.arange(len(X))

    def score(changed: np.ndarray) -> np.ndarray:
        return net.forward(changed).numpy()[rows, target]

    def probability(changed: np.ndarray) -> np.ndarray:
        return torch.softmax(net.forward(changed), dim=1).numpy()[rows, target]

    found: dict[str, Any] = dict(earlier.get("methods", {}))
    options = {"agop_rows": settings["agop_rows"], "side": SIDE if problem in CANVASES else None}
    for name in [name for name in REGION_METHODS if name not in found]:
        explainer, fit_seconds = _timed(lambda name=name: fitted(name, net, region.X, seed, **options))
        explained, seconds = _timed(lambda explainer=explainer: explainer.explain(X, target))
        values = np.asarray(explained, dtype=float)
        found[name] = {
            "clean": _mean(clean_score(values, region.signal)),
            "srg": _mean(symmetric_relevance_gain(score, X, values, fill)),
            "srg_zero": _mean(symmetric_relevance_gain(score, X, values, np.zeros_like(fill))),
            "deletion": _mean(deletion_area(probability, X, values, fill)),
            "insertion": _mean(insertion_area(probability, X, values, fill)),
            "average_drop": _mean(average_drop(probability, X, values, fill)),
            "fit_seconds": fit_seconds,
            "row_seconds": seconds / len(X),
        }
    accuracy = float((target == region.labels).mean())
    more = {"unseen": unseen(net, region, seed, settings["epochs"])} if problem == "expression" else {}
    return {"methods": found, "accuracy": accuracy} | _training(net, X) | more


def _training(net: Any, X: np.ndarray) -> dict[str, float]:
    """What the callback kept and took, and the share of the scores' change that columns get."""
    callback = next(c for _, c in net.callbacks_ if isinstance(c, TrajectoryCallback))
    explanation = TrainingGuidedExplainer(net).fit(X)(X)
    total = explanation.values.sum(axis=1) + explanation.gap
    return {
        "checkpoints": len(callback.trajectory_),
        "megabytes": callback.nbytes_ / 1e6,
        "share_of_training": callback.share_,
        "columns_get": float(np.median(explanation.values.sum(axis=1) / total)),
    }


def _timed(call: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    return call(), time.perf_counter() - started


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values))
