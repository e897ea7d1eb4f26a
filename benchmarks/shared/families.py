"""Families of problems, and networks trained on them. A seed draws a family's problem and its network.

Every default of this package was chosen on families of the kinds ``development`` and ``control``, on seeds below 1000.
Studies report other seeds. On families of the kinds ``unseen`` and ``real`` nothing was chosen, but for what Adult and
Credit Default showed on other seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.random import RandomState
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular import datasets
from benchmarks.shared import problems
from benchmarks.shared.accuracy import Accuracy
from benchmarks.shared.networks import early_stopping, perceptron
from benchmarks.shared.problems import EXPLAINED, MakeProblem, Net, from_real_data, from_task, with_net

NARROWEST = 8
"""Fewest units of a hidden layer, however deep the network: with fewer it may learn nothing."""

FAMILIES: dict[str, tuple[str, MakeProblem]] = {
    "linear": ("development", from_task(datasets.make_linear)),
    "sparse-nonlinear": ("development", from_task(datasets.make_sparse_nonlinear)),
    "interaction": ("development", from_task(datasets.make_interaction)),
    "varied": ("development", problems.varied),
    "all-informative": ("control", from_task(datasets.make_all_informative)),
    "switched": ("control", from_task(datasets.make_switched)),
    "correlated": ("control", from_task(datasets.make_gaussian_linear, conditional=False)),
    "100-columns": ("control", from_task(datasets.make_sparse_nonlinear, n_features=100)),
    "geometric": ("control", problems.geometric),
    "300-rows": ("control", from_task(datasets.make_sparse_nonlinear, train_rows=300)),
    "overfitted": (
        "control",
        with_net(from_task(datasets.make_sparse_nonlinear, train_rows=300), epochs=200, stops_early=False),
    ),
    "untrained": ("control", with_net(from_task(datasets.make_sparse_nonlinear, train_rows=2000), epochs=0)),
    "random": ("unseen", problems.random),
    "three-way": ("unseen", problems.three_way),
    "steps": ("unseen", problems.steps),
    "categorical": ("unseen", problems.categorical),
    "adult": ("real", from_real_data(lambda: datasets.fetch_adult(return_X_y=True))),
    "credit-default": ("real", from_real_data(lambda: datasets.fetch_credit_default(return_X_y=True))),
}
"""Kind, and what makes the problem, of each family."""


@dataclass(frozen=True)
class Trained:
    """A problem's rows and truth, and a model fitted on its training rows.

    Attributes
    ----------
    model : classifier
    train, test : ndarray or DataFrame
        Training rows, and rows to explain.
    held_out : tuple of rows and labels
        Neither trained on nor explained.
    truth : object or None
        Where the labels come from; None for real data.
    accuracy : Accuracy
    """

    model: Any
    train: Any
    test: Any
    held_out: tuple[Any, np.ndarray]
    truth: Any
    accuracy: Accuracy


class Perceptron(nn.Module):
    """A multilayer perceptron whose hidden layers halve in width."""

    def __init__(self, n_inputs: int, n_classes: int, net: Net):
        super().__init__()
        widths = [max(NARROWEST, net.width >> i) for i in range(net.depth)]
        self.layers = perceptron(n_inputs, widths, n_classes, net.activation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (b, C)."""
        return self.layers(x)


def train(family: str, seed: int) -> Trained:
    """Draw a problem and train its model; everything depends on the seed alone."""
    rng = RandomState(seed)
    problem = FAMILIES[family][1](rng)
    X, y, n = problem.X, problem.y, problem.train_rows
    torch.manual_seed(int(rng.randint(2**31)))
    rows = [slice(n), slice(n, n + EXPLAINED), slice(n + EXPLAINED, None)]
    fitted_on, explained, judged = (X.iloc[r] if hasattr(X, "iloc") else X[r] for r in rows)
    preparation = _preparation(fitted_on)
    n_inputs = X.shape[1] if preparation is None else preparation.fit_transform(fitted_on).shape[1]
    net = _classifier(problem.net, n_inputs, int(y.max()) + 1, n)
    model = net if preparation is None else make_pipeline(preparation, FunctionTransformer(_float32), net)
    model.fit(fitted_on, y[:n])
    labels = y[rows[2]]
    accuracy = Accuracy.of(model, problem.truth, judged, labels)
    return Trained(model, fitted_on, explained, (judged, labels), problem.truth, accuracy)


def _classifier(net: Net, n_inputs: int, n_classes: int, n_rows: int) -> NeuralNetClassifier:
    return NeuralNetClassifier(
        Perceptron(n_inputs, n_classes, net),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128 if n_rows > 1000 else 32,  # small tables, too, should give some steps in each epoch
        max_epochs=net.epochs,
        iterator_train__shuffle=True,
        callbacks=[early_stopping()] if net.stops_early and net.epochs else [],
        verbose=0,
        classes=np.arange(n_classes),
    )


def _preparation(X: Any) -> Any:
    """Scale numbers and encode categories one-hot; None for arrays, which are standard normal."""
    if not isinstance(X, pd.DataFrame):
        return None
    text = [c for c in X if X[c].dtype == object or str(X[c].dtype) == "str"]
    numbers = [c for c in X if c not in text]
    return make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), text)
    )


def _float32(X: np.ndarray) -> np.ndarray:
    return X.astype(np.float32)
