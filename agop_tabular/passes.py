"""The two passes over rows: one gathers the moments, one attributes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from agop_tabular.adapters import Adapter
from agop_tabular.attribution import Attribution
from agop_tabular.checks import check_finite, check_gradient, check_moves
from agop_tabular.core.gradients import Choice, as_found, class_gradients, score_gradient, score_jacobian
from agop_tabular.core.moments import CoordinateMoment, DenseMoment
from agop_tabular.features import FeatureMap
from agop_tabular.targets import ALL

Batches = Iterable[tuple[slice, Tensor]]
"""Batches of coordinates (b, p), with the rows' place in the user's table."""

CHECK_ROWS = 256
"""Rows of the first batch on which coordinates without a gradient are looked at again."""


def gather(
    adapter: Adapter,
    feature_map: FeatureMap,
    batches: Batches,
    moment: DenseMoment,
    coordinates: CoordinateMoment,
    *,
    contrast: bool,
) -> None:
    """Add rows to the moments of the gradients and of the coordinates.

    Raises
    ------
    ValueError
        Where a row or a gradient is not finite, or a coordinate moves the scores without a gradient.
    """
    sample: Tensor | None = None
    with as_found(adapter.module):
        for rows, x in batches:
            check_finite(x, feature_map, rows.start)
            sample = x[:CHECK_ROWS] if sample is None else sample
            moment.update(class_gradients(adapter.scores, x, contrast=contrast))
            if not torch.isfinite(torch.trace(moment.total)):
                check_gradient(score_jacobian(adapter.scores, x), rows.start)
            coordinates.update(x)
        dead = (torch.diagonal(moment.total) == 0) & (coordinates.scale() > 0)
        if sample is not None and dead.any():
            check_moves(adapter.scores, sample, dead, feature_map)


def attribute(
    adapter: Adapter,
    attribution: Attribution,
    batches: Batches,
    n: int,
    wanted: str | np.ndarray,
    dtype: np.dtype,
    *,
    contrast: bool,
    with_support: bool,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Attributions of n rows.

    Parameters
    ----------
    wanted : "predicted", "all", or ndarray of int, shape (n,)
        The explained score, as :func:`~agop_tabular.targets.resolve_target` reads it.
    dtype : dtype
        Of the result.

    Returns
    -------
    values : ndarray of shape (n, d), or (n, d, C) for "all"
    support : ndarray of shape (n,) or (n, C), or None
    index : ndarray of int, shape (n,), or None for "all"
        The explained score of each row.
    """
    every = isinstance(wanted, str) and wanted == ALL
    feature_map = attribution.feature_map
    shape = (n, adapter.n_scores) if every else (n,)
    values = np.empty((n, feature_map.n_columns, *shape[1:]), dtype=dtype)
    support = np.empty(shape, dtype=dtype) if with_support else None
    index = np.empty(n, dtype=int)
    fitted = attribution.ready(adapter.dtype, adapter.device)
    with as_found(adapter.module):
        for rows, x in batches:
            check_finite(x, feature_map, rows.start)
            if every:
                gradient = score_jacobian(adapter.scores, x, contrast=contrast)
                x = x[:, None, :]
            else:
                choose = adapter.predicted if isinstance(wanted, str) else _fixed(wanted[rows], x)
                gradient, chosen = score_gradient(adapter.scores, x, choose, contrast=contrast)
                index[rows] = chosen.cpu().numpy()
            check_gradient(gradient, rows.start)
            out = fitted.values(gradient, x)
            values[rows] = (out.transpose(1, 2) if every else out).cpu().numpy()
            if support is not None:
                support[rows] = fitted.support(gradient).cpu().numpy()
    return values, support, None if every else index


def _fixed(index: np.ndarray, x: Tensor) -> Choice:
    chosen = torch.as_tensor(index, device=x.device)
    return lambda scores: chosen


def scores_at(adapter: Adapter, row: np.ndarray, *, contrast: bool) -> np.ndarray:
    """Scores (C,) at one row of coordinates (p,), float64."""
    with as_found(adapter.module), torch.no_grad():
        s = adapter.scores(adapter.tensor(row[None]).clone())[0].double().cpu().numpy()
    return s - s.mean() if contrast else s
