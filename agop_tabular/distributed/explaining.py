"""Explain a dask table: attributions that are computed partition by partition, when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from agop_tabular.attribution.attributor import Attributor
from agop_tabular.core.evaluating import evaluating
from agop_tabular.distributed.cores import share_of_cores
from agop_tabular.distributed.labels import labels_in_chunks, rows_and_labels
from agop_tabular.distributed.partitions import is_array, is_collection, one_chunk_wide, shipped
from agop_tabular.models.frames import like
from agop_tabular.models.rows import result_dtype
from agop_tabular.models.targets import Target, asks_for_all, asks_for_predicted


def explain_lazily(attributor: Attributor, X: Any, target: Any) -> Any:
    """Attributions of a dask table, not computed yet.

    Parameters
    ----------
    attributor : Attributor
    X : dask DataFrame or dask array of shape (n, d)
        Already validated by the explainer.
    target : "predicted", "all", a label, or a collection or array-like of n labels

    Returns
    -------
    dask DataFrame or dask array
        Of the same partitions as X; a dask array of shape (n, d, n_scores) for "all".
    """
    each_row = is_collection(target) or np.ndim(target) > 0
    needs_network = attributor.method.method.needs_network
    if needs_network or not asks_for_predicted(target):  # a wrong target is refused here, not on a worker
        scores = attributor.model.network if needs_network else attributor.model
        Target.read(np.empty(0, dtype=int) if each_row else target, scores, 0)
    n_scores = attributor.model.n_scores if asks_for_all(target) else None
    attributor = attributor.for_workers()
    if is_array(X):
        return _of_array(attributor, one_chunk_wide(X), target, n_scores, each_row=each_row)
    return _of_frame(attributor, X, target, n_scores, each_row=each_row)


def _of_array(attributor: Attributor, X: Any, target: Any, n_scores: int | None, *, each_row: bool) -> Any:
    dtype = result_dtype(X)
    extra = {} if n_scores is None else {"chunks": (*X.chunks, (n_scores,)), "new_axis": 2}
    meta = np.empty((0,) * (2 if n_scores is None else 3), dtype)
    args = (labels_in_chunks(X, target)[:, None],) if each_row else ()
    fixed = None if each_row else target
    return X.map_blocks(_array_part, shipped(attributor), *args, target=fixed, dtype=dtype, meta=meta, **extra)


def _of_frame(attributor: Attributor, X: Any, target: Any, n_scores: int | None, *, each_row: bool) -> Any:
    like = X._meta
    dtype = result_dtype(like)
    meta: Any = pd.DataFrame(np.empty((0, like.shape[1]), dtype), index=like.index, columns=like.columns)
    if n_scores is not None:
        meta = np.empty((0, like.shape[1], n_scores), dtype)
    if each_row:
        X, target = rows_and_labels(X, target)
    args = (shipped(attributor), target)
    return X.map_partitions(_frame_part, *args, meta=meta, enforce_metadata=False, align_dataframes=False)


def _array_part(
    rows: Any, attributor: Attributor, labels: Any = None, *, target: Any, block_info: Any = None
) -> np.ndarray:
    """Attributions of one chunk of an array."""
    here = block_info[0]
    start, number = here["array-location"][0][0], here["chunk-location"][0]
    return _part(attributor, rows, target if labels is None else labels[:, 0], start, number)


def _frame_part(rows: pd.DataFrame, attributor: Attributor, target: Any, partition_info: Any = None) -> Any:
    """Attributions of one partition of a DataFrame."""
    values = _part(attributor, rows, target, np.nan, partition_info["number"])
    return like(rows, values)


def _part(attributor: Attributor, rows: Any, target: Any, start: float, number: int) -> np.ndarray:
    """Attributions of one partition, whose first row in the whole table is not known where ``start`` is NaN."""
    known = not np.isnan(start)
    target = target.to_numpy() if isinstance(target, pd.Series) else target
    adapter = attributor.model.adapter
    module = torch.nn.Module() if adapter is None else adapter.module
    try:
        with torch.inference_mode(False), evaluating(module), share_of_cores():
            return attributor.attribute(rows, target, first_row=int(start) if known else 0).values
    except ValueError as error:
        if known:
            raise
        raise ValueError(f"In partition {number}, whose rows are counted from 0: {error}") from error
