"""Conversion of tables to dense arrays of floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from torch import Tensor

from agop_tabular.models.frames import NO_NUMBERS, column_labels, floating_dtypes, floats_of_column, is_frame
from agop_tabular.models.inputs import as_array
from agop_tabular.models.no_gradient import NoGradientError

FLOATS = {np.dtype("float32"), np.dtype("float64")}
"""What torch computes in; a table of one of them is not copied."""


def to_dense(coordinates: Any) -> np.ndarray:
    """Convert an array, sparse matrix or DataFrame to a contiguous array (b, p) of float32 or float64.

    Raises
    ------
    ValueError
        If a column is not numeric.
    """
    if scipy.sparse.issparse(coordinates):
        coordinates = coordinates.toarray()
    if isinstance(coordinates, Tensor):
        coordinates = as_array(coordinates, "The network's input")
    if is_frame(coordinates):
        coordinates = _frame_to_dense(coordinates)
    dense = np.asarray(coordinates)
    if dense.dtype == object:
        if any(isinstance(cell, NO_NUMBERS) for cell in dense.flat):
            raise NoGradientError(_not_numeric("The network's input", "text or dates"))
        try:
            dense = dense.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise NoGradientError(_not_numeric("The network's input", error)) from error
    if dense.dtype.kind not in "fiub":
        raise NoGradientError(_not_numeric("The network's input", f"dtype {dense.dtype}"))
    if dense.dtype not in (np.float32, np.float64):
        dense = dense.astype(np.float64)
    return np.ascontiguousarray(dense)


def _frame_to_dense(frame: Any) -> np.ndarray:
    """A DataFrame, of pandas or of another library, as an array."""
    dtypes = floating_dtypes(frame)
    if isinstance(frame, pd.DataFrame) and len(dtypes) == 1 and dtypes <= FLOATS:
        return frame.to_numpy()
    columns, bad = [], []
    for j, name in enumerate(column_labels(frame) or ()):
        try:
            columns.append(floats_of_column(frame, j))
        except (TypeError, ValueError):
            bad.append(str(name))
    if bad:
        raise NoGradientError(
            _not_numeric(f"Column(s) {', '.join(map(repr, bad))}", "text, categories, dates or complex numbers")
        )
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def _not_numeric(what: str, why: object) -> str:
    return (
        f"{what} cannot be read as numbers ({why}); put an encoder in front of the network, for example "
        "make_pipeline(ColumnTransformer([('onehot', OneHotEncoder(), columns)], remainder='passthrough'), net)."
    )
