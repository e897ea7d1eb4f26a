"""The pass that gathers effects: shuffled training rows through the network, after the pass that gathered M."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.gradients import class_gradients
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.sums import EffectSums, shuffled
from agop_tabular.fitting.statistics import Gathered
from agop_tabular.models.adapter import take_rows
from agop_tabular.models.refusals import check_finite
from agop_tabular.results.column_effects import column_values

POOL = 8192
"""Training rows, from all over the table, that shuffled rows are drawn from."""

SHUFFLED = 2**16
"""Shuffled rows of a first pass; later ones get as many as their training rows are worth beside it."""

VALUES = 2**25
"""Coordinates of all of them together, at most, so that wide tables get fewer."""

SHUFFLED_A_ROW = 16
"""Shuffled rows for each of ``max_samples``."""

GOLDEN = 0.6180339887498949

FEWEST = 256
"""Shuffled rows of any pass; no more where all gradients are zero."""


def with_effects(
    gathered: Gathered, X: Any, seed: int, shuffles: int = SHUFFLED, encoded: Tensor | None = None
) -> Gathered:
    """With the effects on rows drawn column by column from the user's rows ``X``, which M has already.

    ``encoded`` are the coordinates of all of them, where they are at hand.
    """
    adapter = gathered.network
    n = len(X)
    table = take_rows(X, pool_rows(n))
    pool = adapter.tensor(adapter.encode(table)) if encoded is None else encoded
    check_finite(pool, gathered.feature_map)
    before, columns, p = gathered.effects, torch.from_numpy(gathered.feature_map.column_of), max(1, adapter.p)
    if before is None:
        axes = find_axes(pool.cpu(), gathered.feature_map.blocks, columns)
        importance = _importance(gathered, axes)
        moment = EffectSums(axes, adapter.n_scores, importance)
        rows = min(shuffles, max(FEWEST, VALUES // p)) if importance.any() else FEWEST
    else:
        _warn_of_columns_without_effects(gathered, before)
        most = 4 * min(shuffles, max(FEWEST, VALUES // p))
        rows = round(before.rows() * n / (gathered.moment.n - n))
        moment, rows = EffectSums.like(before), min(most, max(FEWEST, rows))
    if moment.axes:
        generator = torch.Generator().manual_seed(seed + gathered.moment.n)
        contrast = gathered.contrast
        with evaluating(adapter.module):
            size = int(np.clip(2**22 // p, 16, POOL))
            for x, over in shuffled(pool, moment.axes, columns, rows, size, generator):
                gradients = class_gradients(adapter.scores, x, contrast=contrast)
                moment.update(gathered.scores, x, gradients, over, zero_sum=contrast)
    if before is not None:
        moment.merge(before)
        return replace(gathered, effects=moment, background=_both(gathered.background, pool, n / gathered.moment.n))
    values = column_values(table, pool, gathered.feature_map)
    return replace(gathered, effects=moment, columns=values, background=pool)


def _warn_of_columns_without_effects(gathered: Gathered, effects: EffectSums) -> None:
    """Warn of columns that vary now, but had one value among the rows that the axes were found on."""
    varies = gathered.coordinates.varies.clone()
    for axis in effects.axes:
        varies[axis.coordinates] = False
    columns = np.unique(gathered.feature_map.column_of[varies.numpy()])
    names = [repr(gathered.feature_map.names[c]) for c in columns if c >= 0]
    if names:
        warnings.warn(
            f"Column(s) {', '.join(names[:10])} had one value among the first rows, so they have no effects now that "
            "they vary: call fit with rows from all over the table.",
            UserWarning,
            stacklevel=4,
        )


def _both(old: Tensor | None, new: Tensor, share: float) -> Tensor | None:
    """Background rows of which ``share`` are new; none where the old ones are not there any more."""
    if old is None:
        return None
    size = min(POOL, round(min(len(new) / share, len(old) / (1 - share)))) if share < 1 else len(new)
    parts = [rows[_even(len(rows), round(size * of))] for rows, of in ((old, 1 - share), (new, share))]
    return torch.cat(parts)


def pool_rows(n: int) -> np.ndarray:
    """Places of the rows of a table of n that shuffled rows are drawn from."""
    return _even(n, POOL).numpy()


def _even(n: int, k: int) -> Tensor:
    """Places of k of n, one in each of k equal stretches, by the golden section: no period of a table shows."""
    if k >= n:
        return torch.arange(n)
    steps = torch.arange(max(1, k), dtype=torch.float64)
    return ((steps + (steps * GOLDEN) % 1) * (n / len(steps))).long()


def _importance(gathered: Gathered, axes: tuple) -> Tensor:
    """Diag M of each axis's coordinates, in variance units."""
    variance = gathered.moment.diagonal() * gathered.coordinates.scale().square()
    return torch.stack([variance[axis.coordinates].sum() for axis in axes]) if axes else variance[:0]
