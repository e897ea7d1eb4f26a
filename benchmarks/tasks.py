"""The tasks whose truth is known, and the networks that are trained on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from torch import nn

from agop_tabular import datasets

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

GATE = 0.5
"""A network passes where it goes at least this share of the way from the majority class's rate to the accuracy of the
true scores: it is nearer to them than to knowing nothing."""


@dataclass(frozen=True)
class Size:
    """How large a task and its network are; the names of the fields are the study's options."""

    train_rows: int = 6000
    rows: int = 100
    features: int = 20
    classes: int = 3
    width: int = 128


@dataclass(frozen=True)
class Trained:
    """A task, drawn and split, and a network fitted on its training rows."""

    net: NeuralNetClassifier
    train: np.ndarray
    test: np.ndarray
    truth: datasets.Truth | datasets.GaussianLinearTruth
    accuracy: float
    best_accuracy: float
    majority: float


def passes(accuracy: float, best_accuracy: float, majority: float) -> bool:
    """Whether a network learned its task well enough for its explanations to be held to the truth."""
    return accuracy - majority >= GATE * (best_accuracy - majority)


def make_net(width: int, n_classes: int, n_features: int, seed: int) -> NeuralNetClassifier:
    """Two hidden ReLU layers, Adam, the best of the epochs by a fifth of the training rows."""
    torch.manual_seed(seed)
    return NeuralNetClassifier(
        nn.Sequential(
            nn.Linear(n_features, width),
            nn.ReLU(),
            nn.Linear(width, width // 2),
            nn.ReLU(),
            nn.Linear(width // 2, n_classes),
        ),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128,
        max_epochs=100,
        iterator_train__shuffle=True,
        callbacks=[EarlyStopping(patience=8, load_best=True, sink=lambda _: None)],
        verbose=0,
    )


def train(task: str, seed: int, size: Size) -> Trained:
    """Task and network of one seed, which draws everything."""
    rng = np.random.RandomState(seed)
    n = size.train_rows + size.rows
    n_test = max(size.rows, 2000)  # the accuracy is taken over more rows than are explained
    shape = {} if task.startswith("syn") else {"n_features": size.features, "n_classes": size.classes}
    X, y, truth = TASKS[task](n + n_test, random_state=rng, **shape)
    X = X.astype(np.float32)
    fitted_on, explained, judged = np.split(np.arange(len(X)), [size.train_rows, n])
    net = make_net(size.width, truth.n_classes, truth.n_features, int(rng.randint(2**31)))
    net.fit(X[fitted_on], y[fitted_on])
    return Trained(
        net,
        X[fitted_on],
        X[explained],
        truth,
        float((net.predict(X[judged]) == y[judged]).mean()),
        float((truth.scores(X[judged]).argmax(axis=1) == y[judged]).mean()),
        float(np.bincount(y[judged]).max() / len(judged)),
    )
