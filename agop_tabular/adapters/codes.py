"""Integer codes of categories as one-hot coordinates, for networks that look them up in tables.

A row of a table is the product of a one-hot vector and the table, so that the network has a gradient there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder


def one_hot(sizes: dict[int, int], d: int) -> ColumnTransformer:
    """A fitted transformer that leaves numeric columns alone and puts those of codes behind them, one-hot.

    Parameters
    ----------
    sizes : dict of int to int
        Number of codes, from 0, of each column that holds codes, in the order in which they shall follow.
    d : int
        Columns in all.
    """
    numeric = [j for j in range(d) if j not in sizes]
    steps = [("numeric", "passthrough", numeric)]
    if sizes:
        codes = [np.arange(size, dtype=np.float32) for size in sizes.values()]
        encoder = OneHotEncoder(categories=codes, sparse_output=False, dtype=np.float32)
        steps.append(("codes", encoder, list(sizes)))
    return ColumnTransformer(steps).fit(np.zeros((1, d), dtype=np.float32))


def blocks(sizes: Sequence[int], start: int = 0) -> list[slice]:
    """Place of each one-hot block, side by side from ``start``."""
    ends = start + np.cumsum(sizes, dtype=int)
    return [slice(int(end) - size, int(end)) for end, size in zip(ends, sizes, strict=True)]
