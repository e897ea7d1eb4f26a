"""The pass that gathers effects: shuffled training rows go through the network, after the pass that gathered M."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.axis import SMALLEST_RANGE, Axis
from agop_tabular.effects.curves import Curve
from agop_tabular.effects.grid_check import axes_missed_by_gradients
from agop_tabular.effects.halves import Halves
from agop_tabular.effects.shuffling import shuffled, sorted_rows
from agop_tabular.effects.sums import EffectSums
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.fitting.tables import Table
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.rows import spread_rows
from agop_tabular.results.column_values import ColumnValues, column_values, merged_values

POOL = 8192
"""Training rows, from all over the table, that shuffled rows are drawn from. Their number bounds memory, since they are
kept as the background of ``refine``, and the time in which each batch is drawn."""

FIRST_BLOCK = 2**12
"""Shuffled rows of the first block at least, from which follows how many are needed; a second block has the others."""

FIRST_VALUES = 2**17
"""Rows times axes of the first block, at most half of all rows: along few axes rows cost little."""

BATCH = 2**11
"""Shuffled rows of a batch, at most, so that the first block has two."""

SHUFFLED = 2**16
"""Shuffled rows at most, by which the error of most networks has stopped falling."""

SHUFFLED_VALUES = 2**25
"""Coordinates of all shuffled rows together, at most, so that wide tables, where each row costs more, get fewer."""

PAIRS = 2**32
"""Shuffled rows times pairs of groups, at most, which is what sums of pairs cost: with 100 columns 20,000 rows, whose
error on development networks is .050 against .0485 with twice as many."""

SHUFFLED_A_ROW = 16
"""Shuffled rows for each of ``max_samples``: with 2,048 training rows relative errors were .086 against .084 with all
(development networks)."""

FEWEST = 256
"""Shuffled rows of any pass, so that every bin has some; no more where all gradients are zero."""

BATCH_VALUES = 2**22
"""Coordinates of a batch of shuffled rows; as for a network of unknown layers, which may be many times as wide."""


def with_background(
    model: ExplainedModel, statistics: TrainingStatistics, table: Table, coordinates: Tensor | None = None
) -> TrainingStatistics:
    """Add rows of a table to those that shuffled rows are drawn from, in proportion to all rows so far.

    Parameters
    ----------
    model : ExplainedModel
    statistics : TrainingStatistics
        To which this table's gradients were added already.
    table : Table
        The user's rows.
    coordinates : Tensor of shape (n, p), optional
        Of all rows, where they have been computed already.

    Raises
    ------
    ValueError
        Where earlier rows were counted, but are not there any more.
    """
    n = len(table)
    rows = table.take(pool_rows(n))
    pool = model.coordinates(rows) if coordinates is None else coordinates
    columns, pool = column_values(rows, pool, model.feature_map), sorted_rows(pool)
    if statistics.n == n:
        return replace(statistics, columns=columns, constants=_constants(pool), background=pool)
    if statistics.background is None:
        raise ValueError(
            'partial_fit of method="agop" needs the earlier training rows, which a saved file does not hold: call fit '
            "with all rows, or keep the explainer with pickle, which holds them."
        )
    share = n / statistics.n
    pool = sorted_rows(_mixed(statistics.background, pool, share))
    columns = merged_values(statistics.columns, columns, share)
    return replace(statistics, columns=columns, constants=_constants(pool), background=pool)


class ShuffledPass:
    """Effects gathered on rows whose columns are drawn one by one from the background rows, block by block.

    Parameters
    ----------
    model : ExplainedModel
    statistics : TrainingStatistics
        With background rows.
    seed : int
    max_shuffled : int
        Shuffled rows, at most.
    compared : sequence of int
        Numbers of the axes along which scores are compared, since their gradients do not show what the scores do.

    Attributes
    ----------
    n_rows, most : int
        Shuffled rows so far, and at most.
    """

    def __init__(
        self,
        model: ExplainedModel,
        statistics: TrainingStatistics,
        seed: int,
        max_shuffled: int = SHUFFLED,
        compared: Sequence[int] = (),
    ):
        self._model, self._statistics = model, statistics
        adapter, feature_map, pool = model.network, model.feature_map, statistics.background
        assert pool is not None
        column_of, p = torch.from_numpy(feature_map.column_of), max(1, adapter.p)
        axes = find_axes(pool.cpu(), feature_map.blocks, column_of, _curves(statistics.columns))
        importance = _importance(statistics, axes)
        most = min(max_shuffled, max(FEWEST, SHUFFLED_VALUES // p)) if importance.any() else FEWEST
        size = int(np.clip(BATCH_VALUES // p, 16, BATCH))
        generator = torch.Generator().manual_seed(seed + statistics.n)
        with evaluating(adapter.module):
            missed = axes_missed_by_gradients(
                axes, importance, pool, column_of, model.scores, model.gradients, generator
            )
        axes = tuple(replace(axis, compared=True) if i in {*missed, *compared} else axis for i, axis in enumerate(axes))
        self._halves = [EffectSums(axes, adapter.n_scores, importance) for _ in range(2)]
        n_groups = max(1, len(self._halves[0].state_rows))
        self.most, self.n_rows = min(most, max(FIRST_BLOCK, PAIRS // n_groups**2)) if axes else 0, 0
        self._rows = shuffled(pool, axes, column_of, self.most, min(size, most // 2), generator)

    def grow(self, n: int | None = None) -> TrainingStatistics:
        """Take rows until there are n, or as many as there may be; the statistics have effects of all of them.

        By default these are the rows of the first block.
        """
        model, axes = self._model, self._halves[0].axes
        wanted = min(first_block(len(axes)) if n is None else n, self.most)
        with evaluating(model.network.module):
            while self.n_rows < wanted:
                x, oversampled = next(self._rows)
                half = self._halves[0]
                half.update(model.scores_in_states, x, model.gradients(x), oversampled, zero_sum=model.sums_to_constant)
                self._halves.reverse()  # the next batch is for the other half
                self.n_rows += len(x)
        effects = self._halves[0] + self._halves[1]
        check_shuffled(effects.slopes, effects.pairs)
        return replace(self._statistics, effects=effects, halves=Halves.of(*self._halves) if self.n_rows else None)


def first_block(n_axes: int) -> int:
    """Shuffled rows of the first block."""
    return int(np.clip(FIRST_VALUES // max(1, n_axes), FIRST_BLOCK, SHUFFLED // 2))


def check_shuffled(*sums: Tensor) -> None:
    """Raise if sums over shuffled rows are not finite; those over training rows were found to be.

    Raises
    ------
    ValueError
    """
    if not all(torch.isfinite(part).all() for part in sums):
        raise ValueError(
            "The network's score or gradient is not finite on shuffled rows, in which each column has the value of "
            "another training row (a logarithm or square root of a difference of columns, or numbers beyond float32?). "
            'Let the network clamp them, or use a method that looks at training rows only, such as method="agop-ixg".'
        )


def pool_rows(n: int) -> np.ndarray:
    """Places of the rows of a table of n that shuffled rows are drawn from."""
    return spread_rows(n, POOL)


def _constants(rows: Tensor) -> Tensor:
    """Values (p,) of those coordinates of rows (m, p) that have only one, NaN for the others."""
    low, high = torch.aminmax(rows, dim=0)
    return torch.where(high - low > SMALLEST_RANGE, torch.nan, low).double().cpu()


def _mixed(old: Tensor, new: Tensor, share: float) -> Tensor:
    """Background rows of which ``share`` are new."""
    size = min(POOL, round(min(len(new) / share, len(old) / (1 - share))))
    share_of = ((old, 1 - share), (new, share))
    chosen = (spread_rows(len(rows), round(size * of)) for rows, of in share_of)
    return torch.cat([rows[torch.from_numpy(k)] for (rows, _), k in zip(share_of, chosen, strict=True)])


def _curves(columns: tuple[ColumnValues, ...]) -> dict[int, Curve]:
    """Curves of those columns whose numbers are encoded into several coordinates."""
    encoded = {j: own for j, own in enumerate(columns) if own.is_numeric and own.coordinates.shape[1] > 1}
    found = {j: Curve.of(torch.from_numpy(own.values), own.coordinates) for j, own in encoded.items()}
    return {j: curve for j, curve in found.items() if curve is not None}


def _importance(statistics: TrainingStatistics, axes: tuple[Axis, ...]) -> Tensor:
    """Diag M of each axis's coordinates, in variance units."""
    variance = statistics.gradients.diagonal() * statistics.coordinates.scale().square()
    return torch.stack([variance[axis.coordinates].sum() for axis in axes]) if axes else variance[:0]
