"""Fit on a dask table: sums partition by partition, on the workers, and merged there."""

from __future__ import annotations

from functools import partial
from operator import add
from typing import Any

import numpy as np
import torch

from agop_tabular.core.evaluating import evaluating
from agop_tabular.distributed.cores import share_of_cores
from agop_tabular.distributed.labels import labels_at
from agop_tabular.distributed.partitions import Partitions, shipped
from agop_tabular.fitting.gather import gather
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.fitting.tables import Table
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.row_means import RowMeans


class DaskTable(Table):
    """Rows in the partitions of a dask collection.

    Parameters
    ----------
    partitions : Partitions
    """

    def __init__(self, partitions: Partitions):
        self.partitions = partitions

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows and of columns; rows are counted where dask does not know their number."""
        return self.partitions.shape

    @property
    def example(self) -> Any:
        """A table of one row of the same columns."""
        return self.partitions.example()

    def take(self, places: np.ndarray) -> Any:
        """Some rows, by their places, read into memory."""
        return self.partitions[places]

    def labels_at(self, y: Any, places: np.ndarray) -> Any:
        """Labels of some rows from the labels of all, which may be a dask collection, or None."""
        return labels_at(y, places, len(self))

    def prefetch(self, *places: np.ndarray) -> None:
        """Read some rows, all in one pass over the partitions that have them."""
        self.partitions.hold(*places)

    def means(self, model: ExplainedModel, batch_size: int | str) -> RowMeans:
        """Means of scores and coordinates over all rows, on the workers; see :meth:`Table.means`."""
        each = partial(_means_of_partition, batch_size=batch_size)
        found: RowMeans = self.partitions.reduced(each, add, shipped(model.for_workers()))
        return found

    def gather(
        self,
        model: ExplainedModel,
        statistics: TrainingStatistics,
        batch_size: int | str,
        *,
        scored: bool,
        progress: str | None = None,
        keep_up_to: int = 0,
    ) -> tuple[TrainingStatistics, None]:
        """Add all rows to statistics, on the workers; see :meth:`Table.gather`."""
        each = partial(_of_partition, kind=statistics.gradients.kind, batch_size=batch_size, scored=scored)
        added = self.partitions.reduced(each, TrainingStatistics.merged, shipped(model.for_workers()))
        return statistics.merged(added), None


def _of_partition(
    model: ExplainedModel, rows: Any, first: int, *, kind: str, batch_size: int | str, scored: bool
) -> TrainingStatistics:
    """Statistics of the rows of one partition, the first of which has the number ``first`` in the table."""
    empty = TrainingStatistics.empty(kind, model)
    batches = ((slice(first + place.start, first + place.stop), x) for place, x in model.batches(rows, batch_size))
    with torch.inference_mode(False), evaluating(model.network.module), share_of_cores():
        return gather(model, empty, batches, scored=scored)


def _means_of_partition(model: ExplainedModel, rows: Any, first: int, *, batch_size: int | str) -> RowMeans:
    """Means over the rows of one partition."""
    with share_of_cores():
        return RowMeans.of(model, rows, batch_size, first)
