"""Problems that were written when every default had been chosen, and that no method was tried on before its record.

Every function takes a random state, which draws everything.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import RandomState

from benchmarks.shared.harder_problems import ROWS, drawn, mixture, of_bounded, products
from benchmarks.shared.problems import EXPLAINED, JUDGED, MakeProblem, Net, Problem


def zero_inflated(rng: RandomState, n: int, d: int) -> np.ndarray:
    """Amounts that are zero in 30 to 90% of the rows, and lognormal in the others."""
    return np.where(rng.random_sample((n, d)) < rng.uniform(0.3, 0.9, d), 0.0, np.exp(rng.standard_normal((n, d))))


def with_copies(rng: RandomState, n: int, d: int) -> np.ndarray:
    """Normal columns, each of which has a second one that is nearly the same (correlation .95)."""
    half = rng.standard_normal((n, -(-d // 2)))
    copies = 0.95 * half + np.sqrt(1 - 0.95**2) * rng.standard_normal(half.shape)
    return np.concatenate((half, copies), axis=1)[:, :d]


def waves(x: np.ndarray, rng: RandomState) -> np.ndarray:
    """Sines that turn once to three times between -2 and 2 standard deviations, and a product of two."""
    parts = [np.sin(rng.uniform(1.0, 2.5) * x[:, j] + rng.uniform(0, np.pi)) for j in range(6)]
    parts.append(np.sin(1.5 * x[:, 6]) * np.sin(1.5 * x[:, 7]))
    return np.stack(parts, axis=1) @ rng.standard_normal((len(parts), 3))


def many_levels(rng: RandomState) -> Problem:
    """Three categories of 50 levels, one of which changes the slope of a number, beside nine numbers."""
    X = rng.standard_normal((ROWS, 9))
    levels = [rng.choice(50, ROWS, p=rng.dirichlet(np.full(50, 2.0))) for _ in range(3)]
    scores = mixture(X[:, rng.permutation(9)], rng)
    for level in levels[:2]:
        scores = scores + rng.standard_normal((50, 3))[level]
    scores = scores + rng.standard_normal((50, 3))[levels[0]] * X[:, :1]
    scores = 3.0 * (scores - scores.mean(axis=0)) / scores.std()
    table = {f"x{j}": X[:, j] for j in range(9)}
    table |= {f"c{k}": np.char.add("v", level.astype(str)).astype(object) for k, level in enumerate(levels)}
    y = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    return Problem(pd.DataFrame(table), y, None, Net(), ROWS - EXPLAINED - JUDGED, scores.argmax(axis=1))


NEW: dict[str, tuple[str, MakeProblem]] = {
    "zero-inflated": ("new", drawn(of_bounded, zero_inflated)),
    "with-copies": ("new", drawn(mixture, with_copies)),
    "waves": ("new", drawn(waves)),
    "50-levels": ("new", many_levels),
    "resnet": ("new", drawn(mixture, net=Net(width=64, architecture="resnet"))),
    "deep-and-cross": ("new", drawn(products, net=Net(width=64, architecture="deep and cross"))),
    "maxout": ("new", drawn(mixture, net=Net(width=64, architecture="maxout"))),
}
"""Kind, and what makes the problem, of each family."""
