"""Problems on which explanations by main and pair effects were found wanting, or could be: development families.

Every function takes a random state, which draws everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import RandomState
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

from benchmarks.shared.problems import EXPLAINED, JUDGED, MakeProblem, Net, Problem

ROWS = 8000 + EXPLAINED + JUDGED

TEST_SHARE = 0.3
"""Of the rows of a small data set, those that are explained and judged, all of them both."""


def drawn(
    scores: Callable[[np.ndarray, RandomState], np.ndarray],
    draw: Callable[[RandomState, int, int], np.ndarray] | None = None,
    d: int = 12,
    net: Net | None = None,
    sharpness: float = 3.0,
) -> MakeProblem:
    """Labels drawn from scores of a table; which of its columns the scores use is drawn as well.

    Parameters
    ----------
    scores : callable
        Maps columns (n, d) in random order, and the random state, to scores (n, C), or (n,) of two classes.
    draw : callable, optional
        Draws a table (n, d); standard normal columns by default.
    d : int
    net : Net, optional
    sharpness : float
        Standard deviation that the scores are brought to, so that labels say what they are.
    """

    def problem(rng: RandomState) -> Problem:
        X = rng.standard_normal((ROWS, d)) if draw is None else draw(rng, ROWS, d)
        s = scores(X[:, rng.permutation(d)], rng)
        s = np.stack((-s / 2, s / 2), axis=1) if s.ndim == 1 else s
        s = sharpness * (s - s.mean(axis=0)) / s.std()
        y = (s + rng.gumbel(size=s.shape)).argmax(axis=1)
        return Problem(X.astype(np.float32), y, None, net or Net(), ROWS - EXPLAINED - JUDGED, s.argmax(axis=1))

    return problem


def parity(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """The sign of three columns' product, and a linear effect of a fourth."""
    return 2 * np.sign(x[:, 0] * x[:, 1] * x[:, 2]) + x[:, 3]


def product_of_three(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """A product of three columns, and a sine of a fourth."""
    return 2 * x[:, 0] * x[:, 1] * x[:, 2] + np.sin(2 * x[:, 3])


def product_of_four(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """A product of four columns, and a linear effect of a fifth."""
    return x[:, 0] * x[:, 1] * x[:, 2] * x[:, 3] + x[:, 4]


def products(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """Two products of two columns, and a linear effect of a fifth."""
    return 2 * x[:, 0] * x[:, 1] - 1.5 * x[:, 2] * x[:, 3] + x[:, 4]


def mixture(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """Main and pair effects of eight columns on three classes."""
    parts = [
        x[:, 0],
        np.tanh(2 * x[:, 1]),
        np.sin(x[:, 2]),
        x[:, 3] * x[:, 4],
        x[:, 5] * np.tanh(x[:, 6]),
        x[:, 7] ** 2,
    ]
    return np.stack(parts, axis=1) @ rng.standard_normal((len(parts), 3))


def of_bounded(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """As :func:`mixture`, of columns brought to the range of ranks, whatever their tails."""
    z = np.sign(x) * np.log1p(np.abs(x))
    return mixture(z / z.std(axis=0), rng)


def twenty_classes(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """Linear effects and pair effects on twenty classes."""
    return np.concatenate((x, x[:, :6] * x[:, 6:12]), axis=1) @ rng.standard_normal((x.shape[1] + 6, 20))


def correlated(rng: RandomState, n: int, d: int) -> np.ndarray:
    """Normal columns, each pair with correlation .7."""
    return np.sqrt(0.7) * rng.standard_normal((n, 1)) + np.sqrt(0.3) * rng.standard_normal((n, d))


def heavy_tailed(rng: RandomState, n: int, d: int) -> np.ndarray:
    """Half of the columns of Student's distribution with 2.5 degrees of freedom, half lognormal."""
    normal = rng.standard_normal((n, d // 2))
    return np.concatenate((rng.standard_t(2.5, (n, d - d // 2)), np.exp(normal)), axis=1)


def with_sentinels(rng: RandomState, n: int, d: int) -> np.ndarray:
    """Normal columns in which a code far away stands for missing values, in 5 to 40% of the rows."""
    X = rng.standard_normal((n, d))
    missing = rng.random_sample((n, d)) < rng.uniform(0.05, 0.4, d)
    return np.where(missing, rng.choice([-8.0, 8.0, 12.0], d), X)


def counts(rng: RandomState, n: int, d: int) -> np.ndarray:
    """Counts of different sizes, many of them zero."""
    of_columns = rng.gamma(2.0, rng.choice([0.4, 2.0, 8.0], d), (n, d))
    return rng.poisson(of_columns).astype(float)


def regression(rng: RandomState) -> Problem:
    """A number of main and pair effects, with noise."""
    X = rng.standard_normal((ROWS, 12))
    y = mixture(X[:, rng.permutation(12)], rng)[:, 0]
    y = y / y.std() + 0.3 * rng.standard_normal(ROWS)
    return Problem(X.astype(np.float32), y.astype(np.float32), None, Net(output="number"), ROWS - EXPLAINED - JUDGED)


def small_table(load: Callable[..., Any], output: str = "classes") -> MakeProblem:
    """A small real table of numbers, scaled; the split is drawn."""

    def problem(rng: RandomState) -> Problem:
        X, y = load(return_X_y=True)
        if output == "number":
            y = ((y - y.mean()) / y.std()).astype(np.float32)
        train, test = train_test_split(np.arange(len(X)), test_size=TEST_SHARE, random_state=rng)
        order = np.concatenate((train, np.resize(test, EXPLAINED), test))  # some twice, if they are few
        X = pd.DataFrame(StandardScaler().fit(X[train]).transform(X)).loc[:, X[train].std(axis=0) > 0]
        return Problem(X.to_numpy(np.float32)[order], y[order], None, Net(width=64, output=output), len(train))

    return problem


HARDER: dict[str, tuple[str, MakeProblem]] = {
    "parity": ("development", drawn(parity)),
    "product-of-three": ("development", drawn(product_of_three)),
    "product-of-four": ("development", drawn(product_of_four)),
    "correlated-products": ("development", drawn(products, correlated)),
    "heavy-tails": ("development", drawn(of_bounded, heavy_tailed)),
    "sentinels": ("development", drawn(of_bounded, with_sentinels)),
    "counts": ("development", drawn(of_bounded, counts)),
    "transformer": ("development", drawn(mixture, net=Net(width=32, architecture="transformer"))),
    "silu": ("development", drawn(mixture, net=Net(activation=nn.SiLU))),
    "20-classes": ("development", drawn(twenty_classes, sharpness=6.0)),
    "one-logit": ("development", drawn(products, net=Net(output="one logit"))),
    "regression": ("development", regression),
    "wine": ("development", small_table(load_wine)),
    "breast-cancer": ("development", small_table(load_breast_cancer)),
    "digits": ("development", small_table(load_digits)),
    "diabetes": ("development", small_table(load_diabetes, output="number")),
}
"""Kind, and what makes the problem, of each family."""
