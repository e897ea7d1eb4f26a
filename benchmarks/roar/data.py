"""The tables of the ROAR study, split into training and test rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from agop_tabular import datasets

DATA = ("adult", "credit-default")

Labelled = tuple[pd.DataFrame, np.ndarray]
"""Rows and labels, 0 and 1."""


def load(name: str, train_rows: int | None, test_rows: int | None) -> tuple[Labelled, Labelled]:
    """Training and test rows: Adult's official split, a random fifth of Credit Default for testing.

    Parameters
    ----------
    name : str
    train_rows, test_rows : int or None
        Rows to keep, drawn at random; all if None.
    """
    if name == "adult":
        table = datasets.fetch_adult()
        is_train = (table.split == "train").to_numpy()
    else:
        table = datasets.fetch_credit_default()
        is_train = np.zeros(len(table.data), dtype=bool)
        rows = np.arange(len(is_train))
        is_train[train_test_split(rows, test_size=0.2, random_state=0, stratify=table.target)[0]] = True
    y = np.unique(table.target, return_inverse=True)[1].astype(np.int64)
    X, rng = table.data.reset_index(drop=True), np.random.RandomState(0)
    train = rng.permutation(np.flatnonzero(is_train))[:train_rows]
    test = rng.permutation(np.flatnonzero(~is_train))[:test_rows]
    return (X.iloc[train], y[train]), (X.iloc[test], y[test])
