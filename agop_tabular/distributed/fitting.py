"""The two passes over the rows of a dask table: sums partition by partition, and attributions that stay lazy."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from agop_tabular.attribution.methods import Method
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.moments import DiagonalMoment
from agop_tabular.distributed.partitions import Partitions, is_array, is_collection, one_chunk_wide, shipped
from agop_tabular.fitting.shuffled_rows import pool_rows
from agop_tabular.fitting.statistics import Gathered, probe_rows
from agop_tabular.gate.find import tried_rows
from agop_tabular.models.rows import result_dtype
from agop_tabular.models.targets import ALL, resolve_target


@contextmanager
def share_of_cores() -> Iterator[None]:
    """Inside a dask worker, as many torch threads as the worker has threads; elsewhere, what there is.

    Two workers on two cores that compute with two torch threads each are slower than one. Threads of a process must
    take turns here, since the number is theirs together.
    """
    worker = _worker()
    if worker is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, worker.state.nthreads))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _worker() -> Any:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.get_worker()
    except ValueError:  # not inside a task of a worker
        return None


# Gathering ------------------------------------------------------------------------------------------------------


def hold_rows(table: Partitions, method: Method, gate: Any) -> None:
    """Read the few rows that fitting looks at by themselves, all of them at once.

    Raises
    ------
    ValueError
        Where the table has no rows.
    """
    n = len(table)
    if n == 0:
        raise ValueError("Found array with 0 sample(s); a minimum of 1 is required by AGOPExplainer.")
    table.hold(probe_rows(table), tried_rows(gate, method, n), *([pool_rows(n)] if method.tables else []))


def plus_partitions(gathered: Gathered, table: Partitions, batch_size: int | str, *, scored: bool) -> Gathered:
    """As :meth:`Gathered.plus`, with the rows of a table in partitions.

    Parameters
    ----------
    gathered : Gathered
    table : Partitions
    batch_size : int or "auto"
    scored : bool
        Whether to add up the scores, too.
    """
    moment = replace(gathered.moment, n=0)
    moment.total = torch.zeros(())  # its size is made on the workers
    nothing = replace(_light(gathered), moment=moment)
    each = partial(_sums, batch_size=batch_size, scored=scored)
    return gathered.merged(table.reduced(each, Gathered.merged, shipped(nothing))).checked()


def _sums(gathered: Gathered, rows: Any, first: int, *, batch_size: int | str, scored: bool) -> Gathered:
    """What the rows of one partition add, without the network."""
    gathered = replace(gathered, moment=replace(gathered.moment, n=0))
    parts = (
        (slice(first + place.start, first + place.stop), x)
        for place, x in gathered.batches(rows, batch_size, "fit", verbose=0)
    )
    with torch.inference_mode(False), evaluating(gathered.network.module), share_of_cores():
        return replace(gathered.summed(parts, scored=scored), adapter=None)


def _light(gathered: Gathered) -> Gathered:
    """The network, without what was gathered of it."""
    return replace(
        gathered,
        moment=DiagonalMoment(0),
        coordinates=CoordinateMoment(gathered.coordinates.p),
        probe=None,
        score_total=torch.zeros((), dtype=torch.float64),
        effects=None,
        columns=(),
        background=None,
    )


# Attributing ----------------------------------------------------------------------------------------------------


def explained(explainer: Any, X: Any, target: Any) -> Any:
    """Attributions of a dask table, not computed yet.

    Parameters
    ----------
    explainer : AGOPExplainer
        Fitted.
    X : dask DataFrame or dask array of shape (n, d)
        As the door has let it pass.
    target : "predicted", "all", a label, or a collection or array-like of n labels

    Returns
    -------
    dask DataFrame or dask array
        Of the same partitions as X; a dask array of shape (n, d, n_scores) for "all".
    """
    network = None if explainer._attribution.method.constant else explainer._gathered.network
    each_row = is_collection(target) or np.ndim(target) > 0
    if network is not None:
        resolve_target(np.empty(0, dtype=int) if each_row else target, network, 0)  # refused here, not on a worker
    n_scores = len(explainer._gathered.score_names) if isinstance(target, str) and target == ALL else None
    if is_array(X):
        return _of_array(explainer, one_chunk_wide(X), target, n_scores, each_row=each_row)
    return _of_frame(explainer, X, target, n_scores, each_row=each_row)


def _of_array(explainer: Any, X: Any, target: Any, n_scores: int | None, *, each_row: bool) -> Any:
    dtype = result_dtype(X)
    extra = {} if n_scores is None else {"chunks": (*X.chunks, (n_scores,)), "new_axis": 2}
    meta = np.empty((0,) * (2 if n_scores is None else 3), dtype)
    args = (_labels_beside(X, target)[:, None],) if each_row else ()
    fixed = None if each_row else target
    return X.map_blocks(
        _array_part, shipped(_for_workers(explainer)), *args, target=fixed, dtype=dtype, meta=meta, **extra
    )


def _of_frame(explainer: Any, X: Any, target: Any, n_scores: int | None, *, each_row: bool) -> Any:
    like = X._meta
    dtype = result_dtype(like)
    meta: Any = pd.DataFrame(np.empty((0, like.shape[1]), dtype), index=like.index, columns=like.columns)
    if n_scores is not None:
        meta = np.empty((0, like.shape[1], n_scores), dtype)
    if each_row:
        X, labels = _side_by_side(X, target)
    args = (shipped(_for_workers(explainer)), labels if each_row else target)
    return X.map_partitions(_frame_part, *args, meta=meta, enforce_metadata=False, align_dataframes=False)


def _for_workers(explainer: Any) -> Any:
    """The fitted explainer with what it takes to explain, and nothing else."""
    gathered, fitted = explainer._gathered, explainer._attribution
    twin = copy.copy(explainer)
    for name in [name for name in vars(twin) if name.endswith("_") or name.startswith("_")]:
        delattr(twin, name)
    twin.estimator, twin.verbose = None, 0
    twin.gate_, twin.feature_map_ = explainer.gate_, explainer.feature_map_
    twin._gathered = replace(_light(gathered), background=gathered.background if explainer.refine else None)
    twin._attribution = replace(fitted, spectrum=None, _laid_out={}, _ready={})
    return twin


def _array_part(rows: Any, explainer: Any, labels: Any = None, *, target: Any, block_info: Any = None) -> np.ndarray:
    """Attributions of one chunk of an array."""
    here = block_info[0]
    start, number = here["array-location"][0][0], here["chunk-location"][0]
    return _part(explainer, rows, target if labels is None else labels[:, 0], start, number)


def _frame_part(rows: pd.DataFrame, explainer: Any, target: Any, partition_info: Any = None) -> Any:
    """Attributions of one partition of a DataFrame."""
    values = _part(explainer, rows, target, np.nan, partition_info["number"])
    return pd.DataFrame(values, index=rows.index, columns=rows.columns) if values.ndim == 2 else values


def _part(explainer: Any, rows: Any, target: Any, start: float, number: int) -> np.ndarray:
    """Attributions of one partition, whose first row in the whole table is not known where ``start`` is NaN."""
    known = not np.isnan(start)
    target = target.to_numpy() if isinstance(target, pd.Series) else target
    adapter = explainer._gathered.adapter
    module = torch.nn.Module() if adapter is None else adapter.module
    try:
        with torch.inference_mode(False), evaluating(module), share_of_cores():
            found = explainer._attribute(rows, target, with_support=False, first_row=int(start) if known else 0)
    except ValueError as error:
        if known:
            raise
        raise ValueError(f"In partition {number}, whose rows are counted from 0: {error}") from error
    values: np.ndarray = found.values
    return values


# Labels, one a row ----------------------------------------------------------------------------------------------


def _labels_beside(X: Any, target: Any) -> Any:
    """Labels as a dask array in the chunks of the rows of a dask array."""
    import dask.array as da

    if not is_collection(target):
        lengths = Partitions.of(X).lengths.tolist()
        return da.from_array(_checked(target, sum(lengths)), chunks=(tuple(lengths),))
    if not is_array(target):
        like = np.empty(0, object if target.dtype.kind not in "biuf" else target.dtype)
        target = target.map_partitions(np.asarray, dtype=like.dtype, meta=like)
    if target.ndim == 1 and not np.isnan(X.shape[0]) and target.shape == X.shape[:1]:
        return target.rechunk((X.chunks[0],))
    return _lined_up(target, target.ndim, target.npartitions, X.numblocks[0])


def _side_by_side(X: Any, target: Any) -> tuple[Any, Any]:
    """A dask DataFrame, and labels as a dask Series of the same partitions.

    For an array the DataFrame is taken apart first: dask may read several small files as one partition, and lines up
    only what comes from the same files.
    """
    if is_collection(target) and not is_array(target):
        return X, _lined_up(target, target.ndim, target.npartitions, X.npartitions)
    import dask.dataframe as dd
    from dask import delayed

    table = Partitions.of(X)
    if is_collection(target):
        parts = Partitions.of(target).parts
        _lined_up(target, target.ndim, len(parts), len(table.parts))
        like = pd.Series(np.empty(0, target.dtype))
    else:
        labels = _checked(target, len(table))
        parts = tuple(labels[i : i + m] for i, m in zip(table.starts, table.lengths, strict=True))
        like = pd.Series(labels[:0])
    divisions = X.divisions if len(table.parts) == X.npartitions else None
    rows = dd.from_delayed(table.parts, meta=X._meta, divisions=divisions, verify_meta=False)
    return rows, dd.from_delayed([delayed(pd.Series)(part) for part in parts], meta=like, verify_meta=False)


def _lined_up(target: Any, ndim: int, n_parts: int, wanted: int) -> Any:
    if ndim != 1 or n_parts != wanted:
        raise ValueError(
            f"target has {ndim} dimension(s) and {n_parts} partition(s), X has {wanted}: give a column of labels in "
            "the partitions of X, or an array of one label a row."
        )
    return target


def _checked(target: Any, n: int) -> np.ndarray:
    labels = np.asarray(target)
    if labels.shape != (n,):
        raise ValueError(f"target has shape {labels.shape}; for {n} rows give one label, or an array of {n} labels.")
    return labels
