"""Tasks with known truth, and networks trained on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from skorch import NeuralNetClassifier

from agop_tabular import datasets
from benchmarks.shared.accuracy import Accuracy
from benchmarks.shared.networks import classifier

PAPER = ("linear", "sparse-nonlinear", "interaction")
"""The three tasks of arXiv 2605.15700."""

TASKS: dict[str, Callable] = {
    "linear": datasets.make_linear,
    "sparse-nonlinear": datasets.make_sparse_nonlinear,
    "interaction": datasets.make_interaction,
    "switched": datasets.make_switched,
    "correlated": partial(datasets.make_gaussian_linear, conditional=False),
    "all-informative": datasets.make_all_informative,
    "xai-bench": datasets.make_gaussian_linear,
    **{f"syn{kind}": partial(datasets.make_syn, kind) for kind in range(1, 7)},
}

DEFAULT = (*PAPER, "switched", "correlated", "all-informative")

JUDGED = 2000
"""Rows that the accuracy is measured on, at least: with fewer it is too uncertain to tell whether a network passed
(standard error below .011)."""


@dataclass(frozen=True)
class Size:
    """Size of a task and its network; the names of the fields are options of the synthetic study."""

    train_rows: int = 6000
    rows: int = 100
    features: int = 20
    classes: int = 3
    width: int = 128


@dataclass(frozen=True)
class Trained:
    """A task's rows and truth, and a network fitted on its training rows."""

    net: NeuralNetClassifier
    train: np.ndarray
    test: np.ndarray
    truth: datasets.Truth | datasets.GaussianLinearTruth
    accuracy: Accuracy


def train(task: str, seed: int, size: Size, callbacks: Sequence[Any] = ()) -> Trained:
    """Draw a task and train its network, with further callbacks; everything depends on the seed alone."""
    rng = np.random.RandomState(seed)
    n = size.train_rows + size.rows
    n_judged = max(size.rows, JUDGED)
    shape = {} if task.startswith("syn") else {"n_features": size.features, "n_classes": size.classes}
    X, y, truth = TASKS[task](n + n_judged, random_state=rng, **shape)
    X = X.astype(np.float32)
    fitted_on, explained, judged = np.split(np.arange(len(X)), [size.train_rows, n])
    net = classifier(size.width, truth.n_classes, truth.n_features, int(rng.randint(2**31)))
    net.set_params(callbacks=[*net.callbacks, *callbacks])
    net.fit(X[fitted_on], y[fitted_on])
    return Trained(net, X[fitted_on], X[explained], truth, Accuracy.of(net, truth, X[judged], y[judged]))
