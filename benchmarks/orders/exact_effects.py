"""Effects of one, two and three columns of single rows, from every coalition of so many columns."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np

from benchmarks.budget.coalitions import Coalitions

AT_ONCE = 64
"""Coalitions that are evaluated at a time, each with all background rows."""


def coalitions_up_to(d: int, order: int) -> int:
    """Number of coalitions of at most so many of d columns."""
    return sum(comb(d, k) for k in range(order + 1))


def shapley_values_by_order(game: Coalitions, d: int, order: int) -> np.ndarray:
    """Shapley values of one row from its effects of one column, of up to two, and so on.

    An effect of a set of columns is what its coalition adds to all effects of its subsets; its columns share it
    evenly.

    Parameters
    ----------
    game : Coalitions
    d : int
        Columns.
    order : int
        The largest number of columns of an effect.

    Returns
    -------
    ndarray of shape (order, d)
        What effects leave of the score is not shared out.
    """
    sets = [columns for k in range(order + 1) for columns in itertools.combinations(range(d), k)]
    present = np.zeros((len(sets), d), dtype=bool)
    for row, columns in zip(present, sets, strict=True):
        row[list(columns)] = True
    values = np.concatenate([game(present[i : i + AT_ONCE]) for i in range(0, len(sets), AT_ONCE)])
    effects: dict[tuple[int, ...], float] = {}
    out = np.zeros((order, d))
    for columns, value in zip(sets, values.tolist(), strict=True):
        smaller = (part for k in range(len(columns)) for part in itertools.combinations(columns, k))
        effects[columns] = value - sum(effects[part] for part in smaller)
        if columns:
            out[len(columns) - 1 :, list(columns)] += effects[columns] / len(columns)
    return out


def with_rest(values: np.ndarray, total: float) -> np.ndarray:
    """Values (d,), and what they lack of their total shared out by their size."""
    size = np.abs(values)
    shares = size / size.sum() if size.any() else np.full(len(values), 1 / len(values))
    return values + (total - values.sum()) * shares
