"""The pass that gathers effects: shuffled training rows go through the network, after the pass that gathered M."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.warning import warn_user
from agop_tabular.effects.axes import Axis, find_axes
from agop_tabular.effects.shuffling import shuffled
from agop_tabular.effects.sums import EffectSums
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.fitting.tables import Table
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.rows import spread_rows
from agop_tabular.results.column_effects import column_values

POOL = 8192
"""Training rows, from all over the table, that shuffled rows are drawn from. Their number bounds memory, since they are
kept as the background of ``refine``, and the time in which each batch is drawn."""

SHUFFLED = 2**16
"""Shuffled rows of a first pass, by which the error of most networks has stopped falling; later passes get them in
proportion to their share of all training rows."""

SHUFFLED_VALUES = 2**25
"""Coordinates of all shuffled rows together, at most, so that wide tables, where each row costs more, get fewer."""

SHUFFLED_A_ROW = 16
"""Shuffled rows for each of ``max_samples``: with 2,048 training rows relative errors were .086 against .084 with all
(development networks)."""

FEWEST = 256
"""Shuffled rows of any pass, so that every bin has some; no more where all gradients are zero."""

BATCH_VALUES = 2**22
"""Coordinates of a batch of shuffled rows; as for a network of unknown layers, which may be many times as wide."""


def add_effects(
    model: ExplainedModel,
    statistics: TrainingStatistics,
    table: Table,
    seed: int,
    max_shuffled: int = SHUFFLED,
    coordinates: Tensor | None = None,
) -> TrainingStatistics:
    """Add the effects of rows whose columns are drawn one by one from the user's rows.

    Parameters
    ----------
    model : ExplainedModel
    statistics : TrainingStatistics
        To which these rows' gradients were added already.
    table : Table
        The user's rows.
    seed : int
    max_shuffled : int
        Shuffled rows of a first pass, at most.
    coordinates : Tensor of shape (n, p), optional
        Of all rows, where they have been computed already.
    """
    adapter, feature_map = model.network, model.feature_map
    n = len(table)
    rows = table.take(pool_rows(n))
    pool = model.coordinates(rows) if coordinates is None else coordinates
    before, column_of, p = statistics.effects, torch.from_numpy(feature_map.column_of), max(1, adapter.p)
    if before is None:
        axes = find_axes(pool.cpu(), feature_map.blocks, column_of)
        importance = _importance(statistics, axes)
        effects = EffectSums(axes, adapter.n_scores, importance)
        n_shuffled = min(max_shuffled, max(FEWEST, SHUFFLED_VALUES // p)) if importance.any() else FEWEST
    else:
        _warn_of_columns_without_effects(model, statistics, before)
        effects = EffectSums.like(before)
        most = 4 * min(max_shuffled, max(FEWEST, SHUFFLED_VALUES // p))
        n_shuffled = min(most, max(FEWEST, round(before.n_rows() * n / (statistics.n - n))))
    if effects.axes:
        generator = torch.Generator().manual_seed(seed + statistics.n)
        size = int(np.clip(BATCH_VALUES // p, 16, POOL))
        with evaluating(adapter.module):
            for x, oversampled in shuffled(pool, effects.axes, column_of, n_shuffled, size, generator):
                effects.update(model.scores, x, model.gradients(x), oversampled, zero_sum=model.contrast)
    if before is not None:
        effects.merge(before)
        background = _mixed(statistics.background, pool, n / statistics.n)
        return replace(statistics, effects=effects, background=background)
    return replace(statistics, effects=effects, columns=column_values(rows, pool, feature_map), background=pool)


def pool_rows(n: int) -> np.ndarray:
    """Places of the rows of a table of n that shuffled rows are drawn from."""
    return spread_rows(n, POOL)


def _warn_of_columns_without_effects(
    model: ExplainedModel, statistics: TrainingStatistics, effects: EffectSums
) -> None:
    """Warn of columns that vary now, but had one value among the rows that the axes were found on."""
    varies = statistics.coordinates.varies.clone()
    for axis in effects.axes:
        varies[axis.coordinates] = False
    columns = np.unique(model.feature_map.column_of[varies.numpy()])
    names = [repr(model.feature_map.names[c]) for c in columns if c >= 0]
    if names:
        warn_user(
            f"Column(s) {', '.join(names[:10])} had one value among the first rows, so they have no effects now that "
            "they vary: call fit with rows from all over the table."
        )


def _mixed(old: Tensor | None, new: Tensor, share: float) -> Tensor | None:
    """Background rows of which ``share`` are new; None where the old ones are lost, as after loading a file."""
    if old is None:
        return None
    size = min(POOL, round(min(len(new) / share, len(old) / (1 - share)))) if share < 1 else len(new)
    share_of = ((old, 1 - share), (new, share))
    chosen = (spread_rows(len(rows), round(size * of)) for rows, of in share_of)
    return torch.cat([rows[torch.from_numpy(k)] for (rows, _), k in zip(share_of, chosen, strict=True)])


def _importance(statistics: TrainingStatistics, axes: tuple[Axis, ...]) -> Tensor:
    """Diag M of each axis's coordinates, in variance units."""
    variance = statistics.gradients.diagonal() * statistics.coordinates.scale().square()
    return torch.stack([variance[axis.coordinates].sum() for axis in axes]) if axes else variance[:0]
