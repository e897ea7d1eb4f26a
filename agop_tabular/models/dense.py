"""Conversion of tables to dense arrays of floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse


def to_dense(coordinates: Any) -> np.ndarray:
    """Convert an array, sparse matrix or DataFrame to a contiguous array (b, p) of float32 or float64.

    Raises
    ------
    ValueError
        If a column is not numeric.
    """
    if scipy.sparse.issparse(coordinates):
        coordinates = coordinates.toarray()
    if isinstance(coordinates, pd.DataFrame):
        coordinates = _frame_to_dense(coordinates)
    dense = np.asarray(coordinates)
    if dense.dtype == object:
        try:
            dense = dense.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(_not_numeric("The network's input", error)) from error
    if dense.dtype.kind not in "fiub":
        raise ValueError(_not_numeric("The network's input", f"dtype {dense.dtype}"))
    if dense.dtype not in (np.float32, np.float64):
        dense = dense.astype(np.float64)
    return np.ascontiguousarray(dense)


def _frame_to_dense(frame: pd.DataFrame) -> np.ndarray:
    dtypes = set(frame.dtypes)
    if len(dtypes) == 1 and next(iter(dtypes)) in (np.dtype("float32"), np.dtype("float64")):
        return frame.to_numpy()
    columns, bad = [], []
    for name, column in frame.items():
        try:
            if getattr(column.dtype, "kind", "O") in "Mm":
                raise TypeError("a network cannot know the unit of a date")
            columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            bad.append(str(name))
    if bad:
        raise ValueError(_not_numeric(f"Column(s) {', '.join(map(repr, bad))}", "text, categories or dates"))
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def _not_numeric(what: str, why: object) -> str:
    return (
        f"{what} cannot be read as numbers ({why}); put an encoder in front of the network, for example "
        "make_pipeline(ColumnTransformer([('onehot', OneHotEncoder(), columns)], remainder='passthrough'), net)."
    )
