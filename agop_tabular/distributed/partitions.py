"""A dask table, which may be larger than memory: lengths of its partitions, its rows by number, sums over them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.models.rows import take_rows


def is_collection(X: Any) -> bool:
    """Whether ``X`` is a dask collection; dask is not imported for it, and no graph is built."""
    dask = sys.modules.get("dask")
    if dask is None or isinstance(X, type) or not hasattr(X, "__dask_graph__"):
        return False
    return type(X).__module__.split(".")[0] == "dask" or bool(dask.base.is_dask_collection(X))


def is_array(X: Any) -> bool:
    """Whether a dask collection is an array. A Delayed seems to have every attribute, so the type of one is checked."""
    return hasattr(X, "rechunk") and isinstance(X.chunks, tuple)


@dataclass(eq=False)
class Partitions:
    """A dask DataFrame, Series or array, a partition at a time; the whole is never in memory.

    It has the length and the shape of the table, and indexing it by a slice or by an array of row numbers reads those
    rows into memory, so that it can be used wherever a few rows of a table are taken.

    Attributes
    ----------
    parts : tuple of dask.delayed.Delayed
    like : DataFrame, Series or ndarray
        A table of the same kind without rows.
    known : tuple of int or None
        Lengths of the partitions, where dask knows them.
    """

    parts: tuple[Any, ...]
    like: Any
    known: tuple[int, ...] | None = None
    _held: tuple[np.ndarray, Any] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, X: Any) -> Partitions:
        """The partitions of a dask DataFrame, Series or array; several chunks of columns become one.

        Raises
        ------
        TypeError
            For any other collection.
        """
        if is_array(X):
            if any(math.isnan(size) for size in X.shape[1:]):
                raise ValueError("The number of columns of this dask array is unknown: call X.compute_chunk_sizes().")
            X = one_chunk_wide(X)
            known = None if any(math.isnan(size) for size in X.chunks[0]) else tuple(X.chunks[0])
            return cls(tuple(X.to_delayed().ravel()), np.empty((0, *X.shape[1:]), X.dtype), known)
        if isinstance(getattr(X, "_meta", None), (pd.DataFrame, pd.Series)):
            return cls(tuple(X.to_delayed()), X._meta)
        raise TypeError(f"A dask {type(X).__name__} is no table: give a dask DataFrame or a dask array.")

    # The table as a whole ---------------------------------------------------------------------------------------

    @cached_property
    def lengths(self) -> np.ndarray:
        """Rows of each partition; where dask does not know them, all partitions are read and counted."""
        if self.known is not None:
            return np.array(self.known, dtype=np.int64)
        import dask

        return np.array(dask.compute(*(dask.delayed(len)(part) for part in self.parts)), dtype=np.int64)

    @cached_property
    def starts(self) -> np.ndarray:
        """Number of the first row of each partition."""
        return np.cumsum(self.lengths) - self.lengths

    def __len__(self) -> int:
        return int(self.lengths.sum())

    @property
    def ndim(self) -> int:
        """2 for a table, 1 for a column."""
        return int(self.like.ndim)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and columns of a table."""
        return (len(self), *self.like.shape[1:])

    @property
    def columns(self) -> Any:
        """The columns of a DataFrame; there are none of an array."""
        return self.like.columns

    def example(self) -> Any:
        """A table of one row, by which width and names can be checked."""
        if isinstance(self.like, pd.DataFrame):
            return pd.DataFrame(index=[0], columns=self.like.columns)
        return np.zeros((1, *self.like.shape[1:]))

    # A few of its rows ------------------------------------------------------------------------------------------

    def hold(self, *places: slice | np.ndarray) -> None:
        """Read all these rows at once; indexing takes them from memory from now on."""
        numbers = np.unique(np.concatenate([self._numbers(rows) for rows in places]))
        self._held = numbers, self._read(numbers)

    def __getitem__(self, rows: slice | np.ndarray) -> Any:
        numbers = self._numbers(rows)
        if self._held is None or not np.isin(numbers, self._held[0]).all():
            unique, place = np.unique(numbers, return_inverse=True)
            return take_rows(self._read(unique), place)
        return take_rows(self._held[1], np.searchsorted(self._held[0], numbers))

    def _numbers(self, rows: slice | np.ndarray) -> np.ndarray:
        return np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else np.asarray(rows)

    def _read(self, numbers: np.ndarray) -> Any:
        """Rows by their numbers, which rise."""
        if len(numbers) == 0:
            return self.like
        import dask

        partition = np.searchsorted(self.starts, numbers, side="right") - 1
        tasks = [
            dask.delayed(take_rows)(self.parts[i], numbers[partition == i] - self.starts[i])
            for i in np.unique(partition).tolist()
        ]
        read = dask.compute(*tasks)
        if isinstance(self.like, np.ndarray):
            return np.concatenate(read)
        from dask.dataframe.dispatch import concat  # as compute() puts partitions together, categories too

        return concat(list(read))

    # All of its rows --------------------------------------------------------------------------------------------

    def reduced(self, each: Callable[[Any, Any, int], Any], merge: Callable[[Any, Any], Any], thing: Any) -> Any:
        """Apply ``each`` to every partition that has rows, and merge the results pairwise on the workers, as a tree.

        Parameters
        ----------
        each : callable
            Called with ``thing``, the rows of a partition, and the number of its first row in the table.
        merge : callable
            Merges two results into one, and leaves them as they are.
        thing : Delayed
            As :func:`shipped` returns it.
        """
        import dask

        with_rows = np.flatnonzero(self.lengths)
        level = [dask.delayed(each)(thing, self.parts[i], int(self.starts[i])) for i in with_rows]
        while len(level) > 1:
            pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
            level = [dask.delayed(merge)(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
        return level[0].compute()


def one_chunk_wide(X: Any) -> Any:
    """A dask array whose chunks hold whole rows."""
    return X.rechunk(dict.fromkeys(range(1, X.ndim), -1))


def shipped(thing: Any) -> Any:
    """An object that many tasks need, as one task of its own, which a worker runs once.

    It is pickled at once, so that later changes to it do not reach the workers. An object that cannot be pickled is
    passed as it is, which works where workers are threads of this process.
    """
    import cloudpickle
    import dask

    try:
        code = cloudpickle.dumps(thing)
    except Exception:  # pickling runs the code of whatever the user's network holds
        return dask.delayed(thing, traverse=False, pure=False)
    return dask.delayed(cloudpickle.loads, pure=True)(code)
