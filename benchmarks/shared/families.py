"""Families of problems, and networks trained on them. A seed draws a family's problem and its network.

Every default of this package was chosen on families of the kinds ``development`` and ``control``, on seeds below 1000.
Studies report other seeds. On families of the kinds ``unseen`` and ``real`` nothing was chosen, but for what Adult and
Credit Default showed on other seeds; their results were known, though, while the package was written. No method was
tried on families of the kind ``new`` before all was chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.random import RandomState
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from agop_tabular import datasets
from benchmarks.shared import problems
from benchmarks.shared.accuracy import Accuracy
from benchmarks.shared.harder_problems import HARDER
from benchmarks.shared.networks import ARCHITECTURES, early_stopping, perceptron
from benchmarks.shared.new_problems import NEW
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
    **HARDER,
    **NEW,
}
"""Kind, and what makes the problem, of each family."""

CHOSEN_ON = ("development", "control")
"""Kinds of families that defaults were chosen on."""


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

    def explained(self, rows: Any = None) -> tuple[Any, np.ndarray]:
        """Predicted labels of rows, by default the test rows, as ``target=`` takes them, and their indices, (n,)."""
        rows = self.test if rows is None else rows
        if not hasattr(self.model, "classes_"):
            return "predicted", np.zeros(len(rows), dtype=int)
        labels = self.model.predict(rows)
        return labels, np.searchsorted(self.model.classes_, labels)

    def all_scores(self, explain: Callable[..., Any], rows: Any = None) -> np.ndarray:
        """Attributions (n, d, C) of all scores of rows, by default the test rows, by ``explain(rows, target)``."""
        rows = self.test if rows is None else rows
        if hasattr(self.model, "classes_"):
            return np.asarray(explain(rows, "all"), dtype=float)
        return np.asarray(explain(rows, "predicted"), dtype=float)[:, :, None]


class Network(nn.Module):
    """A network of one of the architectures; the hidden layers of a perceptron halve in width."""

    def __init__(self, n_inputs: int, n_outputs: int, net: Net):
        super().__init__()
        self.flat = net.output != "classes"
        self.layers: nn.Module
        if net.architecture == "perceptron":
            widths = [max(NARROWEST, net.width >> i) for i in range(net.depth)]
            self.layers = perceptron(n_inputs, widths, n_outputs, net.activation)
        else:
            self.layers = ARCHITECTURES[net.architecture](n_inputs, net.width, net.depth, n_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (b, C), or (b,) of one."""
        s: torch.Tensor = self.layers(x)
        return s[:, 0] if self.flat else s


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
    net = _net(problem.net, n_inputs, y, n)
    model = net if preparation is None else make_pipeline(preparation, FunctionTransformer(_float32), net)
    model.fit(fitted_on, y[:n].astype(np.float32) if problem.net.output == "one logit" else y[:n])
    labels = y[rows[2]]
    likeliest = None if problem.likeliest is None else problem.likeliest[rows[2]]
    accuracy = Accuracy.of(model, problem.truth, judged, labels, likeliest)
    return Trained(model, fitted_on, explained, (judged, labels), problem.truth, accuracy)


def _net(net: Net, n_inputs: int, y: np.ndarray, n_rows: int) -> NeuralNet:
    """A net to be fitted, by what it puts out."""
    kinds: dict[str, tuple[type[NeuralNet], type[nn.Module]]] = {
        "classes": (NeuralNetClassifier, nn.CrossEntropyLoss),
        "one logit": (NeuralNetBinaryClassifier, nn.BCEWithLogitsLoss),
        "number": (NeuralNetRegressor, nn.MSELoss),
    }
    kind, criterion = kinds[net.output]
    classes = net.output == "classes"
    return kind(
        Network(n_inputs, int(y.max()) + 1 if classes else 1, net),
        criterion=criterion,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128 if n_rows > 1000 else 32,  # small tables, too, should give some steps in each epoch
        max_epochs=net.epochs,
        iterator_train__shuffle=True,
        callbacks=[early_stopping()] if net.stops_early and net.epochs else [],
        verbose=0,
        **({"classes": np.arange(int(y.max()) + 1)} if classes else {}),
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
