"""The user's rows: their names, their dtype, and one of them as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from torch import Tensor

from agop_tabular.models.frames import (
    column_labels,
    floating_dtypes,
    for_transformers,
    frame_rows,
    is_frame,
    other_frame,
)
from agop_tabular.models.inputs import as_array


def column_names(X: Any) -> tuple[str, ...]:
    """Names of the columns: a DataFrame's own, otherwise x0, x1, …, as scikit-learn names them."""
    labels = column_labels(X)
    return tuple(f"x{j}" for j in range(X.shape[1])) if labels is None else tuple(map(str, labels))


def result_dtype(X: Any) -> np.dtype:
    """float32 for rows of that dtype, and for halves, which would overflow; float64 for all others.

    torch, which attributions are computed by, has no wider floats, and no bytes in another order than the machine's.
    """
    dtypes = floating_dtypes(X) if is_frame(X) else {X.dtype}
    if len(dtypes) == 1:
        (dtype,) = dtypes
        if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize <= 4:
            return np.dtype(np.float32)
    return np.dtype(np.float64)


def one_row(row: Any, names: np.ndarray | None, name: str = "baseline") -> Any:
    """One row given as a dict, Series, DataFrame or sequence, as a table of one row.

    Parameters
    ----------
    row : dict, Series, DataFrame or array-like of shape (d,) or (1, d)
    names : ndarray of str or None
        Columns of the DataFrame that the explainer was fitted on; None where it was an array.
    name : str
        What messages call the row.

    Returns
    -------
    DataFrame where there are names, otherwise ndarray of shape (1, d)

    Raises
    ------
    ValueError
        Where it is several rows.
    """
    if isinstance(row, Tensor):
        row = as_array(row, name)
    if isinstance(row, dict):
        row = pd.DataFrame([row])
    elif isinstance(row, pd.Series):
        row = pd.DataFrame([row.to_dict()])
    labels = column_labels(row)
    shape = (len(row), len(labels)) if labels is not None else np.shape(row)
    if len(shape) not in (1, 2) or (len(shape) == 2 and shape[0] != 1):
        raise ValueError(f"{name} has shape {shape}; give one row in the columns of X.")
    if labels is not None and (names is not None or not all(isinstance(label, str) for label in labels)):
        return row
    if names is None:
        return np.asarray(row).reshape(1, -1)
    cells = np.asarray(row, dtype=object).ravel()  # as objects, so that numbers next to text stay numbers
    if len(names) != len(cells):
        return cells[None]
    return pd.DataFrame({column: [cell] for column, cell in zip(names, cells, strict=True)})


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


def own_rows(X: Any) -> Any:
    """A copy of a table, which later changes of the caller's do not reach; those of pyarrow cannot be changed."""
    for name in ("copy", "clone"):  # polars' clone shares memory until one of the two is changed
        if hasattr(X, name):
            return getattr(X, name)()
    return X


def take_rows(X: Any, rows: slice | np.ndarray) -> Any:
    """Rows of an array, a sparse matrix or a DataFrame, as transformers take them; a view where that is possible."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if scipy.sparse.issparse(X) and X.format not in ("csr", "csc", "lil"):  # of the others no rows can be taken
        X = X.tocsr()
    return X[rows] if other_frame(X) is None else for_transformers(frame_rows(X, rows))
