"""Labels, one a row, of a dask table: some of them, or all in the partitions of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.distributed.partitions import Partitions, is_array, is_collection


def labels_at(y: Any, places: np.ndarray, n: int) -> Any:
    """Labels, or None, of some rows of a table of n.

    Parameters
    ----------
    y : array-like or dask collection of shape (n,), or None
    places : ndarray of int
    n : int
    """
    if y is None:
        return None
    y = Partitions.of(y) if is_collection(y) else np.asarray(y)
    if len(y) != n:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n, len(y)]}")
    return np.asarray(y[places])


def labels_in_chunks(X: Any, target: Any) -> Any:
    """Labels as a dask array in the chunks of the rows of a dask array.

    Parameters
    ----------
    X : dask array of shape (n, d)
    target : dask array, dask Series or array-like of shape (n,)
    """
    import dask.array as da

    if not is_collection(target):
        lengths = Partitions.of(X).lengths.tolist()
        return da.from_array(_labels_array(target, sum(lengths)), chunks=(tuple(lengths),))
    if not is_array(target):
        like = np.empty(0, object if target.dtype.kind not in "biuf" else target.dtype)
        target = target.map_partitions(np.asarray, dtype=like.dtype, meta=like)
    if target.ndim == 1 and not np.isnan(X.shape[0]) and target.shape == X.shape[:1]:
        return target.rechunk((X.chunks[0],))
    _check_partitions(target.ndim, target.npartitions, X.numblocks[0])
    return target


def rows_and_labels(X: Any, target: Any) -> tuple[Any, Any]:
    """A dask DataFrame, and labels as a dask Series of the same partitions.

    Where labels are an array, the DataFrame is taken apart into its partitions first: dask may read several small files
    as one partition, and aligns only what comes from the same files.

    Parameters
    ----------
    X : dask DataFrame of shape (n, d)
    target : dask Series, dask array or array-like of shape (n,)
    """
    if is_collection(target) and not is_array(target):
        _check_partitions(target.ndim, target.npartitions, X.npartitions)
        return X, target
    import dask.dataframe as dd
    from dask import delayed

    table = Partitions.of(X)
    if is_collection(target):
        parts = Partitions.of(target).parts
        _check_partitions(target.ndim, len(parts), len(table.parts))
        like = pd.Series(np.empty(0, target.dtype))
    else:
        labels = _labels_array(target, len(table))
        parts = tuple(labels[i : i + m] for i, m in zip(table.starts, table.lengths, strict=True))
        like = pd.Series(labels[:0])
    divisions = X.divisions if len(table.parts) == X.npartitions else None
    rows = dd.from_delayed(table.parts, meta=X._meta, divisions=divisions, verify_meta=False)
    return rows, dd.from_delayed([delayed(pd.Series)(part) for part in parts], meta=like, verify_meta=False)


def _check_partitions(ndim: int, n_parts: int, wanted: int) -> None:
    """Refuse labels that are no column, or not in as many partitions as the rows."""
    if ndim != 1 or n_parts != wanted:
        raise ValueError(
            f"target has {ndim} dimension(s) and {n_parts} partition(s), X has {wanted}: give a column of labels in "
            "the partitions of X, or an array of one label a row."
        )


def _labels_array(target: Any, n: int) -> np.ndarray:
    """Labels as an array (n,)."""
    labels = np.asarray(target)
    if labels.shape != (n,):
        raise ValueError(f"target has shape {labels.shape}; for {n} rows give one label, or an array of {n} labels.")
    return labels
