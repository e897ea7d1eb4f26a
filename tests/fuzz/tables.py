"""Tables of random columns: well-behaved ones, and those on which numbers go wrong."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hypothesis import strategies as st

LEVELS = 5
"""Codes of a whole-number column that an embedding looks up."""

NUMBERS = {
    "normal": lambda rng, n, last: rng.normal(size=n),
    "uniform": lambda rng, n, last: rng.uniform(-2, 2, n),
    "shifted": lambda rng, n, last: 1000 + rng.normal(size=n),
    "heavy tails": lambda rng, n, last: np.exp(3 * rng.normal(size=n)),
    "constant": lambda rng, n, last: np.full(n, 3.0),
    "zero": lambda rng, n, last: np.zeros(n),
    "nearly constant": lambda rng, n, last: np.where(np.arange(n) == n // 2, 1.0, 0.0),
    "sentinel": lambda rng, n, last: np.where(rng.random(n) < 0.26, -20.0, rng.normal(size=n)),
    "zero-inflated": lambda rng, n, last: np.where(rng.random(n) < 0.6, 0.0, rng.uniform(1, 10, n)),
    "rounded": lambda rng, n, last: np.round(rng.normal(size=n), 1),
    "boolean": lambda rng, n, last: (rng.random(n) < 0.3).astype(float),
    "year": lambda rng, n, last: rng.integers(2015, 2025, n).astype(float),
    "tiny": lambda rng, n, last: 1e-6 * rng.normal(size=n),
    "huge": lambda rng, n, last: 1e6 * rng.normal(size=n),
    "outlier": lambda rng, n, last: np.where(np.arange(n) == n // 2, 1e6, rng.normal(size=n)),
    "far outlier": lambda rng, n, last: np.where(np.arange(n) == n // 2, 1e30, rng.normal(size=n)),
    "subnormal": lambda rng, n, last: np.where(rng.random(n) < 0.5, 1e-42, rng.normal(size=n)),
    "two scales": lambda rng, n, last: np.where(rng.random(n) < 0.2, rng.uniform(0, 100, n), 1e-3 * rng.normal(size=n)),
    "correlated": lambda rng, n, last: (last if last is not None else np.zeros(n)) + 0.3 * rng.normal(size=n),
    "copied": lambda rng, n, last: last.copy() if last is not None else rng.normal(size=n),
}
"""Columns of numbers, by the generator, the number of rows, and the column before, or None."""

OTHERS = {
    "category": lambda rng, n: pd.Categorical(rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]), list("abc")),
    "text": lambda rng, n: rng.choice(["left", "right"], n).astype(object),
    "many levels": lambda rng, n: np.array([f"v{k}" for k in rng.integers(0, 30, n)], dtype=object),
    "true or false": lambda rng, n: rng.random(n) < 0.4,
    "missing numbers": lambda rng, n: np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
    "missing whole numbers": lambda rng, n: pd.array(
        [None if m else k for m, k in zip(rng.random(n) < 0.2, rng.poisson(3, n), strict=True)], dtype="Int64"
    ),
    "missing text": lambda rng, n: pd.Series(
        np.where(rng.random(n) < 0.2, None, rng.choice(["x", "y"], n)), dtype=object
    ).to_numpy(),
}
"""Columns that only a DataFrame has."""

CODE = "code"
"""Whole numbers below ``LEVELS``."""


@dataclass(frozen=True)
class Table:
    """What a table is made of; the rows follow from a seed."""

    columns: tuple[str, ...]
    n: int
    container: str

    @property
    def d(self):
        return len(self.columns)

    def numeric(self):
        """Places of the columns of numbers."""
        return [j for j, kind in enumerate(self.columns) if kind in NUMBERS or kind == CODE]

    def codes(self):
        return [j for j, kind in enumerate(self.columns) if kind == CODE]

    def rows(self, seed, n=None, factor=1):
        """Rows, the same for the same seed; numbers times a factor, which takes them out of their range."""
        rng, n, made = np.random.default_rng(seed), self.n if n is None else n, []
        for kind in self.columns:
            if kind == CODE:
                made.append(rng.integers(0, LEVELS, n).astype(float))
            elif kind in NUMBERS:
                last = made[-1] if made and isinstance(made[-1], np.ndarray) and made[-1].dtype == float else None
                made.append(factor * NUMBERS[kind](rng, n, last))
            else:
                made.append(OTHERS[kind](rng, n))
        return self._contained(made)

    def _contained(self, made):
        if self.container == "frame":
            index = pd.Index([f"r{i}" for i in range(len(made[0]))])
            return pd.DataFrame(
                {f"{kind} {j}": c for j, (kind, c) in enumerate(zip(self.columns, made, strict=True))}, index
            )
        array = np.stack(made, axis=1).astype("float64")
        return (
            array.clip(-1e15, 1e15).round().astype("int64")
            if self.container == "int64"
            else array.astype(self.container)
        )


n_rows = st.one_of(st.integers(1, 12), st.integers(13, 50), st.integers(100, 300))


@st.composite
def numeric_tables(draw, least=1, codes=False):
    """Tables that a module reads as they are."""
    kinds = st.sampled_from([*NUMBERS, CODE] if codes else list(NUMBERS))
    columns = draw(st.lists(kinds, min_size=least, max_size=6))
    container = draw(st.sampled_from(["float32", "float32", "float64", "frame", "int64"]))
    return Table(tuple(columns), draw(n_rows), container)


@st.composite
def mixed_tables(draw):
    """DataFrames for a pipeline; at least one column of numbers."""
    columns = draw(st.lists(st.sampled_from([*OTHERS, *NUMBERS]), max_size=4))
    return Table((draw(st.sampled_from(list(NUMBERS))), *columns), draw(n_rows), "frame")
