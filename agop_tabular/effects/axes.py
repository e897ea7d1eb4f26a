"""Axes: what effects depend on, and the bins that their values are sorted into.

An axis is a numeric coordinate, or coordinates that take few states between which gradients mean nothing, such as a
one-hot block, a flag or a small count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

BINS = 24
"""Bins of a numeric axis, of as many rows each."""

TAILS = (0.002, 0.005, 0.01, 0.02)
"""Shares of the rows at which its first and last bin are cut once more, since tails are long."""

GROUPS = 5
"""Groups of neighbouring bins in which a numeric axis meets others, of as many rows each."""

TAIL_GROUP = 0.01
"""Share of the rows at either end that are a group of their own."""

STATES = 12
"""A coordinate with at most this many values is an axis of states."""

TOGETHER = 64
"""Coordinates of one column that take at most this many values together are one axis of states."""

APART = 1e-4
"""Least distance of two states' keys, as a share of all keys' range."""

FREQUENT = 16
"""States of an axis that meet other axes by themselves; rarer ones meet them together."""


GAP = 2.0
"""A stretch without rows, longer than this times the spread of the column, is not integrated across."""

BEYOND = 0.002
"""Share of the rows that must lie on either side of it."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis and its bins. All tensors are float64 or int64.

    Attributes
    ----------
    coordinates : Tensor of shape (m,)
    direction : Tensor of shape (m,)
        A row's *key*, its place on the axis, is its coordinates times this: the coordinate itself where there is one.
    edges : Tensor of shape (n_bins - 1,)
        Keys between the bins.
    nodes : Tensor of shape (n_bins,)
        Mean key of the rows in each bin.
    groups : Tensor of shape (n_bins,)
        Group of each bin, numbered from 0.
    states : Tensor of shape (n_bins, m) or None
        Coordinates in each state; None for a numeric axis.
    gaps : bool
        Whether a numeric axis has wide stretches without rows, such as those around a code for missing values. Nothing
        is known of gradients there, so that scores are compared at its nodes.
    share : Tensor of shape (n_bins,)
        Share of the rows in each bin.
    """

    coordinates: Tensor
    direction: Tensor
    edges: Tensor
    nodes: Tensor
    groups: Tensor
    states: Tensor | None
    share: Tensor
    gaps: bool = False

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return len(self.edges) + 1

    @property
    def n_groups(self) -> int:
        """Number of groups of bins."""
        return int(self.groups.max()) + 1

    @property
    def compared(self) -> Tensor | None:
        """Coordinates (n_bins, m) at which scores are compared; None where gradients are integrated instead."""
        return self.nodes[:, None] if self.gaps else self.states

    @property
    def interpolated(self) -> bool:
        """Whether there is anything between two neighbouring bins."""
        return len(self.coordinates) == 1

    def keys(self, x: Tensor) -> Tensor:
        """Place of rows (b, p) on the axis, (b,)."""
        if self.interpolated:
            return x[:, int(self.coordinates[0])].double()
        return x[:, self.coordinates].double() @ self.direction

    def bins(self, x: Tensor) -> Tensor:
        """Bin of each row (b, p), (b,)."""
        return torch.bucketize(self.keys(x).contiguous(), self.edges, right=True)


def find_axes(
    rows: Tensor, blocks: Iterable[tuple[Tensor, Tensor, Tensor]] = (), column_of: Tensor | None = None
) -> tuple[Axis, ...]:
    """Axes of a table; coordinates that are constant have none.

    Parameters
    ----------
    rows : Tensor of shape (n, p)
        Rows from all over the table.
    blocks : iterable of (coordinates, low, high)
        One-hot blocks, with the values of each indicator when it is off and on. Splines and others that are not one-hot
        on these rows are read as numeric coordinates.
    column_of : Tensor of int, shape (p,), optional
        The column of each coordinate. Coordinates of one column that take few values together, such as the outputs of
        an embedding, are one axis.
    """
    rows = rows.double()
    axes, taken = [], torch.zeros(rows.shape[1], dtype=torch.bool)
    for coordinates, low, high in blocks:
        x, low, high = rows[:, coordinates], low.double(), high.double()
        off, on = torch.isclose(x, low, rtol=1e-4, atol=1e-6), torch.isclose(x, high, rtol=1e-4, atol=1e-6)
        if bool((off | on).all()) and bool((on.sum(dim=1) <= 1).all()):
            axes.append(_block_axis(rows, coordinates, low, high))
            taken[coordinates] = True
    for coordinates in _of_one_column(column_of, taken):
        axis = _joint_axis(rows, coordinates)
        if axis is not None:
            axes.append(axis)
            taken[coordinates] = True
    for j in torch.nonzero(~taken).flatten():
        values, counts = torch.unique(rows[:, j], return_counts=True)
        if len(values) > 1:
            few = len(values) <= min(STATES, max(2, len(rows) // 4))
            axes.append((_state_axis if few else _numeric_axis)(j[None], values, counts))
    return tuple(axes)


def _block_axis(rows: Tensor, coordinates: Tensor, low: Tensor, high: Tensor) -> Axis:
    """One state for each indicator that is on, and one for none of them."""
    m = len(coordinates)
    states = low.repeat(m + 1, 1)
    states[torch.arange(m) + 1, torch.arange(m)] = high
    direction = torch.arange(1, m + 1, dtype=torch.float64) / (high - low)
    keys, order = (states @ direction).sort()
    edges = (keys[1:] + keys[:-1]) / 2
    place = torch.bucketize((rows[:, coordinates] @ direction).contiguous(), edges, right=True)
    share = torch.bincount(place, minlength=m + 1).double() / len(rows)
    return Axis(coordinates, direction, edges, keys, _rare_together(share), states[order], share)


def _of_one_column(column_of: Tensor | None, taken: Tensor) -> Iterable[Tensor]:
    """Coordinates of every column that has several left."""
    if column_of is None:
        return
    columns, counts = torch.unique(column_of[~taken], return_counts=True)
    for column in columns[(counts > 1) & (columns >= 0)]:
        yield torch.nonzero((column_of == column) & ~taken).flatten()


def _joint_axis(rows: Tensor, coordinates: Tensor) -> Axis | None:
    """One state for each combination of values; None where there are too many, or their keys are too near."""
    x = rows[:, coordinates]
    if len(torch.unique(x[:, 0])) > TOGETHER:
        return None
    states, place = torch.unique(x, dim=0, return_inverse=True)
    if not 1 < len(states) <= min(TOGETHER, max(2, len(rows) // 4)):
        return None
    spread = x.std(dim=0, unbiased=False)
    weights = torch.linspace(1.0, 2.0, len(coordinates), dtype=torch.float64).sqrt()
    direction = torch.where(spread > 0, weights / spread.clamp_min(torch.finfo(torch.float64).tiny), 0.0)
    keys, order = (states @ direction).sort()
    if keys.diff().min() <= APART * (keys[-1] - keys[0]):
        return None
    share = (torch.bincount(place, minlength=len(states)).double() / len(rows))[order]
    edges = (keys[1:] + keys[:-1]) / 2
    return Axis(coordinates, direction, edges, keys, _rare_together(share), states[order], share)


def _state_axis(coordinate: Tensor, values: Tensor, counts: Tensor) -> Axis:
    share = counts.double() / counts.sum()
    edges = (values[1:] + values[:-1]) / 2
    return Axis(coordinate, torch.ones(1).double(), edges, values, _rare_together(share), values[:, None], share)


def _numeric_axis(coordinate: Tensor, values: Tensor, counts: Tensor) -> Axis:
    """Bins of about as many rows each; a value that fills a bin by itself has one to itself."""
    n = counts.sum()
    heavy = counts > n / BINS
    rest = torch.repeat_interleave(values[~heavy], counts[~heavy])
    between = (values[1:] + values[:-1]) / 2
    alone = torch.cat((between[heavy[1:]], between[heavy[:-1]]))  # before and after each heavy value
    even = torch.arange(1, BINS, dtype=torch.float64) / BINS
    tails = torch.tensor(TAILS, dtype=torch.float64)
    cuts = torch.cat((even, tails, 1 - tails))
    far = _gaps(values, counts)
    edges = torch.unique(torch.cat((torch.quantile(rest, cuts) if len(rest) else rest, alone, far)))
    edges = edges[(edges > values[0]) & (edges <= values[-1])]
    place = torch.bucketize(values, edges, right=True)
    rows_in, sums = torch.zeros(2, len(edges) + 1, dtype=torch.float64)
    rows_in.index_add_(0, place, counts.double())
    sums.index_add_(0, place, counts * values)
    edges = edges[rows_in[1:] > 0]  # a bin without rows is joined to the one before
    nodes, share = (sums / rows_in)[rows_in > 0], rows_in[rows_in > 0] / n
    middle = share.cumsum(0) - share / 2
    inner = torch.arange(1, GROUPS, dtype=torch.float64) / GROUPS
    groups = torch.bucketize(middle, torch.tensor([TAIL_GROUP, *inner, 1 - TAIL_GROUP], dtype=torch.float64))
    groups = torch.unique(groups, return_inverse=True)[1]
    return Axis(coordinate, torch.ones(1).double(), edges, nodes, groups, None, share, len(far) > 0)


def _gaps(values: Tensor, counts: Tensor) -> Tensor:
    """Middles of the wide stretches without rows."""
    below = counts.cumsum(0)[:-1] / counts.sum()
    there = torch.repeat_interleave(values, counts)
    q = torch.quantile(there, torch.tensor([0.25, 0.75, 0.05, 0.95], dtype=torch.float64))
    spread = q[1] - q[0] if q[1] > q[0] else q[3] - q[2]
    wide = (values.diff() > GAP * spread) & (below > BEYOND) & (below < 1 - BEYOND) & (spread > 0)
    return ((values[1:] + values[:-1]) / 2)[wide]


def _rare_together(share: Tensor) -> Tensor:
    """Groups of states: the frequent ones alone, all others in one."""
    if len(share) <= FREQUENT:
        return torch.arange(len(share))
    groups = torch.full((len(share),), FREQUENT)
    groups[share.argsort(descending=True, stable=True)[:FREQUENT]] = torch.arange(FREQUENT)
    return groups
