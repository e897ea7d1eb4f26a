"""Effects as they are read: the Shapley values of main and pair effects, row by row, without the network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from agop_tabular.core.effects import Effects, extended

CHUNK = 2**18
"""Numbers of a chunk of rows, which is to stay in the processor's cache."""

SHIFT = 19
"""Bits of a float32 that are dropped for the number of its cell: 16 cells to a power of two are left."""

SMALLEST, LARGEST = -8, 12
"""Powers of two, in units of an axis's spread, between which there are cells."""

SIDE = (LARGEST - SMALLEST) << (23 - SHIFT)
"""Cells on one side of an axis's centre."""

MEETING = 0.999
"""Share of the pair effects' energy that is kept; axes that have none of it meet no other."""


class LookUp:
    """Tables of effects, laid out for many rows at once.

    With h the main effects and u the vectors of the axes, axis j gets ``h_j + ½ u_j · Σ_{k≠j} u_k``, its Shapley value
    of main and pair effects under independent columns; the own term ``-½ u_j · u_j`` is added to h_j. On a numeric axis
    values are read from cells whose width grows with the distance from the axis's centre, as a float's precision
    does, so that its bits are the cell's number; vectors are sums of rectified linear functions. On an axis of states
    both are read from the state's line.

    Parameters
    ----------
    effects : Effects
    device : torch.device or str
    dtype : torch.dtype
        Of the tables and of what is read: float32, or float64 for networks that compute in it.

    Attributes
    ----------
    meets : Tensor of shape (n_axes,), bool
        Axes whose pair effects are read; the others have next to none.
    """

    def __init__(self, effects: Effects, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32):
        self.dtype = dtype
        self.n_axes = len(effects.axes)
        self.meets = _with_energy(effects)
        numeric = [i for i, axis in enumerate(effects.axes) if axis.states is None]
        states = [i for i, axis in enumerate(effects.axes) if axis.states is not None]
        self.parts = [
            kind(effects, which, self.meets, device, dtype)
            for kind, which in ((_Numeric, numeric), (_States, states))
            if which
        ]
        self.signs = 0.5 * effects.signs.to(device, dtype)
        self.order = torch.tensor(numeric + states).argsort().to(device) if numeric and states else None
        self.chunk = max(256, CHUNK // max(1, self.n_axes + sum(part.n_numbers for part in self.parts)))

    @property
    def n_bytes(self) -> int:
        """Memory of the tables."""
        return sum(t.nbytes for part in self.parts for t in vars(part).values() if isinstance(t, Tensor))

    def attributions(self, x: Tensor, target: Tensor | int) -> Tensor:
        """Attributions of one score a row.

        Parameters
        ----------
        x : Tensor of shape (b, p)
        target : Tensor of shape (b,), or int

        Returns
        -------
        Tensor of shape (b, n_axes)
        """
        out = torch.empty(len(x), self.n_axes, device=x.device, dtype=self.dtype)
        if isinstance(target, int):
            self._read(x, target, out)
            return out
        for c in range(len(self.signs)):
            rows = torch.nonzero(target == c).flatten()
            if len(rows) == len(x):
                self._read(x, c, out)
            elif len(rows):
                of_class = out.new_empty(len(rows), self.n_axes)
                self._read(x.index_select(0, rows), c, of_class)
                out.index_copy_(0, rows, of_class)
        return out

    def _read(self, x: Tensor, c: int, out: Tensor) -> None:
        """Attributions of score c, a chunk of rows after the other."""
        for start in range(0, len(x), self.chunk):
            rows = slice(start, start + self.chunk)
            read = [part.read(x[rows], c) for part in self.parts]
            together = sum(vectors for _, vectors, _ in read) * self.signs[c]
            values = [
                part.with_pairs(c, one, kept, together) for part, (one, _, kept) in zip(self.parts, read, strict=True)
            ]
            whole = values[0] if len(values) == 1 else torch.cat(values, dim=1)
            out[rows] = whole if self.order is None else whole.index_select(1, self.order)


class _Numeric:
    """The numeric axes."""

    def __init__(
        self, effects: Effects, which: list[int], meets: Tensor, device: torch.device | str, dtype: torch.dtype
    ):
        axes = [effects.axes[i] for i in which]
        middle = [_quantile(effects.nodes[i], effects.share[i], 0.5) for i in which]
        spread = [_spread(effects.nodes[i], effects.share[i]) for i in which]
        lines = [_cells(effects, i, bool(meets[i]), m, s) for i, m, s in zip(which, middle, spread, strict=True)]
        self.levels, self.slopes = (
            torch.stack(part, dim=1).flatten(1).contiguous().to(device, dtype) for part in zip(*lines, strict=True)
        )
        coordinates = torch.cat([axis.coordinates for axis in axes])
        self.coordinates = coordinates.to(device)
        self.in_order = torch.equal(coordinates, torch.arange(len(coordinates)))
        self.centre = torch.tensor(middle, dtype=torch.float64).to(device)
        self.unit = 1 / torch.tensor(spread, dtype=dtype).to(device)
        self.starts = (torch.arange(len(axes), dtype=torch.int32) * 2 * SIDE).to(device)
        self._lay_out_pairs(effects, which, meets, torch.tensor(middle), torch.tensor(spread), device, dtype)

    def _lay_out_pairs(
        self,
        effects: Effects,
        which: list[int],
        meets: Tensor,
        middle: Tensor,
        spread: Tensor,
        device: Any,
        dtype: torch.dtype,
    ) -> None:
        """Vectors as sums of a constant and of ramps that begin at the nodes, in units of the axes' spread."""
        met = torch.tensor([n for n, i in enumerate(which) if meets[i]], dtype=torch.long)
        n_scores, r = effects.signs.shape
        n_ramps = max([len(effects.meeting_nodes[which[n]]) - 1 for n in met.tolist()], default=0)
        nodes = torch.full((n_ramps, len(met)), float("inf"), dtype=torch.float64)
        last = torch.zeros(len(met), dtype=torch.float64)
        first = torch.zeros(n_scores, len(met), r, dtype=torch.float64)
        bends = torch.zeros(n_scores, n_ramps, len(met), r, dtype=torch.float64)
        for m, n in enumerate(met.tolist()):
            x, u = effects.meeting_nodes[which[n]], effects.vectors[which[n]]
            x = (x - middle[n].double()) / spread[n].double()
            first[:, m], last[m] = u[:, 0], x[-1]
            if len(x) > 1:
                slope = u.diff(dim=1) / x.diff()[:, None]
                nodes[: len(x) - 1, m] = x[:-1]
                bends[:, : len(x) - 1, m] = torch.cat((slope[:, :1], slope.diff(dim=1)), dim=1)
        self.met = met.to(device)
        self.all_meet = len(met) == len(which)
        self.nodes, self.last = nodes.to(device, dtype), last.to(device, dtype)
        self.bends = bends.flatten(1, 2).to(device, dtype)
        self.bends_across = self.bends.transpose(1, 2).contiguous()
        self.constant = first.sum(dim=1).to(device, dtype)
        self.first = first.transpose(1, 2).contiguous().to(device, dtype)
        self.n_numbers = nodes.numel()

    def read(self, x: Tensor, c: int) -> tuple[Tensor, Tensor, Tensor]:
        """Own values (b, n), sum of the vectors (b, r), and the ramps that these were made of (b, n_ramps, n_met)."""
        keys = x if self.in_order and x.shape[1] == len(self.coordinates) else x.index_select(1, self.coordinates)
        y = (keys - self.centre.to(keys.dtype)).to(self.unit.dtype).mul_(self.unit)
        bits = y.float().view(torch.int32)
        cell = (bits & 0x7FFFFFFF).bitwise_right_shift_(SHIFT).sub_((127 + SMALLEST) << (23 - SHIFT))
        cell = cell.clamp_(0, SIDE - 1).sub_((bits >> 31).mul_(SIDE)).add_(self.starts).flatten()
        level, slope = self.levels[c].index_select(0, cell), self.slopes[c].index_select(0, cell)
        values = level.view_as(y).addcmul_(slope.view_as(y), y)
        met = torch.minimum(y if self.all_meet else y.index_select(1, self.met), self.last)
        ramps = (met[:, None, :] - self.nodes).relu_()
        return values, torch.addmm(self.constant[c], ramps.flatten(1), self.bends[c]), ramps

    def with_pairs(self, c: int, values: Tensor, ramps: Tensor, together: Tensor) -> Tensor:
        """The values plus the products of the axes' vectors with ``together`` (b, r)."""
        products = torch.mm(together, self.bends_across[c]).view_as(ramps).mul_(ramps).sum(dim=1)
        products.addmm_(together, self.first[c])
        return values.add_(products) if self.all_meet else values.index_add_(1, self.met, products)


class _States:
    """The axes of states."""

    def __init__(
        self, effects: Effects, which: list[int], meets: Tensor, device: torch.device | str, dtype: torch.dtype
    ):
        self.axes = [
            (axis.coordinates.to(device), axis.direction.to(device, dtype), axis.edges.to(device, dtype))
            for axis in (effects.axes[i] for i in which)
        ]
        lengths = [len(effects.nodes[i]) for i in which]
        self.starts = torch.tensor([0, *lengths]).cumsum(0)[:-1].to(device)
        values, vectors = [], []
        for i in which:
            u = effects.vectors_at_nodes(i) * meets[i]
            values.append(effects.mains[i] - 0.5 * (u.square() * effects.signs[:, None]).sum(dim=2))
            vectors.append(u)
        self.values = torch.cat(values, dim=1).to(device, dtype)
        self.vectors = torch.cat(vectors, dim=1).contiguous().to(device, dtype)
        self.n_numbers = len(which) * self.vectors.shape[2]

    def read(self, x: Tensor, c: int) -> tuple[Tensor, Tensor, Tensor]:
        """Own values (b, n), sum of the vectors (b, r), and the vectors (b, n, r)."""
        x = x.to(self.values.dtype)
        lines = torch.stack([torch.bucketize(_keys(x, *axis[:2]), axis[2], right=True) for axis in self.axes], dim=1)
        lines += self.starts
        values = self.values[c].index_select(0, lines.flatten()).view(lines.shape)
        vectors = self.vectors[c].index_select(0, lines.flatten()).view(*lines.shape, -1)
        return values, vectors.sum(dim=1), vectors

    def with_pairs(self, c: int, values: Tensor, vectors: Tensor, together: Tensor) -> Tensor:
        """The values plus the products of the axes' vectors with ``together`` (b, r)."""
        return values + torch.bmm(vectors, together[:, :, None])[:, :, 0]


def _keys(x: Tensor, coordinates: Tensor, direction: Tensor) -> Tensor:
    if len(coordinates) == 1:
        return x[:, int(coordinates[0])].contiguous()
    return x.index_select(1, coordinates) @ direction


def _with_energy(effects: Effects) -> Tensor:
    """The axes whose pair effects make up nearly all of the pair effects' variance, (n_axes,), bool."""
    energy = effects.pair_variances().sum(dim=1)
    order = energy.argsort(descending=True)
    before = energy[order].cumsum(0) - energy[order]
    meets = torch.zeros(len(energy), dtype=torch.bool)
    meets[order] = (before < MEETING * energy.sum()) & (energy[order] > 0)
    return meets


def _cells(effects: Effects, i: int, meets: bool, centre: float, spread: float) -> tuple[Tensor, Tensor]:
    """Level and slope (n_scores, 2 * SIDE) of an axis's own values in each cell, first of those above its centre."""
    x, h, u = effects.nodes[i], effects.mains[i], effects.vectors_at_nodes(i) * meets
    own = h - 0.5 * (u.square() * effects.signs[:, None]).sum(dim=2)
    first = (127 + SMALLEST) << (23 - SHIFT)
    edges = (torch.arange(first, first + SIDE + 1, dtype=torch.int32) << SHIFT).view(torch.float32).double()
    edges[0] = 0.0
    levels, slopes = [], []
    for side in (1.0, -1.0):
        y = side * edges
        v = extended(centre + spread * y, x, own, h)
        slope = v.diff(dim=1) / y.diff()
        slopes.append(slope)
        levels.append(v[:, :-1] - slope * y[:-1])
    return torch.cat(levels, dim=1), torch.cat(slopes, dim=1)


def _quantile(x: Tensor, share: Tensor, q: float) -> float:
    return float(x[min(int(torch.searchsorted(share.cumsum(0), q)), len(x) - 1)])


def _spread(x: Tensor, share: Tensor) -> float:
    """Distance between the quartiles; where they are the same, between the ends."""
    quartiles = _quantile(x, share, 0.75) - _quantile(x, share, 0.25)
    return quartiles or float(x[-1] - x[0]) or 1.0
