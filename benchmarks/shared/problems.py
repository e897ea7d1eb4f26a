"""Problems of the ablation study: tables with labels, the truth behind them, and the network to be trained on them.

Every function that makes a problem takes a random state, which draws everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import RandomState
from sklearn.model_selection import train_test_split
from torch import nn

from agop_tabular import datasets
from agop_tabular.datasets import functions as fn
from benchmarks.shared.level_truth import LevelTruth

EXPLAINED, JUDGED = 60, 2000
"""Rows that are explained, and further rows that the accuracy is measured on; no network is trained on either."""

REAL_TRAIN_ROWS = 8000
"""Training rows from a real data set; few enough to train 20 networks on each in minutes."""


@dataclass(frozen=True)
class Net:
    """A network and how it is trained.

    Attributes
    ----------
    width, depth : int
        Of a perceptron's hidden layers, which halve; of a transformer's tokens, and its blocks.
    activation : type of Module
    epochs : int
        At most.
    stops_early : bool
        Whether training goes back to the best epoch.
    architecture : str
        "perceptron", or a key of ``networks.ARCHITECTURES``, whose networks have blocks of one width.
    output : "classes", "one logit" or "number"
    """

    width: int = 128
    depth: int = 2
    activation: type[nn.Module] = nn.ReLU
    epochs: int = 100
    stops_early: bool = True
    architecture: str = "perceptron"
    output: str = "classes"


@dataclass(frozen=True)
class Problem:
    """A table with its labels, the truth behind them if it is known, and the network to be trained on it.

    ``likeliest`` is the likeliest label of each row where scores are known, but not whose attributions are right.
    """

    X: Any
    y: np.ndarray
    truth: Any
    net: Net
    train_rows: int
    likeliest: np.ndarray | None = None


MakeProblem = Callable[[RandomState], Problem]


def from_task(maker: Callable, train_rows: int = 6000, net: Net | None = None, **options: Any) -> MakeProblem:
    """A task of :mod:`agop_tabular.datasets`."""

    def problem(rng: RandomState) -> Problem:
        X, y, truth = maker(train_rows + EXPLAINED + JUDGED, random_state=rng, **options)
        return Problem(X.astype(np.float32), y, truth, net or Net(), train_rows)

    return problem


def from_real_data(load: Callable) -> MakeProblem:
    """Random rows of a real data set."""

    def problem(rng: RandomState) -> Problem:
        X, y = load()
        n = REAL_TRAIN_ROWS + EXPLAINED + JUDGED
        X, _, y, _ = train_test_split(X, y, train_size=n, random_state=rng, stratify=y)
        X = X.astype(dict.fromkeys(X.select_dtypes("category"), object))
        y = np.unique(y, return_inverse=True)[1]
        return Problem(X.reset_index(drop=True), y, None, Net(), REAL_TRAIN_ROWS)

    return problem


def with_net(problem: MakeProblem, **options: Any) -> MakeProblem:
    """The same problem with a network that differs in these options."""

    def changed(rng: RandomState) -> Problem:
        found = problem(rng)
        return replace(found, net=replace(found.net, **options))

    return changed


def varied(rng: RandomState) -> Problem:
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
    return from_task(maker, train_rows, net, n_features=n_features, n_classes=n_classes, **options)(rng)


def geometric(rng: RandomState) -> Problem:
    """Linear effects of 10 of 20 columns, each .7 times the one before."""
    strengths = 3 * 0.7 ** np.arange(10)
    terms = [
        datasets.Term(((j, fn.identity()),), s * rng.choice([-1.0, 1.0], 3) * rng.uniform(0.5, 1.5, 3))
        for j, s in zip(rng.permutation(20)[:10].tolist(), strengths, strict=True)
    ]
    return _from_truth(datasets.Truth.of(terms, 20, 3), rng, 6000, Net())


def three_way(rng: RandomState) -> Problem:
    """Two products of three columns, and linear effects of all six."""
    columns = rng.permutation(20)[:6].tolist()
    terms = [datasets.Term(((j, fn.identity()),), rng.standard_normal(3)) for j in columns]
    for triple in (columns[:3], columns[3:]):
        factors = tuple((j, f()) for j, f in zip(triple, (fn.identity, fn.tangent, fn.identity), strict=True))
        terms.append(datasets.Term(factors, 2.5 * rng.standard_normal(3)))
    return _from_truth(datasets.Truth.of(terms, 20, 3), rng, 8000, Net())


def steps(rng: RandomState) -> Problem:
    """Indicators of thresholds, and products of two of them."""
    columns = rng.permutation(20)[:8].tolist()
    step = [(j, fn.above(float(rng.uniform(-0.8, 0.8)))) for j in columns]
    terms = [datasets.Term((s,), 3 * rng.standard_normal(3)) for s in step]
    terms += [datasets.Term((a, b), 4 * rng.standard_normal(3)) for a, b in zip(step[::2], step[1::2], strict=True)]
    return _from_truth(datasets.Truth.of(terms, 20, 3), rng, 6000, Net())


def random(rng: RandomState) -> Problem:
    """Everything drawn: columns, classes, rows, share of noise, functions, products, network, correlation."""
    d, n_classes = int(np.exp(rng.uniform(np.log(6), np.log(50)))), int(rng.randint(2, 6))
    informative = rng.permutation(d)[: max(3, round(d * rng.uniform(0.2, 1.0)))].tolist()
    draws: tuple[Callable[[], fn.Function], ...] = (
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
        """A random function of a column, and its standard deviation, so that weights can be made comparable."""
        function = draws[rng.randint(len(draws))]()
        return (j, function), max(0.3, float(function(z).std()))

    terms = []
    for j in informative:
        part, spread = factor(j)
        terms.append(datasets.Term((part,), rng.uniform(0.5, 2.5) * rng.standard_normal(n_classes) / spread))
    # products only of independent columns: the exact Shapley values of a product hold for them alone
    correlated = rng.rand() < 0.3
    for _ in range(0 if correlated else rng.randint(len(informative) // 2 + 1)):
        parts = [factor(int(j)) for j in rng.choice(informative, 3 if rng.rand() < 0.2 else 2, replace=False)]
        weights = rng.uniform(0.5, 2.5) * rng.standard_normal(n_classes) / np.prod([spread for _, spread in parts])
        terms.append(datasets.Term(tuple(part for part, _ in parts), weights))
    activation = (nn.ReLU, nn.SiLU, nn.Tanh, nn.GELU, nn.LeakyReLU)[rng.randint(5)]
    net = Net(int(rng.choice([32, 64, 128, 256])), int(rng.randint(1, 4)), activation)
    train_rows = int(np.exp(rng.uniform(np.log(1500), np.log(12000))))
    correlation = float(rng.uniform(0.2, 0.7)) if correlated else 0.0
    return _from_truth(datasets.Truth.of(terms, d, n_classes), rng, train_rows, net, correlation)


def _from_truth(
    truth: datasets.Truth, rng: RandomState, train_rows: int, net: Net, correlation: float = 0.0
) -> Problem:
    """Standard normal columns, each pair with the same correlation, and labels drawn from the softmax of the scores."""
    n = train_rows + EXPLAINED + JUDGED
    X = rng.standard_normal((n, truth.n_features))
    X = np.sqrt(1 - correlation) * X + np.sqrt(correlation) * rng.standard_normal((n, 1))
    y = (truth.scores(X) + rng.gumbel(size=(n, truth.n_classes))).argmax(axis=1)
    return Problem(X.astype(np.float32), y, truth, net, train_rows)


def categorical(rng: RandomState) -> Problem:
    """Ten numbers and eight categories of 2 to 12 levels of unequal frequency; half of each are noise."""
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
    truth = LevelTruth(effects, slopes)
    y = (truth.scores(X) + rng.gumbel(size=(n, 3))).argmax(axis=1)
    return Problem(X, y, truth, Net(), train_rows)
