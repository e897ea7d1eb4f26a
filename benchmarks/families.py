"""The families of the ablation study: tasks and networks of many kinds, each drawn from one seed.

Every default of this package was chosen on families of the kind ``development`` and on seeds below 1000; the study
reports other seeds, and families of the kinds ``unseen`` and ``real`` on top, on which nothing was chosen.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.random import RandomState
from sklearn.compose import make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from torch import nn

from agop_tabular import datasets
from agop_tabular.datasets import functions as fn

EXPLAINED, JUDGED = 60, 2000
"""Rows that are explained, and rows with labels that no network was trained on."""

KINDS = ("development", "control", "unseen", "real")


@dataclass(frozen=True)
class Net:
    """A network and how it is trained."""

    width: int = 128
    depth: int = 2
    activation: type[nn.Module] = nn.ReLU
    epochs: int = 100
    stops_early: bool = True


@dataclass(frozen=True)
class Problem:
    """A table with its labels, the truth behind them where it is known, and the network to be trained on it."""

    X: Any
    y: np.ndarray
    truth: Any
    net: Net
    train_rows: int


@dataclass(frozen=True)
class Trained:
    """A problem's rows, and a model fitted on the first of them."""

    model: Any
    train: Any
    test: Any
    held_out: tuple[Any, np.ndarray]
    truth: Any
    accuracy: float
    best_accuracy: float
    majority: float


# Problems ---------------------------------------------------------------------------------------------------------


def _from(maker: Callable, train_rows: int = 6000, net: Net | None = None, **options: Any) -> Callable:
    def problem(rng: RandomState) -> Problem:
        X, y, truth = maker(train_rows + EXPLAINED + JUDGED, random_state=rng, **options)
        return Problem(X.astype(np.float32), y, truth, net or Net(), train_rows)

    return problem


def _varied(rng: RandomState) -> Problem:
    """One of the development tasks in another shape, on another network."""
    maker = (datasets.make_linear, datasets.make_sparse_nonlinear, datasets.make_interaction, datasets.make_switched)[
        rng.randint(4)
    ]
    n_features, n_classes = int(rng.randint(8, 61)), int(rng.randint(2, 6))
    if maker is datasets.make_interaction:
        n_classes, options = min(n_classes, n_features // 2), {}
    else:
        options = {"n_informative": int(rng.randint(3, n_features + 1))}
    train_rows = int(np.exp(rng.uniform(np.log(1000), np.log(12000))))
    net = Net(int(rng.choice([32, 64, 128, 256])), int(rng.randint(1, 4)))
    return _from(maker, train_rows, net, n_features=n_features, n_classes=n_classes, **options)(rng)


def _geometric(rng: RandomState) -> Problem:
    """Linear effects on 10 of 20 columns, each .7 times the one before."""
    strengths = 3 * 0.7 ** np.arange(10)
    terms = [
        datasets.Term(((j, fn.identity()),), s * rng.choice([-1.0, 1.0], 3) * rng.uniform(0.5, 1.5, 3))
        for j, s in zip(rng.permutation(20)[:10].tolist(), strengths, strict=True)
    ]
    return _of_truth(datasets.Truth.of(terms, 20, 3), rng, 6000, Net())


def _three_way(rng: RandomState) -> Problem:
    """Products of three columns, and the additive parts of all of them."""
    columns = rng.permutation(20)[:6].tolist()
    terms = [datasets.Term(((j, fn.identity()),), rng.standard_normal(3)) for j in columns]
    for triple in (columns[:3], columns[3:]):
        factors = tuple((j, f()) for j, f in zip(triple, (fn.identity, fn.tangent, fn.identity), strict=True))
        terms.append(datasets.Term(factors, 2.5 * rng.standard_normal(3)))
    return _of_truth(datasets.Truth.of(terms, 20, 3), rng, 8000, Net())


def _steps(rng: RandomState) -> Problem:
    """Indicators of thresholds and products of two of them."""
    columns = rng.permutation(20)[:8].tolist()
    step = [(j, fn.above(float(rng.uniform(-0.8, 0.8)))) for j in columns]
    terms = [datasets.Term((s,), 3 * rng.standard_normal(3)) for s in step]
    terms += [datasets.Term((a, b), 4 * rng.standard_normal(3)) for a, b in zip(step[::2], step[1::2], strict=True)]
    return _of_truth(datasets.Truth.of(terms, 20, 3), rng, 6000, Net())


def _random(rng: RandomState) -> Problem:
    """Everything drawn: columns, classes, rows, share of noise, functions, products, network, correlation."""
    d, n_classes = int(np.exp(rng.uniform(np.log(6), np.log(50)))), int(rng.randint(2, 6))
    informative = rng.permutation(d)[: max(3, round(d * rng.uniform(0.2, 1.0)))].tolist()
    draw: tuple[Callable[[], fn.Function], ...] = (
        fn.identity,
        fn.square,
        fn.absolute,
        fn.cube,
        lambda: fn.sine(float(rng.uniform(0.5, 3.0))),
        lambda: fn.exponential(float(rng.uniform(-1.0, 1.0))),
        lambda: fn.tangent(float(rng.uniform(0.5, 4.0))),
        lambda: fn.above(float(rng.uniform(-1.0, 1.0))),
    )
    z = RandomState(0).standard_normal(10_000)

    def factor(j: int) -> tuple[tuple[int, fn.Function], float]:
        function = draw[rng.randint(len(draw))]()
        return (j, function), max(0.3, float(function(z).std()))

    terms = []
    for j in informative:
        part, spread = factor(j)
        terms.append(datasets.Term((part,), rng.uniform(0.5, 2.5) * rng.standard_normal(n_classes) / spread))
    correlated = rng.rand() < 0.3  # then additive, since products are worth something else when columns depend
    for _ in range(0 if correlated else rng.randint(len(informative) // 2 + 1)):
        parts = [factor(int(j)) for j in rng.choice(informative, 3 if rng.rand() < 0.2 else 2, replace=False)]
        weights = rng.uniform(0.5, 2.5) * rng.standard_normal(n_classes) / np.prod([spread for _, spread in parts])
        terms.append(datasets.Term(tuple(part for part, _ in parts), weights))
    activation = (nn.ReLU, nn.SiLU, nn.Tanh, nn.GELU, nn.LeakyReLU)[rng.randint(5)]
    net = Net(int(rng.choice([32, 64, 128, 256])), int(rng.randint(1, 4)), activation)
    train_rows = int(np.exp(rng.uniform(np.log(1500), np.log(12000))))
    correlation = float(rng.uniform(0.2, 0.7)) if correlated else 0.0
    return _of_truth(datasets.Truth.of(terms, d, n_classes), rng, train_rows, net, correlation)


def _of_truth(truth: datasets.Truth, rng: RandomState, train_rows: int, net: Net, correlation: float = 0.0) -> Problem:
    n = train_rows + EXPLAINED + JUDGED
    X = rng.standard_normal((n, truth.n_features))
    X = np.sqrt(1 - correlation) * X + np.sqrt(correlation) * rng.standard_normal((n, 1))
    y = (truth.scores(X) + rng.gumbel(size=(n, truth.n_classes))).argmax(axis=1)
    return Problem(X.astype(np.float32), y, truth, net, train_rows)


class LevelTruth:
    """Additive truth of a table of numbers and categories: a level's Shapley value is its effect minus the mean."""

    def __init__(self, effects: list[np.ndarray], slopes: np.ndarray, numbers: int):
        self.effects, self.slopes, self.numbers = effects, slopes, numbers
        self.n_classes, self.n_features = slopes.shape[1], numbers + len(effects)
        used = [*(np.abs(slopes).sum(axis=1) > 0), *(np.abs(e).sum() > 0 for e in effects)]
        self.informative = np.flatnonzero(used)

    def _parts(self, X: pd.DataFrame) -> np.ndarray:
        parts = [X.iloc[:, j].to_numpy()[:, None] * self.slopes[j] for j in range(self.numbers)]
        parts += [e[X.iloc[:, self.numbers + k].str[1:].astype(int)] for k, e in enumerate(self.effects)]
        return np.stack(parts, axis=1)

    def scores(self, X: pd.DataFrame) -> np.ndarray:
        """True scores (n, C)."""
        return self._parts(X).sum(axis=1)

    def attributions(self, X: pd.DataFrame, target: np.ndarray, *, contrast: bool = False) -> np.ndarray:
        """Exact Shapley values (n, d) of each row's class."""
        parts = self._parts(X)
        if contrast:
            parts = parts - parts.mean(axis=2, keepdims=True)
        return parts[np.arange(len(X)), :, target]

    def relevant(self, X: pd.DataFrame) -> np.ndarray:
        """Columns that the scores depend on (n, d)."""
        return np.isin(np.arange(self.n_features), self.informative)[None].repeat(len(X), axis=0)


def _categorical(rng: RandomState) -> Problem:
    """Ten numbers and eight categories of 2 to 12 unequal levels; half of each are noise; one-hot in a pipeline."""
    n, train_rows = 6000 + EXPLAINED + JUDGED, 6000
    table: dict[str, Any] = {f"x{j}": rng.standard_normal(n) for j in range(10)}
    effects = []
    for k in range(8):
        share = rng.dirichlet(np.full(rng.randint(2, 13), 2.0))
        level = rng.choice(len(share), n, p=share)
        table[f"c{k}"] = np.char.add("v", level.astype(str)).astype(object)
        effect = rng.standard_normal((len(share), 3)) * 1.5 * (k % 2 == 0)
        effects.append(effect - share @ effect)
    slopes = rng.standard_normal((10, 3)) * 1.5 * (np.arange(10) % 2 == 0)[:, None]
    X = pd.DataFrame(table)
    truth = LevelTruth(effects, slopes, 10)
    y = (truth.scores(X) + rng.gumbel(size=(n, 3))).argmax(axis=1)
    return Problem(X, y, truth, Net(), train_rows)


def _real(load: Callable) -> Callable:
    def problem(rng: RandomState) -> Problem:
        X, y = load()
        X, _, y, _ = train_test_split(X, y, train_size=8000 + EXPLAINED + JUDGED, random_state=rng, stratify=y)
        X = X.astype(dict.fromkeys(X.select_dtypes("category"), object))
        return Problem(X.reset_index(drop=True), np.unique(y, return_inverse=True)[1], None, Net(), 8000)

    return problem


def _with(problem: Callable, **options: Any) -> Callable:
    def changed(rng: RandomState) -> Problem:
        found = problem(rng)
        return replace(found, net=replace(found.net, **options))

    return changed


FAMILIES: dict[str, tuple[str, Callable[[RandomState], Problem]]] = {
    "linear": ("development", _from(datasets.make_linear)),
    "sparse-nonlinear": ("development", _from(datasets.make_sparse_nonlinear)),
    "interaction": ("development", _from(datasets.make_interaction)),
    "varied": ("development", _varied),
    "all-informative": ("control", _from(datasets.make_all_informative)),
    "switched": ("control", _from(datasets.make_switched)),
    "correlated": ("control", _from(datasets.make_gaussian_linear, conditional=False)),
    "100-columns": ("control", _from(datasets.make_sparse_nonlinear, n_features=100)),
    "geometric": ("control", _geometric),
    "300-rows": ("control", _from(datasets.make_sparse_nonlinear, train_rows=300)),
    "overfitted": (
        "control",
        _with(_from(datasets.make_sparse_nonlinear, train_rows=300), epochs=200, stops_early=False),
    ),
    "untrained": ("control", _with(_from(datasets.make_sparse_nonlinear, train_rows=2000), epochs=0)),
    "random": ("unseen", _random),
    "three-way": ("unseen", _three_way),
    "steps": ("unseen", _steps),
    "categorical": ("unseen", _categorical),
    "adult": ("real", _real(lambda: datasets.fetch_adult(return_X_y=True))),
    "credit-default": ("real", _real(lambda: datasets.fetch_credit_default(return_X_y=True))),
}


# Networks ---------------------------------------------------------------------------------------------------------


class Perceptron(nn.Module):
    """Hidden layers of falling width, and scores; the width of the input is the first batch's."""

    def __init__(self, n_inputs: int, n_classes: int, net: Net):
        super().__init__()
        widths = [n_inputs, *(max(8, net.width >> i) for i in range(net.depth))]
        hidden = [layer for a, b in itertools.pairwise(widths) for layer in (nn.Linear(a, b), net.activation())]
        self.layers = nn.Sequential(*hidden, nn.Linear(widths[-1], n_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (b, C)."""
        return self.layers(x)


def train(family: str, seed: int) -> Trained:
    """Problem and model of one seed, which draws everything."""
    rng = RandomState(seed)
    problem = FAMILIES[family][1](rng)
    X, y, n = problem.X, problem.y, problem.train_rows
    torch.manual_seed(int(rng.randint(2**31)))
    rows = [slice(n), slice(n, n + EXPLAINED), slice(n + EXPLAINED, None)]
    fitted_on, explained, judged = (X.iloc[r] if hasattr(X, "iloc") else X[r] for r in rows)
    prepared = _preparation(fitted_on)
    n_inputs = prepared.fit_transform(fitted_on[:n]).shape[1] if prepared is not None else X.shape[1]
    n_classes = int(y.max()) + 1
    net = NeuralNetClassifier(
        Perceptron(n_inputs, n_classes, problem.net),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128 if n > 1000 else 32,
        max_epochs=problem.net.epochs,
        iterator_train__shuffle=True,
        callbacks=[EarlyStopping(patience=8, load_best=True, sink=_silent)]
        if problem.net.stops_early and problem.net.epochs
        else [],
        verbose=0,
        classes=np.arange(n_classes),
    )
    model = net if prepared is None else make_pipeline(prepared, FunctionTransformer(_float32), net)
    model.fit(fitted_on, y[:n])
    labels = y[rows[2]]
    best = float("nan")
    if problem.truth is not None:
        best = float((problem.truth.scores(judged).argmax(axis=1) == labels).mean())
    return Trained(
        model,
        fitted_on,
        explained,
        (judged, labels),
        problem.truth,
        float((model.predict(judged) == labels).mean()),
        best,
        float(np.bincount(labels).max() / len(labels)),
    )


def _preparation(X: Any) -> Any:
    """Scaled numbers and one-hot categories; None for an array, which is standard normal."""
    if not isinstance(X, pd.DataFrame):
        return None
    text = [c for c in X if X[c].dtype == object or str(X[c].dtype) == "str"]
    numbers = [c for c in X if c not in text]
    return make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), text)
    )


def _float32(X: np.ndarray) -> np.ndarray:
    return X.astype(np.float32)


def _silent(_: str) -> None:
    """Where early stopping says that it stopped."""
