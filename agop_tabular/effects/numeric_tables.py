"""Tables of the numeric axes, laid out for many rows at once: axes go down, rows go across."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.tables import Effects, extended

SHIFT = 19
"""Bits of a float32 that are dropped for the number of its cell: 16 cells to a power of two are left."""

SMALLEST, LARGEST = -8, 12
"""Powers of two, in units of an axis's spread, between which there are cells."""

SIDE = (LARGEST - SMALLEST) << (23 - SHIFT)
"""Cells on one side of an axis's centre."""

LOWEST = (127 + SMALLEST) << (23 - SHIFT)
"""Number that the bits of the smallest cell's floats give."""


class NumericTables:
    """Main effects in cells, and vectors as sums of rectified linear functions.

    The width of a cell grows with the distance from the axis's centre, as a float's precision does, so that its bits
    are the cell's number. Functions that rectify stand in levels: the first of every axis that meets others, then the
    second of those that have one, and so on, axes with more of them first.

    Parameters
    ----------
    effects : Effects
    which : list of int
        Axes without states.
    interacts : Tensor of bool, shape (n_axes,)
        Axes of which pair effects are read.
    device : torch.device or str
    dtype : torch.dtype

    """

    def __init__(self, effects: Effects, which: list[int], interacts: Tensor, device: torch.device | str, dtype: Any):
        met = sorted([i for i in which if interacts[i]], key=lambda i: -len(effects.pair_nodes[i]))
        self.which = which
        axes = [effects.axes[i] for i in self.which]
        middle = [_quantile(effects.nodes[i], effects.share[i], 0.5) for i in self.which]
        spread = [_spread(effects.nodes[i], effects.share[i]) for i in self.which]
        lines = [
            _cells(effects, i, bool(interacts[i]), m, s) for i, m, s in zip(self.which, middle, spread, strict=True)
        ]
        self.levels, self.slopes = (
            torch.stack(part, dim=1).flatten(1).contiguous().to(device, dtype) for part in zip(*lines, strict=True)
        )
        coordinates = torch.cat([axis.coordinates for axis in axes])
        self.coordinates = coordinates.to(device)
        self.in_order = torch.equal(coordinates, torch.arange(len(coordinates)))
        self.centre = torch.tensor(middle, dtype=dtype)[:, None].to(device)
        self.unit = 1 / torch.tensor(spread, dtype=dtype)[:, None].to(device)
        starts = torch.arange(len(axes), dtype=torch.int32) * 2 * SIDE - LOWEST
        self.starts = starts[:, None].to(device)
        self._lay_out_vectors(effects, met, middle, spread, device, dtype)

    def _lay_out_vectors(
        self,
        effects: Effects,
        met: list[int],
        middle: list[float],
        spread: list[float],
        device: torch.device | str,
        dtype: Any,
    ) -> None:
        """Vectors as a constant and ramps that begin at the nodes, in units of the axes' spread."""
        n_scores, r = effects.signs.shape
        place = {i: n for n, i in enumerate(self.which)}
        deepest = max((len(effects.pair_nodes[i]) - 1 for i in met), default=0)
        first, last = torch.zeros(n_scores, len(met), r).double(), torch.zeros(len(met)).double()
        begins: list[list[float]] = [[] for _ in range(deepest)]
        bends: list[list[Tensor]] = [[] for _ in range(deepest)]
        for m, i in enumerate(met):
            x = (effects.pair_nodes[i] - middle[place[i]]) / spread[place[i]]
            u = effects.vectors[i]
            slope = u.diff(dim=1) / x.diff()[:, None]
            bend = torch.cat((slope[:, :1], slope.diff(dim=1)), dim=1)
            first[:, m], last[m] = u[:, 0], x[-1]
            for level in range(len(x) - 1):
                begins[level].append(float(x[level]))
                bends[level].append(bend[:, level])
        self.met = torch.tensor([place[i] for i in met], dtype=torch.long).to(device)
        self.sizes = [len(level) for level in begins]
        self.n_ramps = sum(self.sizes)
        self.n_numbers = 2 * self.n_ramps + r + 4 * len(self.which)
        self.last = last[:, None].to(device, dtype)
        flat = [b for level in begins for b in level]
        self.begins = torch.tensor(flat, dtype=torch.float64)[:, None].to(device, dtype)
        every = [b for level in bends for b in level]
        stacked = torch.stack(every, dim=1) if every else torch.zeros(n_scores, 0, r, dtype=torch.float64)
        self.bends = stacked.contiguous().to(device, dtype)  # (C, n_ramps, r)
        self.across = self.bends.transpose(1, 2).contiguous()
        self.first = first.to(device, dtype)
        self.constant = first.sum(dim=1)[:, :, None].to(device, dtype)

    def read(self, x: Tensor, c: int, scratch: Scratch) -> tuple[Tensor, Tensor, Tensor]:
        """Own values (n, b), sum of the vectors (r, b), and the ramps that these are made of (n_ramps, b)."""
        keys = x if self.in_order and x.shape[1] == len(self.coordinates) else x.index_select(1, self.coordinates)
        b, n = keys.shape
        y = scratch.take("y", n, b).copy_(keys.T).sub_(self.centre).mul_(self.unit)
        values = self._own(y, c, scratch)
        met = torch.index_select(y, 0, self.met, out=scratch.take("met", len(self.met), b))
        torch.minimum(met, self.last, out=met)
        ramps, start = scratch.take("ramps", self.n_ramps, b), 0
        for size in self.sizes:
            torch.sub(met[:size], self.begins[start : start + size], out=ramps[start : start + size])
            start += size
        ramps.relu_()
        vectors = scratch.take("vectors", self.across.shape[1], b)
        return values, torch.addmm(self.constant[c], self.across[c], ramps, out=vectors), ramps

    def _own(self, y: Tensor, c: int, scratch: Scratch) -> Tensor:
        """Main effects, less the own term of the pair effects, at keys (n, b) in units of the axes' spread."""
        bits = y.float().view(torch.int32)
        cell = torch.bitwise_and(bits, 0x7FFFFFFF, out=scratch.take("cell", *y.shape, dtype=torch.int32))
        cell.bitwise_right_shift_(SHIFT).clamp_(LOWEST, LOWEST + SIDE - 1)
        sign = torch.bitwise_right_shift(bits, 31, out=scratch.take("sign", *y.shape, dtype=torch.int32))
        cell.sub_(sign, alpha=SIDE).add_(self.starts)
        values, slope = scratch.take("values", *y.shape), scratch.take("slope", *y.shape)
        torch.index_select(self.levels[c], 0, cell.view(-1), out=values.view(-1))
        torch.index_select(self.slopes[c], 0, cell.view(-1), out=slope.view(-1))
        return values.addcmul_(slope, y)

    def with_pairs(self, c: int, values: Tensor, ramps: Tensor, together: Tensor, scratch: Scratch) -> Tensor:
        """The values plus the products of the axes' vectors with ``together`` (r, b)."""
        if not len(self.met):
            return values
        products = torch.mm(self.bends[c], together, out=scratch.take("products", *ramps.shape)).mul_(ramps)
        each = scratch.take("met", len(self.met), values.shape[1])
        torch.mm(self.first[c], together, out=each)
        start = 0
        for size in self.sizes:
            each[:size] += products[start : start + size]
            start += size
        return values.index_add_(0, self.met, each)


def _cells(effects: Effects, i: int, interacts: bool, centre: float, spread: float) -> tuple[Tensor, Tensor]:
    """Level and slope (n_scores, 2 * SIDE) of an axis's own values in each cell, first of those above its centre."""
    x, own = effects.nodes[i], effects.mains[i]
    if interacts:
        own = own - 0.5 * (effects.vectors_at_nodes(i).square() * effects.signs[:, None]).sum(dim=2)
    edges = (torch.arange(LOWEST, LOWEST + SIDE + 1, dtype=torch.int32) << SHIFT).view(torch.float32).double()
    edges[0] = 0.0
    levels, slopes = [], []
    for side in (1.0, -1.0):
        y = side * edges
        v = extended(centre + spread * y, x, own, effects.mains[i])
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
