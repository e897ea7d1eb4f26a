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
    cells = np.asarray(row, dtype=object).ravel()  # as objects, so that numbers beside text stay numbers
    if len(names) != len(cells):
        return cells[None]
    return pd.DataFrame({name: [cell] for name, cell in zip(names, cells, strict=True)})
