"""The table that an explainer is fitted on, as fitting needs it, wherever its rows are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils import check_consistent_length, check_random_state
from torch import Tensor

from agop_tabular.fitting.gather import gather
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.models.explained_model import PROBE_ROWS, Batches, ExplainedModel
from agop_tabular.models.frames import cells_of, for_transformers, missing_cells
from agop_tabular.models.row_means import RowMeans
from agop_tabular.models.rows import spread_rows, take_rows

CELLS_AT_A_TIME = 2**22
"""Cells that are looked at together for missing ones: their mask takes 4 MB."""


LOOKED_THROUGH = 8192
"""Rows from all over a table in which rare values are looked for, which takes half a millisecond a column."""

FEW_VALUES = 64
"""Values of a column at most of which each is one that a step may treat in a way of its own."""


class Table(ABC):
    """Rows of a user's table. A subclass says where they are: in memory, or in the partitions of a dask collection."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Number of rows and of columns."""

    @property
    @abstractmethod
    def example(self) -> Any:
        """A table in memory of the same columns, by which names can be checked."""

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def trainable(self) -> Any:
        """The rows as an estimator can be trained on them; None where they cannot be held in memory."""
        return None

    @abstractmethod
    def take(self, places: np.ndarray) -> Any:
        """Some rows, by their places, as an ndarray or DataFrame."""

    @abstractmethod
    def labels_at(self, y: Any, places: np.ndarray) -> Any:
        """Labels of some rows from the labels of all, or None."""

    def sampled(self, n: int, y: Any, random_state: Any) -> tuple[Table, Any]:
        """Draw n rows at random, in their order and in memory, and their labels; return all where there are no more.

        Parameters
        ----------
        n : int
        y : array-like of shape (len(self),) or None
        random_state : int, RandomState or None
        """
        if n >= len(self):
            return self, y
        places = np.sort(check_random_state(random_state).choice(len(self), n, replace=False))
        return MemoryTable(self.take(places)), self.labels_at(y, places)

    def missing_rows(self) -> np.ndarray:
        """Places of the first row that lacks a value, for each column; none where finding them takes a pass."""
        return np.zeros(0, dtype=int)

    def rare_rows(self) -> np.ndarray:
        """Places of a row of each value, of columns that have few; none where finding them takes a pass."""
        return np.zeros(0, dtype=int)

    def prefetch(self, *places: np.ndarray) -> None:
        """Read some rows at once, where that is faster than reading them one :meth:`take` after the other."""
        return None  # rows in memory need nothing

    @abstractmethod
    def means(self, model: ExplainedModel, batch_size: int | str) -> RowMeans:
        """Means of scores and coordinates over all rows.

        Parameters
        ----------
        model : ExplainedModel
        batch_size : int or "auto"
        """

    @abstractmethod
    def gather(
        self,
        model: ExplainedModel,
        statistics: TrainingStatistics,
        batch_size: int | str,
        *,
        scored: bool,
        progress: str | None = None,
        keep_up_to: int = 0,
    ) -> tuple[TrainingStatistics, Tensor | None]:
        """Add all rows to statistics.

        Parameters
        ----------
        model : ExplainedModel
        statistics : TrainingStatistics
        batch_size : int or "auto"
        scored : bool
            Whether the scores are summed, too.
        progress : str, optional
            Title of a progress bar.
        keep_up_to : int
            Number of rows up to which their coordinates are returned as well.

        Returns
        -------
        statistics : TrainingStatistics
        coordinates : Tensor of shape (n, p) or None
        """


class MemoryTable(Table):
    """Rows in memory.

    Parameters
    ----------
    rows : ndarray or DataFrame of shape (n, d)
    """

    def __init__(self, rows: Any):
        self.rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows and of columns."""
        shape: tuple[int, ...] = self.rows.shape
        return shape

    @property
    def example(self) -> Any:
        """The rows themselves."""
        return self.rows

    @property
    def trainable(self) -> Any:
        """The rows themselves, as transformers take them."""
        return for_transformers(self.rows)

    def take(self, places: np.ndarray) -> Any:
        """Some rows, by their places; of an array a copy, since preprocessing may write into it."""
        return take_rows(self.rows, places)

    def labels_at(self, y: Any, places: np.ndarray) -> Any:
        """Labels of some rows from the labels of all, or None."""
        if y is None:
            return None
        check_consistent_length(self.rows, y)
        return np.asarray(y, dtype=object)[places]  # as objects, so that a missing label stays one

    def missing_rows(self) -> np.ndarray:
        """Places of the first row that lacks a value, for each column; not too many."""
        n, d = self.shape
        first = np.full(d, n)
        size = max(1, CELLS_AT_A_TIME // max(1, d))
        for start in range(0, n, size):  # so that no mask of the whole table is held
            missing = missing_cells(take_rows(self.rows, slice(start, start + size)))
            found = missing.any(axis=0) & (first == n)
            first[found] = start + missing.argmax(axis=0)[found]
            if (first < n).all():
                break
        return np.unique(first[first < n])[:PROBE_ROWS]

    def rare_rows(self) -> np.ndarray:
        """Places of a row of each value, of columns that have few, in rows from all over; the rarest if too many."""
        places = spread_rows(len(self), LOOKED_THROUGH)
        rows, first, counts = self.take(places), [], []
        for j in range(self.shape[1]):
            try:
                codes, values = pd.factorize(cells_of(rows, j))
            except TypeError:  # such as lists, which are no values that could be counted
                continue
            if len(values) <= FEW_VALUES:
                own, at, n = np.unique(codes, return_index=True, return_counts=True)
                first.append(at[own >= 0])
                counts.append(n[own >= 0])
        if not first:
            return np.zeros(0, dtype=int)
        rarest = np.argsort(np.concatenate(counts), kind="stable")[:PROBE_ROWS]
        return places[np.unique(np.concatenate(first)[rarest])]

    def means(self, model: ExplainedModel, batch_size: int | str) -> RowMeans:
        """Means of scores and coordinates over all rows, batch by batch; see :meth:`Table.means`."""
        return RowMeans.of(model, self.rows, batch_size)

    def gather(
        self,
        model: ExplainedModel,
        statistics: TrainingStatistics,
        batch_size: int | str,
        *,
        scored: bool,
        progress: str | None = None,
        keep_up_to: int = 0,
    ) -> tuple[TrainingStatistics, Tensor | None]:
        """Add all rows to statistics, batch by batch; see :meth:`Table.gather`."""
        batches: Batches = model.batches(self.rows, batch_size, progress=progress)
        if len(self) > keep_up_to:
            return gather(model, statistics, batches, scored=scored), None
        network = model.network
        kept = torch.empty(len(self), network.p, dtype=network.dtype, device=network.device)
        return gather(model, statistics, _kept_in(kept, batches), scored=scored), kept


def _kept_in(table: Tensor, batches: Batches) -> Batches:
    """The same batches, each of which is written into the table when it comes by."""
    for rows, x in batches:
        table[rows] = x
        yield rows, table[rows]
