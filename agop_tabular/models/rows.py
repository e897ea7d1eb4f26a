"""The user's rows: their names, their dtype, and one of them as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def column_names(X: Any) -> tuple[str, ...]:
    """Names of the columns: a DataFrame's own, otherwise x0, x1, …, as scikit-learn names them."""
    return tuple(str(c) for c in X.columns) if hasattr(X, "columns") else tuple(f"x{j}" for j in range(X.shape[1]))


def result_dtype(X: Any) -> np.dtype:
    """The rows' own dtype where it is float32 or wider, float32 for halves, which would overflow, otherwise float64."""
    dtypes = set(X.dtypes) if isinstance(X, pd.DataFrame) else {X.dtype}
    if len(dtypes) == 1:
        (dtype,) = dtypes
        if isinstance(dtype, np.dtype) and dtype.kind == "f":
            return np.dtype(np.float32) if dtype.itemsize < 4 else dtype
    return np.dtype(np.float64)


def one_row(row: Any, names: np.ndarray | None) -> Any:
    """One row given as a dict, Series, DataFrame or sequence, as a table of one row.

    Parameters
    ----------
    row : dict, Series, DataFrame or array-like of shape (d,) or (1, d)
    names : ndarray of str or None
        Columns of the DataFrame that the explainer was fitted on; None where it was an array.

    Returns
    -------
    DataFrame where there are names, otherwise ndarray of shape (1, d)
    """
    if isinstance(row, dict):
        row = pd.DataFrame([row])
    elif isinstance(row, pd.Series):
        row = pd.DataFrame([row.to_dict()])
    if isinstance(row, pd.DataFrame) and names is not None:
        return row
    if names is None:
        return np.asarray(row).reshape(1, -1)
    cells = np.asarray(row, dtype=object).ravel()  # as objects, so that numbers next to text stay numbers
    if len(names) != len(cells):
        return cells[None]
    return pd.DataFrame({name: [cell] for name, cell in zip(names, cells, strict=True)})


GOLDEN = 0.6180339887498949
"""The golden ratio's fractional part, (√5 - 1) / 2: its multiples fill an interval more evenly than any others."""


def spread_rows(n: int, k: int) -> np.ndarray:
    """Places of k rows from all over a table of n, ascending; all of them where there are no more than k.

    One row is taken from each of k equal stretches of the table, at a place that moves on by the golden ratio from one
    stretch to the next, so that a period in the table does not show in the sample.

    Parameters
    ----------
    n : int
    k : int
        At least one row is taken where k is 0.

    Returns
    -------
    ndarray of int, shape (min(n, max(k, 1)),)
    """
    if k >= n:
        return np.arange(n)
    steps = np.arange(max(1, k), dtype=np.float64)
    places: np.ndarray = ((steps + (steps * GOLDEN) % 1) * (n / len(steps))).astype(np.int64)
    return places


def take_rows(X: Any, rows: slice | np.ndarray) -> Any:
    """Rows of an array, a sparse matrix or a DataFrame; a view where the table allows one."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]
