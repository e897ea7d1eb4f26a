"""An axis: a variable that effects depend on, and the bins that its values are sorted into.

An axis is a numeric coordinate, or a *curve*, or a group of coordinates that takes few *states*. A state is a level of
a one-hot block, or a row of an embedding. There is nothing between states, and no order, so scores are compared. A
curve is what a number becomes that is encoded into several coordinates, such as a spline: they move together along it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from agop_tabular.effects.curves import nearest_places

SMALLEST_RANGE = torch.finfo(torch.float32).tiny
"""Range that the values of a coordinate exceed, if it varies: below it float32 loses digits, and networks see zeros."""

ROWS_PER_STATE = 4
"""Least rows per state, on average: in a small table even a continuous column has few values."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis and its bins. All tensors are float64 or int64.

    Attributes
    ----------
    coordinates : Tensor of shape (m,)
        The network's inputs that belong to the axis.
    direction : Tensor of shape (m,), or (0,)
        The *key* of a row, its position on the axis, is the product of its coordinates with this; for a single
        coordinate, the coordinate itself. Where there is none, it is the place of the nearest point of the curve.
    edges : Tensor of shape (n_bins - 1,)
        Keys between the bins, ascending.
    nodes : Tensor of shape (n_bins,)
        Grid points: the mean key of the rows in each bin.
    groups : Tensor of shape (n_bins,)
        Group of each bin in pair effects, numbered from 0.
    states : Tensor of shape (n_bins, m) or None
        Values of the coordinates in each state; None for a numeric axis.
    share : Tensor of shape (n_bins,)
        Share of the rows in each bin.
    compared : bool
        Whether scores are compared at the grid points of a numeric axis, since gradients do not show what happens along
        it: it has wide stretches without rows, such as around a code for missing values, few values, or steps.
    curve : Tensor of shape (n_bins, m) or None
        Values of the coordinates at the grid points of a curve, None where there is one coordinate, or states.
    reach : Tensor of shape (2s,) or None
        Keys at which each stretch of a numeric axis begins and ends that the training rows have values in; None for
        states, and in files of earlier formats.
    ends : Tensor of shape (2s, m) or None
        Coordinates of the training rows that are outermost in each stretch.
    """

    coordinates: Tensor
    direction: Tensor
    edges: Tensor
    nodes: Tensor
    groups: Tensor
    states: Tensor | None
    share: Tensor
    compared: bool = False
    curve: Tensor | None = None
    reach: Tensor | None = None
    ends: Tensor | None = None

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return len(self.edges) + 1

    @property
    def n_groups(self) -> int:
        """Number of groups of bins."""
        return int(self.groups.max()) + 1

    @property
    def grid(self) -> Tensor:
        """Coordinates (n_bins, m) at the grid points of a numeric axis."""
        return self.nodes[:, None] if self.curve is None else self.curve

    @cached_property
    def tangents(self) -> Tensor:
        """Change of the coordinates (n_bins, m) for each unit of the key, at the grid points of a numeric axis."""
        if self.curve is None or self.n_bins == 1:
            return torch.ones_like(self.grid)
        slopes: Tensor = torch.gradient(self.curve, spacing=(self.nodes,), dim=0)[0]
        return slopes

    @property
    def compared_at(self) -> Tensor | None:
        """Coordinates (n_bins, m) at which scores are compared; None if gradients are integrated instead."""
        if self.states is not None:
            return self.states
        return self.grid if self.compared else None

    def keys(self, x: Tensor) -> Tensor:
        """Position of rows (b, p) on the axis, (b,)."""
        if len(self.coordinates) == 1:
            return x[:, int(self.coordinates[0])].double()
        own = x[:, self.coordinates].double()
        return nearest_places(own, self.grid, self.nodes) if not len(self.direction) else own @ self.direction

    def bins(self, x: Tensor) -> Tensor:
        """Bin of each row (b, p), (b,)."""
        return torch.bucketize(self.keys(x).contiguous(), self.edges, right=True)


def most_states(limit: int, n_rows: int) -> int:
    """Largest number of states that so many rows support; a flag always counts."""
    return min(limit, max(2, n_rows // ROWS_PER_STATE))
