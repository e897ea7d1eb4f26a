"""Typical rows: a few that stand for the background rows, made of the grid points of the axes."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.axis import Axis

TYPICAL_ROWS = 4
"""Number of the typical rows."""

SORTED = 512
"""Rows whose columns are sorted for their quantiles, at most: 40 MB of places for 10,000 columns."""


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


def typical_of(x: Tensor, column_of: Tensor) -> Tensor:
    """Make as many rows (n, p) of the columns of others (m, p), as :func:`typical_rows` does of grid points.

    Parameters
    ----------
    x : Tensor of shape (m, p)
    column_of : Tensor of int, shape (p,)
        Coordinates of one column stay together; a column is sorted by the first of them.
    """
    if len(x) > SORTED:
        x = x[torch.linspace(0, len(x) - 1, SORTED, dtype=torch.float64).long().to(x.device)]
    generator = torch.Generator().manual_seed(0)
    columns, own = torch.unique(column_of, return_inverse=True)
    first = torch.full((len(columns),), x.shape[1]).scatter_reduce_(0, own, torch.arange(x.shape[1]), "amin")
    places = (torch.arange(TYPICAL_ROWS, dtype=torch.float64) + 0.5) / TYPICAL_ROWS * len(x)
    order = x.argsort(dim=0, stable=True).cpu()[places.long()]
    shuffled = torch.rand(len(columns), TYPICAL_ROWS, generator=generator).argsort(dim=1).T
    rows = order[:, first].gather(0, shuffled)[:, own]
    return x.gather(0, rows.to(x.device))
