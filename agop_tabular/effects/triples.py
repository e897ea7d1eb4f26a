"""Effects of three axes, where main and pair effects leave some: tables over their groups of bins.

They are read off what the tables leave of the scores on shuffled rows, where columns are independent: the mean of each
cell, centred along each of its three axes, is the effect of the three. Of independent columns each gets a third of it
as its Shapley value. The means are noisy, so every table is shrunk by its own noise, and only tables that explain
something are kept.

Against background rows in which columns depend on each other a column's Shapley value is not a third. It follows from
the share of these rows in each cell, so a triple has one more table for each of its columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from agop_tabular.core.precision import NEVER_ZERO, at_least_float32
from agop_tabular.effects.axis import Axis

TRIED_AXES = 8
"""Axes among which triples are looked for, those with most part in the remainder: they have 56 triples, each of which
takes one sum over all rows, and their number grows with the third power."""

MOST_TRIPLES = 8
"""Triples that are kept, at most: four make a look-up in 20 columns about an eighth slower."""

WORTH_KEEPING = 0.02
"""Share of the remainder's variance that a triple must explain beyond its noise, for one score at least; below it the
rest, shared by indices, is hardly smaller without the triple."""


@dataclass(frozen=True, eq=False)
class Triples:
    """Tables of triples of axes, read all at once.

    Attributes
    ----------
    axes : tuple of Axis
        All axes of the effects.
    members : Tensor of int, shape (t, 3)
        Numbers of the axes of each triple.
    columns : Tensor of int, shape (t, 3)
        The user's column of each.
    tables : tuple of Tensor of shape (C, g, g', g'')
        Effects over the groups of the three axes, of mean zero along each, for each score.
    cell_shares : tuple of Tensor of shape (g, g', g''), or None
        Share of the background rows in each cell; None for those of independent columns.
    """

    axes: tuple[Axis, ...]
    members: Tensor
    columns: Tensor
    tables: tuple[Tensor, ...]
    cell_shares: tuple[Tensor, ...] | None = None
    _laid_out: dict[torch.dtype, _LaidOut] = field(init=False, default_factory=dict, repr=False)

    def against(self, background: Tensor) -> Triples:
        """The same effects, with Shapley values against background rows (m, p)."""
        groups = {i: group_of(self.axes[i], background.cpu()).long() for i in torch.unique(self.members).tolist()}
        shares = []
        for (a, b, c), table in zip(self.members.tolist(), self.tables, strict=True):
            sizes = table.shape[1:]
            cell = (groups[a] * sizes[1] + groups[b]) * sizes[2] + groups[c]
            counts = torch.bincount(cell, minlength=sizes.numel()).double()
            shares.append((counts / len(background)).reshape(sizes))
        return Triples(self.axes, self.members, self.columns, self.tables, tuple(shares))

    def effects(self, x: Tensor, target: int) -> Tensor:
        """Effect of each triple at rows (b, p), for one score, (b, t), float64, on the CPU."""
        flat = torch.cat([table[target].flatten() for table in self.tables])
        cells = self._cells(x.cpu())
        return flat.index_select(0, cells.flatten()).view(cells.shape).T

    def add_shapley_values(self, phi: Tensor, x: Tensor, target: Tensor | int) -> Tensor:
        """Add the Shapley values of all triples to attributions.

        Parameters
        ----------
        phi : Tensor of shape (b, d)
            Overwritten.
        x : Tensor of shape (b, p)
        target : Tensor of int, shape (b,), or int
            The score of each row.
        """
        laid_out, cells = self._in_dtype(phi.dtype), self._cells(x.cpu())
        if isinstance(target, int):
            values = laid_out.values[target]
        else:
            cells.add_((target.cpu() * laid_out.values.shape[1]).int())
            values = laid_out.values.flatten(0, 1)
        each = values.index_select(0, cells.T.flatten()).view(len(x), -1)  # (b, 3 t)
        place = laid_out.column_of_value
        if place.shape[1] < phi.shape[1]:
            place = torch.nn.functional.pad(place, (0, phi.shape[1] - place.shape[1]))
        return phi.addmm_(each.to(phi.device), place.to(phi.device))

    def add_shapley_values_against(self, phi: Tensor, x: Tensor, background: Tensor, target: int) -> Tensor:
        """Add the Shapley values of all triples against each background row to attributions.

        Parameters
        ----------
        phi : Tensor of shape (b, m, d)
            Overwritten.
        x : Tensor of shape (b, p)
        background : Tensor of shape (1, m, p), or (b, m, p)
            The same for every row of x, or its own.
        target : int
        """
        used = torch.unique(self.members).tolist()
        of_rows = {i: group_of(self.axes[i], x.cpu()).long()[:, None] for i in used}
        flat = background.flatten(0, 1).cpu()
        of_background = {i: group_of(self.axes[i], flat).long().reshape(background.shape[:2]) for i in used}
        for members, columns, table in zip(self.members.tolist(), self.columns.tolist(), self.tables, strict=True):
            worth = _corners(table[target], [(of_background[i], of_rows[i]) for i in members])
            for k, column in enumerate(columns):
                phi[:, :, column] += _shapley_value(k, worth)
        return phi

    def variances(self) -> Tensor:
        """Variance of each triple's effect, summed over scores, columns taken as independent, (t,)."""
        each = [
            (table.square() * _weights([self.axes[i] for i in members])).sum()
            for members, table in zip(self.members.tolist(), self.tables, strict=True)
        ]
        return torch.stack(each)

    def _in_dtype(self, dtype: torch.dtype) -> _LaidOut:
        if dtype not in self._laid_out:
            shares = self.cell_shares or [_weights([self.axes[i] for i in three]) for three in self.members.tolist()]
            values = [_shapley_tables(*both).flatten(2) for both in zip(self.tables, shares, strict=True)]
            flat = torch.cat(values, dim=2).permute(1, 2, 0).to(dtype).contiguous()
            place = torch.zeros(self.columns.numel(), int(self.columns.max()) + 1, dtype=dtype)
            self._laid_out[dtype] = _LaidOut(flat, place.scatter_(1, self.columns.flatten()[:, None], 1.0))
        return self._laid_out[dtype]

    @cached_property
    def _layout(self) -> list[tuple[tuple[int, int, int], tuple[int, int, int], int]]:
        """Members, the strides of their groups in the flat table, and the first cell, of each triple."""
        out, start = [], 0
        for members, table in zip(self.members.tolist(), self.tables, strict=True):
            second, third = table.shape[2:]
            out.append(((members[0], members[1], members[2]), (second * third, third, 1), start))
            start += table[0].numel()
        return out

    def _cells(self, x: Tensor) -> Tensor:
        """Place of each row's cell among the flat tables, for each triple, (t, b), int32."""
        groups = {i: group_of(self.axes[i], x) for i in torch.unique(self.members).tolist()}
        out = torch.empty(len(self.members), len(x), dtype=torch.int32)
        for k, ((a, b, c), (first, second, _), start) in enumerate(self._layout):
            torch.mul(groups[a], first, out=out[k]).add_(groups[b], alpha=second).add_(groups[c]).add_(start)
        return out


class _LaidOut(NamedTuple):
    """Tables of all triples, as rows are read from them.

    Attributes
    ----------
    values : Tensor of shape (C, cells of all, 3)
        Shapley values of the three columns of a cell's triple.
    column_of_value : Tensor of shape (3 t, columns)
        One in the column of each of these values, zero elsewhere.
    """

    values: Tensor
    column_of_value: Tensor


def _corners(table: Tensor, groups: list[tuple[Tensor, Tensor]]) -> Callable[..., Tensor]:
    """Effect (b, m), by a table (g, g', g''), with some of the three columns present, the others absent.

    ``groups`` has the groups of each column where it is absent, (1, m) or (b, m), and where it is present, (b, 1).
    """

    def worth(*present: int) -> Tensor:
        return table[tuple(own[k in present] for k, own in enumerate(groups))]

    return worth


def _shapley_value(k: int, worth: Callable[..., Tensor]) -> Tensor:
    """Shapley value of the k-th of three columns, from what the present ones are worth."""
    a, b = (i for i in range(3) if i != k)
    alone, last = worth(k) - worth(), worth(0, 1, 2) - worth(a, b)
    return alone / 3 + last / 3 + (worth(k, a) - worth(a) + worth(k, b) - worth(b)) / 6


def _shapley_tables(table: Tensor, shares: Tensor) -> Tensor:
    """Shapley values (3, C, g, g', g'') of the three columns of a triple's effects (C, g, g', g'').

    They are those against background rows of which ``shares`` (g, g', g'') are in each cell.
    """

    def worth(*present: int) -> Tensor:
        """Mean of the effect over the background rows' values of the columns that are not present."""
        absent = [dim for dim in range(3) if dim not in present]
        weights = shares.sum(dim=list(present), keepdim=True) if present else shares
        return (table * weights).sum(dim=[dim + 1 for dim in absent], keepdim=True) if absent else table

    return torch.stack([_shapley_value(k, worth).expand_as(table) for k in range(3)])


def group_of(axis: Axis, x: Tensor) -> Tensor:
    """Group of the bin of each row (b, p), (b,), int32."""
    if axis.states is not None:
        return axis.groups[axis.bins(x)].int()
    # Groups of a numeric axis are stretches of bins, so only the edges between groups are searched.
    keys = axis.keys(x) if axis.curve is not None else at_least_float32(x[:, int(axis.coordinates[0])]).contiguous()
    between = axis.edges[axis.groups.diff() != 0].to(keys.dtype)
    return torch.bucketize(keys, between, out_int32=True, right=True)


def find_triples(
    axes: tuple[Axis, ...],
    column_of_axis: Tensor,
    tried: Sequence[int],
    rows: Sequence[tuple[Tensor, Tensor]],
    least: float = 0.0,
) -> Triples | None:
    """The triples that explain something of a remainder; None where there are none.

    Parameters
    ----------
    axes : tuple of Axis
    column_of_axis : Tensor of int, shape (n_axes,)
        The user's column of each; triples are of three different ones.
    tried : sequence of int
        Numbers of the axes among which triples are looked for.
    rows : sequence of (x, remainder)
        Shuffled rows (b, p), and what main and pair effects leave of their scores (b, C).
    least : float
        Share of the remainder's variance that a triple must explain, if that is more than :data:`WORTH_KEEPING`.
    """
    groups = {i: torch.cat([group_of(axes[i], x.cpu()) for x, _ in rows]) for i in tried}
    remainder = torch.cat([r.double().cpu() for _, r in rows])
    remainder = remainder - remainder.mean(dim=0)
    variance = remainder.square().mean(dim=0)
    found = []
    for members in combinations(tried, 3):
        if len({int(column_of_axis[i]) for i in members}) < 3:
            continue
        own = [axes[i] for i in members]
        table = _centred_means([groups[i] for i in members], remainder, own)
        explained = (table.square() * _weights(own)).flatten(1).sum(dim=1)
        freedom = math.prod(axis.n_groups - 1 for axis in own)
        noise = variance * freedom / len(remainder)  # what the means of pure noise would explain
        keep = (1 - noise / explained.clamp_min(NEVER_ZERO)).clamp_min(0.0)
        gain = float((keep * explained / variance.clamp_min(NEVER_ZERO)).max())
        if gain >= max(WORTH_KEEPING, least):
            # in one layout in memory, so that sums over it are the same to the bit when it comes from a file
            found.append((gain, members, (table * keep[:, None, None, None]).contiguous()))
    best = sorted(found, key=lambda f: -f[0])[:MOST_TRIPLES]
    if not best:
        return None
    which = torch.tensor([list(members) for _, members, _ in best])
    return Triples(axes, which, column_of_axis[which], tuple(table for _, _, table in best))


def _group_shares(axis: Axis) -> Tensor:
    """Share of the training rows in each group of an axis, (g,)."""
    return torch.zeros(axis.n_groups, dtype=torch.float64).index_add_(0, axis.groups, axis.share)


def _weights(axes: Sequence[Axis]) -> Tensor:
    """Share of the shuffled rows in each cell, (g, g', g'')."""
    a, b, c = (_group_shares(axis) for axis in axes)
    return a[:, None, None] * b[:, None] * c


def _centred_means(groups: Sequence[Tensor], values: Tensor, axes: Sequence[Axis]) -> Tensor:
    """Means (C, g, g', g'') of the values (n, C) in each cell, made to have mean zero along each axis."""
    sizes = [axis.n_groups for axis in axes]
    line = (groups[0].long() * sizes[1] + groups[1]) * sizes[2] + groups[2]
    n_cells = sizes[0] * sizes[1] * sizes[2]
    counts = torch.bincount(line, minlength=n_cells).double()
    sums = torch.zeros(n_cells, values.shape[1], dtype=torch.float64).index_add_(0, line, values)
    table = (sums / counts.clamp_min(1)[:, None]).T.reshape(-1, *sizes)
    for dim, axis in enumerate(axes, start=1):
        share = _group_shares(axis)
        mean = torch.tensordot(table, share, dims=([dim], [0])).unsqueeze(dim)
        table = table - mean
    return table
