"""Tables of the numeric axes: main effects in cells that floats number by themselves, factors as sums of ramps."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.axis_tables import AxisTables, Reading
from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.tables import Effects, extend

MANTISSA_BITS = 23
"""Bits of a float32 after its exponent."""

EXPONENT_OF_ONE = 127
"""Exponent in the bits of the float32 number 1."""

SHIFT = 19
"""Bits of a float32 that are dropped for the number of its cell. The exponent and four bits of the mantissa are left:
16 cells to a power of two, each 4 to 6% of the distance from the centre wide and linear inside, so that reading the
tables is far more accurate than the effects in them."""

SMALLEST, LARGEST = -8, 12
"""Powers of two, in units of an axis's spread, between which there are cells. Closer than 1/256 of the spread to the
centre a main effect is linear within a bin; beyond 4,096 times the spread it is extrapolated linearly anyway."""

SIDE = (LARGEST - SMALLEST) << (MANTISSA_BITS - SHIFT)
"""Number of cells on either side of an axis's centre."""

LOWEST = (EXPONENT_OF_ONE + SMALLEST) << (MANTISSA_BITS - SHIFT)
"""Cell number that the bits of the smallest power of two give; cells are counted from it."""


class NumericTables(AxisTables):
    """Main effects in cells, and factors as sums of ramps (rectified linear functions).

    The width of a cell grows with the distance from the centre of the axis, like the precision of a float, so the
    leading bits of a float are the number of its cell and no search is needed.

    A ramp begins at every knot but the last. Ramps are laid out in *rounds*: the first ramp of every axis with pair
    effects, then the second ramp of those that have one, and so on. Axes with more ramps come first, so that a round
    belongs to the first few of them, and all of its ramps are computed by one subtraction.

    Parameters
    ----------
    effects : Effects
    axes : list of int
        Axes without states.
    interacts : Tensor of bool, shape (n_axes,)
        Axes whose pair effects are read.
    device : torch.device or str
    dtype : torch.dtype
    """

    def __init__(
        self,
        effects: Effects,
        axes: list[int],
        interacts: Tensor,
        device: torch.device | str,
        dtype: torch.dtype,
    ):
        self.axes = axes
        centres = [_quantile(effects.nodes[i], effects.share[i], 0.5) for i in axes]
        spreads = [_spread(effects.nodes[i], effects.share[i]) for i in axes]
        lines = [
            _cells(effects, i, bool(interacts[i]), centre, spread)
            for i, centre, spread in zip(axes, centres, spreads, strict=True)
        ]
        self.intercepts, self.slopes = (
            torch.stack(part, dim=1).flatten(1).contiguous().to(device, dtype) for part in zip(*lines, strict=True)
        )
        coordinates = torch.cat([effects.axes[i].coordinates for i in axes])
        self.coordinates = coordinates.to(device)
        self.in_order = torch.equal(coordinates, torch.arange(len(coordinates)))
        self.centre = torch.tensor(centres, dtype=dtype)[:, None].to(device)
        self.unit = 1 / torch.tensor(spreads, dtype=dtype)[:, None].to(device)
        starts = torch.arange(len(axes), dtype=torch.int32) * 2 * SIDE - LOWEST
        self.starts = starts[:, None].to(device)
        paired = [n for n, i in enumerate(axes) if interacts[i]]
        paired.sort(key=lambda n: -len(effects.knots[axes[n]]))
        self._lay_out_ramps(effects, paired, centres, spreads, device, dtype)

    def _lay_out_ramps(
        self,
        effects: Effects,
        paired: list[int],
        centres: list[float],
        spreads: list[float],
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        """Write the factors of the paired axes as a constant plus ramps, in units of the axes' spread.

        Parameters
        ----------
        paired : list of int
            Places among ``self.axes`` of those with pair effects, falling by the number of their knots.
        """
        n_scores, r = effects.signs.shape
        n_rounds = max((len(effects.knots[self.axes[n]]) - 1 for n in paired), default=0)
        first, last = torch.zeros(n_scores, len(paired), r).double(), torch.zeros(len(paired)).double()
        begins: list[list[float]] = [[] for _ in range(n_rounds)]
        bends: list[list[Tensor]] = [[] for _ in range(n_rounds)]
        for m, n in enumerate(paired):
            knots = (effects.knots[self.axes[n]] - centres[n]) / spreads[n]
            u = effects.factors[self.axes[n]]
            slope = u.diff(dim=1) / knots.diff()[:, None]
            bend = torch.cat((slope[:, :1], slope.diff(dim=1)), dim=1)  # at every knot, what the slope changes by
            first[:, m], last[m] = u[:, 0], knots[-1]
            for k in range(len(knots) - 1):
                begins[k].append(float(knots[k]))
                bends[k].append(bend[:, k])
        self.paired = torch.tensor(paired, dtype=torch.long).to(device)
        self.round_sizes = [len(ramps) for ramps in begins]
        self.n_ramps = sum(self.round_sizes)
        self.n_numbers = 2 * self.n_ramps + r + 4 * len(self.axes)
        self.last = last[:, None].to(device, dtype)
        all_begins = [b for ramps in begins for b in ramps]
        self.begins = torch.tensor(all_begins, dtype=torch.float64)[:, None].to(device, dtype)
        all_bends = [b for ramps in bends for b in ramps]
        stacked = torch.stack(all_bends, dim=1) if all_bends else torch.zeros(n_scores, 0, r, dtype=torch.float64)
        self.bends = stacked.contiguous().to(device, dtype)  # (C, n_ramps, r)
        self.bends_across = self.bends.transpose(1, 2).contiguous()
        self.first = first.to(device, dtype)
        self.first_sum = first.sum(dim=1)[:, :, None].to(device, dtype)

    def read(self, x: Tensor, c: int, scratch: Scratch) -> Reading:
        """Read score c at rows (b, p); the terms are the values of the ramps (n_ramps, b)."""
        keys = x if self.in_order and x.shape[1] == len(self.coordinates) else x.index_select(1, self.coordinates)
        b, n = keys.shape
        y = scratch.buffer("y", n, b).copy_(keys.T).sub_(self.centre).mul_(self.unit)
        own = self._own_values(y, c, scratch)
        paired = torch.index_select(y, 0, self.paired, out=scratch.buffer("paired", len(self.paired), b))
        torch.minimum(paired, self.last, out=paired)  # factors are constant beyond the last knot
        ramps, start = scratch.buffer("ramps", self.n_ramps, b), 0
        for size in self.round_sizes:
            torch.sub(paired[:size], self.begins[start : start + size], out=ramps[start : start + size])
            start += size
        ramps.relu_()
        factor_sum = scratch.buffer("factor_sum", self.bends_across.shape[1], b)
        torch.addmm(self.first_sum[c], self.bends_across[c], ramps, out=factor_sum)
        return Reading(own, factor_sum, ramps)

    def with_pairs(self, c: int, reading: Reading, factor_sum: Tensor, scratch: Scratch) -> Tensor:
        """Add the products of the axes' factors with the sum of all factors.

        The product with each ramp's bend is taken first, so that the factors themselves are never computed.
        """
        own, ramps = reading.own, reading.terms
        if not len(self.paired):
            return own
        products = torch.mm(self.bends[c], factor_sum, out=scratch.buffer("products", *ramps.shape)).mul_(ramps)
        each = scratch.buffer("paired", len(self.paired), own.shape[1])
        torch.mm(self.first[c], factor_sum, out=each)
        start = 0
        for size in self.round_sizes:
            each[:size] += products[start : start + size]
            start += size
        return own.index_add_(0, self.paired, each)

    def _own_values(self, y: Tensor, c: int, scratch: Scratch) -> Tensor:
        """Main effects, minus the own term of the pair effects, at keys (n, b) in units of the axes' spread."""
        bits = y.float().view(torch.int32)
        # Without its sign bit, the leading bits of a float grow with its absolute value: they number the cells.
        cell = torch.bitwise_and(bits, 0x7FFFFFFF, out=scratch.buffer("cell", *y.shape, dtype=torch.int32))
        cell.bitwise_right_shift_(SHIFT).clamp_(LOWEST, LOWEST + SIDE - 1)
        # The shift keeps the sign: -1 below the centre, where the cells come after those above it, and 0 elsewhere.
        sign = torch.bitwise_right_shift(bits, 31, out=scratch.buffer("sign", *y.shape, dtype=torch.int32))
        cell.sub_(sign, alpha=SIDE).add_(self.starts)
        values, slope = scratch.buffer("values", *y.shape), scratch.buffer("slope", *y.shape)
        torch.index_select(self.intercepts[c], 0, cell.view(-1), out=values.view(-1))
        torch.index_select(self.slopes[c], 0, cell.view(-1), out=slope.view(-1))
        return values.addcmul_(slope, y)


def _cells(effects: Effects, i: int, interacts: bool, centre: float, spread: float) -> tuple[Tensor, Tensor]:
    """Intercept and slope (n_scores, 2 * SIDE) of an axis's own values in each cell, those above its centre first."""
    nodes, own = effects.nodes[i], effects.mains[i]
    if interacts:
        own = own - 0.5 * (effects.factors_at_nodes(i).square() * effects.signs[:, None]).sum(dim=2)
    edges = (torch.arange(LOWEST, LOWEST + SIDE + 1, dtype=torch.int32) << SHIFT).view(torch.float32).double()
    edges[0] = 0.0  # the first cell begins at the centre itself
    intercepts, slopes = [], []
    for side in (1.0, -1.0):
        y = side * edges
        values = extend(centre + spread * y, nodes, own, effects.mains[i])
        slope = values.diff(dim=1) / y.diff()
        slopes.append(slope)
        intercepts.append(values[:, :-1] - slope * y[:-1])
    return torch.cat(intercepts, dim=1), torch.cat(slopes, dim=1)


def _quantile(nodes: Tensor, share: Tensor, q: float) -> float:
    """Grid point at which the share of rows reaches q."""
    return float(nodes[min(int(torch.searchsorted(share.cumsum(0), q)), len(nodes) - 1)])


def _spread(nodes: Tensor, share: Tensor) -> float:
    """Interquartile range of an axis; if that is zero, its whole range."""
    quartiles = _quantile(nodes, share, 0.75) - _quantile(nodes, share, 0.25)
    return quartiles or float(nodes[-1] - nodes[0]) or 1.0
