"""Typical rows: a few that stand for the background rows, made of the grid points of the axes."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.axis import Axis

TYPICAL_ROWS = 4
"""Number of the typical rows."""


def typical_rows(axes: tuple[Axis, ...], column_of: Tensor, others: Tensor) -> Tensor:
    """Make rows (n, p) of grid points at evenly spaced quantiles of each axis, put together at random by column.

    Parameters
    ----------
    axes : tuple of Axis
    column_of : Tensor of int, shape (p,)
        Coordinates of one column stay together.
    others : Tensor of shape (p,)
        Values of the coordinates that belong to no axis.
    """
    generator, orders = torch.Generator().manual_seed(0), {}
    rows = others.double().repeat(TYPICAL_ROWS, 1)
    quantiles = (torch.arange(TYPICAL_ROWS, dtype=torch.float64) + 0.5) / TYPICAL_ROWS
    for axis in axes:
        column = int(column_of[axis.coordinates[0]])
        if column not in orders:
            orders[column] = torch.randperm(TYPICAL_ROWS, generator=generator)
        place = torch.searchsorted(axis.share.cumsum(0), quantiles[orders[column]]).clamp_max(axis.n_bins - 1)
        points = axis.grid if axis.states is None else axis.states
        rows[:, axis.coordinates] = points[place]
    return rows


def some_rows(x: Tensor) -> Tensor:
    """As many rows (n, p) of others (m, p), evenly spaced among them; some of them twice where they are fewer."""
    places = (torch.arange(TYPICAL_ROWS, dtype=torch.float64) + 0.5) / TYPICAL_ROWS * len(x)
    return x[places.long().to(x.device)]
