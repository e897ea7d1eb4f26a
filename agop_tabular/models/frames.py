"""DataFrames of other libraries than pandas (polars, pyarrow, …), seen through narwhals.

Rows reach the user's own steps in the kind of table that they came in, so that whatever the model's own ``predict``
takes can be explained; kinds that scikit-learn's transformers do not take become pandas' a batch at a time. pandas has
code of its own where its index or its dtypes matter.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing

NO_NUMBERS = (str, bytes, np.datetime64, np.timedelta64)
"""Cells of columns of objects that numpy or pandas would make numbers of all the same."""


def other_frame(X: Any) -> nw.DataFrame[Any] | None:
    """A DataFrame in memory, as narwhals sees it; None for one of pandas, and for what is no DataFrame."""
    if isinstance(X, (np.ndarray, pd.DataFrame)) or not nw.dependencies.is_into_dataframe(X):
        return None
    return nw.from_native(X, eager_only=True)


def is_frame(X: Any) -> bool:
    """Whether X is a DataFrame in memory, of pandas or of another library."""
    return isinstance(X, pd.DataFrame) or other_frame(X) is not None


def column_labels(X: Any) -> list[Any] | None:
    """Labels of a DataFrame's columns, which pandas need not have as text; None for what is no DataFrame."""
    if isinstance(X, pd.DataFrame):
        return list(X.columns)
    frame = other_frame(X)
    return None if frame is None else list(frame.columns)


def cells_of(X: Any, j: int) -> pd.Series:
    """The cells of one column of a table.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    j : int
        Place of the column.
    """
    if isinstance(X, pd.DataFrame):
        return X.iloc[:, j]
    frame = other_frame(X)
    return pd.Series(np.asarray(X)[:, j] if frame is None else frame[:, j].to_numpy())


def to_pandas(X: Any) -> pd.DataFrame:
    """A table as a DataFrame of pandas; pyarrow is not needed for it.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    """
    if isinstance(X, pd.DataFrame):
        return X
    frame = other_frame(X)
    if frame is None:
        return pd.DataFrame(np.asarray(X))
    return pd.DataFrame({name: cells_of(X, j) for j, name in enumerate(frame.columns)})


def cells_as_objects(X: Any) -> np.ndarray:
    """All cells of a table (n, d) as Python's or pandas' objects, whole numbers next to floats as what they are.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    """
    frame = other_frame(X)
    if frame is None:
        return X.to_numpy(dtype=object) if isinstance(X, pd.DataFrame) else np.asarray(X).astype(object)
    cells = np.empty(frame.shape, dtype=object)
    for j, series in enumerate(frame.iter_columns()):
        cells[:, j] = series.to_list()  # an array of whole numbers with gaps would be one of floats
    return cells


def missing_cells(X: Any) -> np.ndarray:
    """Which cells hold no value, (n, d) of bool.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    """
    frame = other_frame(X)
    if frame is None:
        return np.asarray(pd.isna(X))
    missing = np.zeros(frame.shape, dtype=bool)
    for j, series in enumerate(frame.iter_columns()):
        missing[:, j] = pd.isna(series.to_numpy())
    return missing


def floating_dtypes(X: Any) -> set[Any]:
    """The dtypes of a DataFrame's columns, as numpy's where they are its floats."""
    if isinstance(X, pd.DataFrame):
        return set(X.dtypes)
    floats = {nw.Float32: np.dtype("float32"), nw.Float64: np.dtype("float64")}
    frame = nw.from_native(X, eager_only=True)
    return {floats.get(type(dtype), dtype) for dtype in frame.schema.values()}


def floats_of_column(X: Any, j: int) -> np.ndarray:
    """A column of a DataFrame as floats, NaN where a value is missing.

    Text that looks like a number, dates, and categories of them are not read as numbers.

    Raises
    ------
    TypeError, ValueError
        Where the cells are no numbers.
    """
    frame = other_frame(X)
    if frame is not None:
        series = frame[:, j]
        if not (series.dtype.is_numeric() or series.dtype == nw.Boolean or series.null_count() == len(series)):
            raise TypeError(f"{series.dtype} is no number")
        return series.to_numpy() if series.dtype in (nw.Float32, nw.Float64) else series.cast(nw.Float64).to_numpy()
    cells = X.iloc[:, j]
    dtype = cells.dtype.categories.dtype if isinstance(cells.dtype, pd.CategoricalDtype) else cells.dtype
    if getattr(dtype, "kind", "O") in "Mmc":  # a network cannot know the unit of a date
        raise TypeError(f"{dtype} is no number")
    if not pd.api.types.is_numeric_dtype(dtype) and any(isinstance(cell, NO_NUMBERS) for cell in cells):
        raise TypeError("text and dates are no numbers")
    return cells.to_numpy(dtype=np.float64, na_value=np.nan)


def in_native_order(X: Any) -> Any:
    """A DataFrame whose numbers have the machine's order of bytes; pandas cannot take rows of any other.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        Of distinct columns; returned as it is where nothing has to be changed.
    """
    if not isinstance(X, pd.DataFrame):
        return X
    swapped = {
        name: dtype.newbyteorder("=")
        for name, dtype in X.dtypes.items()
        if isinstance(dtype, np.dtype) and not dtype.isnative
    }
    return X.astype(swapped) if swapped else X


def for_transformers(X: Any) -> Any:
    """A table as it is where scikit-learn's transformers take it, otherwise as a DataFrame of pandas."""
    frame = other_frame(X)
    return X if frame is None or frame.implementation.is_polars() else frame.to_pandas()


def frame_rows(X: Any, rows: slice | np.ndarray) -> Any:
    """Rows of another library's DataFrame, of the same kind."""
    return nw.from_native(X, eager_only=True)[rows].to_native()


def take_columns(X: Any, columns: list[int]) -> Any:
    """Columns of an array, a sparse matrix or a DataFrame, by their places."""
    frame = other_frame(X)
    return _safe_indexing(X, columns, axis=1) if frame is None else frame[:, [int(j) for j in columns]].to_native()


def with_values(X: Any, columns: Any, values: Any) -> Any:
    """A copy of a DataFrame with other values, a constant or one per row, in some columns.

    Parameters
    ----------
    X : DataFrame of shape (n, d), not of pandas
    columns : sequence of int
    values : sequence of scalars or arrays of shape (n,)
        One for each of these columns. They get the column's dtype where that holds them.
    """
    frame = nw.from_native(X, eager_only=True)
    changed = []
    for j, value in zip(columns, values, strict=True):
        name, dtype = frame.columns[j], frame.schema[frame.columns[j]]
        cells = np.broadcast_to(np.asarray(value), len(frame)).tolist()
        whole = dtype.is_integer() and all(float(cell).is_integer() for cell in cells if cell is not None)
        series = nw.new_series(name, [int(c) for c in cells] if whole else cells, backend=frame.implementation)
        changed.append(series if dtype.is_integer() and not whole else series.cast(dtype))
    return frame.with_columns(*changed).to_native()


def like(X: Any, values: np.ndarray) -> Any:
    """Values (n, d) as a DataFrame of X's own kind, with its columns, and its index if it has one; as they are else.

    They are not copied where the library allows that.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    values : ndarray of shape (n, d), or (n, d, n_scores), which no DataFrame holds
    """
    if values.ndim != 2:
        return values
    if isinstance(X, pd.DataFrame):
        return pd.DataFrame(values, index=X.index, columns=X.columns, copy=False)
    frame = other_frame(X)
    if frame is None:
        return values
    return nw.from_numpy(values, schema=frame.columns, backend=frame.implementation).to_native()
