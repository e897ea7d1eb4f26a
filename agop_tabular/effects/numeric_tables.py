"""Tables of the numeric axes: main effects in cells that floats number by themselves, factors as sums of steps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from agop_tabular.effects.axis import Axis
from agop_tabular.effects.axis_tables import AxisTables, Reading
from agop_tabular.effects.curves import nearest_places
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

NARROWEST = 2.0 ** (1 - MANTISSA_BITS)
"""Width of a ramp at least, relative to its distance from the centre: two digits of a float32."""

MOST_OCTAVES = 64
"""Powers of two between the nearest and the farthest grid point that have cells of their own, at most; nearer to the
centre effects are linear. Beyond a float32's 24 bits neighbouring grid points hardly differ anyway."""


NUMBERS = 2**20
"""Cells, times scores, that are computed together: 8 MB."""

LARGEST = 120
"""Largest power of two at which cells end; a float32 goes little further."""


class NumericTables(AxisTables):
    """Main effects in cells, and factors as sums of ramps that rise from 0 to 1 between two neighbouring knots.

    The width of a cell grows with the distance from the centre of the axis, like the precision of a float, so the
    leading bits of a float are the number of its cell and no search is needed.

    A ramp begins at every knot but the last. Ramps are laid out in *rounds*: the first ramp of every axis with pair
    effects, then the second ramp of those that have one, and so on. Axes with more ramps come first, so that a round
    belongs to the first few of them, and all of its ramps are computed by one operation.

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
        scales = [_Scale.of(effects.nodes[i], effects.share[i]) for i in axes]
        self.intercepts, self.slopes = (part.to(device, dtype) for part in _cells(effects, axes, interacts, scales))
        self._lay_out_keys([effects.axes[i] for i in axes], device, dtype)
        self.centre = torch.tensor([scale.centre for scale in scales], dtype=dtype)[:, None].to(device)
        self.unit = 1 / torch.tensor([scale.unit for scale in scales], dtype=dtype)[:, None].to(device)
        lowest, sides = torch.tensor([[scale.lowest, scale.n_cells] for scale in scales], dtype=torch.int32).T
        starts = 2 * sides.cumsum(0, dtype=torch.int32) - 2 * sides - lowest
        numbers = (lowest, lowest + sides - 1, sides, starts)
        self.lowest, self.highest, self.sides, self.starts = (t[:, None].contiguous().to(device) for t in numbers)
        paired = [n for n, i in enumerate(axes) if interacts[i]]
        paired.sort(key=lambda n: -len(effects.knots[axes[n]]))
        self._lay_out_ramps(effects, paired, scales, device, dtype)

    def _lay_out_keys(self, axes: list[Axis], device: torch.device | str, dtype: torch.dtype) -> None:
        """Note the coordinates that keys are, or that they are computed from, along curves."""
        coordinates = torch.stack([axis.coordinates[0] for axis in axes])
        self.coordinates = coordinates.to(device)
        straight = [n for n, axis in enumerate(axes) if axis.curve is not None and len(axis.direction)]
        bent = [n for n, axis in enumerate(axes) if axis.curve is not None and not len(axis.direction)]
        self.in_order = torch.equal(coordinates, torch.arange(len(coordinates))) and not straight and not bent
        self.straight = torch.tensor(straight, dtype=torch.long, device=device)
        if straight:
            of_each = [[getattr(axes[n], name) for n in straight] for name in ("coordinates", "direction")]
            padded, directions = (pad_sequence(each, batch_first=True) for each in of_each)
            self.padded, self.directions = padded.to(device), directions.to(device, dtype)
        self.bent = [
            (n, axes[n].coordinates.to(device), axes[n].grid.to(device, dtype), axes[n].nodes.to(device, dtype))
            for n in bent
        ]

    def _keys(self, x: Tensor) -> Tensor:
        """Keys of rows (b, p), (b, n)."""
        if self.in_order and x.shape[1] == len(self.coordinates):
            return x
        keys = x.index_select(1, self.coordinates)
        if len(self.straight):
            keys[:, self.straight] = (x[:, self.padded] * self.directions.to(x.dtype)).sum(dim=2)
        for n, coordinates, points, places in self.bent:
            keys[:, n] = nearest_places(x[:, coordinates].to(points.dtype), points, places)
        return keys

    def _lay_out_ramps(
        self,
        effects: Effects,
        paired: list[int],
        scales: list[_Scale],
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        """Write the factors of the paired axes as a constant plus ramps, in units of the axes' scale.

        Parameters
        ----------
        paired : list of int
            Places among ``self.axes`` of those with pair effects, falling by the number of their knots.
        """
        n_scores, r = effects.signs.shape
        n_rounds = max((len(effects.knots[self.axes[n]]) - 1 for n in paired), default=0)
        first = torch.zeros(n_scores, len(paired), r, dtype=torch.float64)
        rises: list[list[Tensor]] = [[] for _ in range(n_rounds)]
        steps: list[list[Tensor]] = [[] for _ in range(n_rounds)]
        for m, n in enumerate(paired):
            knots = (effects.knots[self.axes[n]] - scales[n].centre) / scales[n].unit
            u = effects.factors[self.axes[n]]
            first[:, m] = u[:, 0]
            for k in range(len(knots) - 1):
                # Knots that are the same beside the centre's digits have a steep ramp between them, and no endless one.
                width = (knots[k + 1] - knots[k]).clamp_min(NARROWEST * float(knots[k : k + 2].abs().max()))
                rises[k].append(torch.stack((1 / width, -knots[k] / width)))
                steps[k].append(u[:, k + 1] - u[:, k])
        self.paired = torch.tensor(paired, dtype=torch.long).to(device)
        self.round_sizes = [len(ramps) for ramps in rises]
        self.n_ramps = sum(self.round_sizes)
        self.n_numbers = 2 * self.n_ramps + r + 4 * len(self.axes)
        all_rises = [rise for ramps in rises for rise in ramps] or [torch.zeros(2, dtype=torch.float64)]
        self.rise, self.begin = torch.stack(all_rises, dim=1)[:, :, None].contiguous().to(device, dtype)
        all_steps = [step for ramps in steps for step in ramps]
        stacked = torch.stack(all_steps, dim=1) if all_steps else torch.zeros(n_scores, 0, r, dtype=torch.float64)
        self.steps = stacked.contiguous().to(device, dtype)  # (C, n_ramps, r)
        self.steps_across = self.steps.transpose(1, 2).contiguous()
        self.first = first.to(device, dtype)
        self.first_sum = first.sum(dim=1)[:, :, None].to(device, dtype)

    def read(self, x: Tensor, c: int, scratch: Scratch) -> Reading:
        """Read score c at rows (b, p); the terms are the values of the ramps (n_ramps, b)."""
        keys = self._keys(x)
        b, n = keys.shape
        y = scratch.buffer("y", n, b).copy_(keys.T).sub_(self.centre).mul_(self.unit)
        own = self._own_values(y, c, scratch)
        paired = torch.index_select(y, 0, self.paired, out=scratch.buffer("paired", len(self.paired), b))
        ramps, start = scratch.buffer("ramps", self.n_ramps, b), 0
        for size in self.round_sizes:
            own_ramps = slice(start, start + size)
            torch.addcmul(self.begin[own_ramps], paired[:size], self.rise[own_ramps], out=ramps[own_ramps])
            start += size
        ramps.clamp_(0, 1)  # so factors are constant beyond the outer knots
        factor_sum = scratch.buffer("factor_sum", self.steps_across.shape[1], b)
        torch.addmm(self.first_sum[c], self.steps_across[c], ramps, out=factor_sum)
        return Reading(own, factor_sum, ramps)

    def with_pairs(self, c: int, reading: Reading, factor_sum: Tensor, scratch: Scratch) -> Tensor:
        """Add the products of the axes' factors with the sum of all factors.

        The product with each ramp's step is taken first, so that the factors themselves are never computed.
        """
        own, ramps = reading.own, reading.terms
        if not len(self.paired):
            return own
        products = torch.mm(self.steps[c], factor_sum, out=scratch.buffer("products", *ramps.shape)).mul_(ramps)
        each = scratch.buffer("paired", len(self.paired), own.shape[1])
        torch.mm(self.first[c], factor_sum, out=each)
        start = 0
        for size in self.round_sizes:
            each[:size] += products[start : start + size]
            start += size
        return own.index_add_(0, self.paired, each)

    def _own_values(self, y: Tensor, c: int, scratch: Scratch) -> Tensor:
        """Main effects, minus the own term of the pair effects, at keys (n, b) in units of the axes' scale."""
        bits = y.float().view(torch.int32)
        # Without its sign bit, the leading bits of a float grow with its absolute value: they number the cells.
        cell = torch.bitwise_and(bits, 0x7FFFFFFF, out=scratch.buffer("cell", *y.shape, dtype=torch.int32))
        cell = cell.bitwise_right_shift_(SHIFT).clamp_(self.lowest, self.highest).add_(self.starts)
        # The shift keeps the sign: all bits are set below the centre, where the cells come after those above it.
        below = torch.bitwise_right_shift(bits, 31, out=scratch.buffer("below", *y.shape, dtype=torch.int32))
        cell.add_(below.bitwise_and_(self.sides))
        values, slope = scratch.buffer("values", *y.shape), scratch.buffer("slope", *y.shape)
        torch.index_select(self.intercepts[c], 0, cell.view(-1), out=values.view(-1))
        torch.index_select(self.slopes[c], 0, cell.view(-1), out=slope.view(-1))
        return values.addcmul_(slope, y)


class _Scale(NamedTuple):
    """How the values of an axis are measured, and which cells they have on either side of its centre.

    Attributes
    ----------
    centre, unit : float
        A median grid point, and a median distance from it.
    lowest, n_cells : int
        What the leading bits of the nearest cell's values are, and the number of cells of a side. There is no grid
        point nearer to the centre than the second cell, and none beyond the last but one.
    """

    centre: float
    unit: float
    lowest: int
    n_cells: int

    @classmethod
    def of(cls, nodes: Tensor, share: Tensor) -> _Scale:
        """From the grid points of an axis, ascending, and the share of the rows at each."""
        centre = float(nodes[min(int(torch.searchsorted(share.cumsum(0), 0.5)), len(nodes) - 1)])
        distance = (nodes - centre).abs()
        distance = distance[distance > 0]
        if not len(distance):
            return cls(centre, 1.0, EXPONENT_OF_ONE << (MANTISSA_BITS - SHIFT), 1 << (MANTISSA_BITS - SHIFT))
        # Where most values are nearly the same, such as squared exponentials, the largest is as far as float32 holds.
        unit = max(float(distance.median()), float(distance.max()) * 2.0**-MOST_OCTAVES)
        largest = min(math.floor(math.log2(float(distance.max()) / unit)) + 2, LARGEST)
        smallest = max(math.floor(math.log2(float(distance.min()) / unit)), largest - MOST_OCTAVES)
        octave = 1 << (MANTISSA_BITS - SHIFT)
        return cls(centre, unit, (EXPONENT_OF_ONE + smallest) * octave, (largest - smallest) * octave)


def _cells(effects: Effects, axes: list[int], interacts: Tensor, scales: list[_Scale]) -> tuple[Tensor, Tensor]:
    """Intercepts and slopes (n_scores, cells) of the axes' own values in their cells, above each centre first."""
    alike: dict[tuple[int, int], list[int]] = {}  # axes with as many cells and grid points, by their places
    for n, (i, scale) in enumerate(zip(axes, scales, strict=True)):
        alike.setdefault((scale.n_cells, len(effects.nodes[i])), []).append(n)
    found: dict[int, Tensor] = {}
    for (n_cells, _), places in alike.items():
        size = max(1, NUMBERS // (n_cells * len(effects.signs)))
        for some in (places[k : k + size] for k in range(0, len(places), size)):
            lines = _cells_alike(effects, [axes[n] for n in some], interacts, [scales[n] for n in some])
            found |= zip(some, lines, strict=True)
    whole = torch.cat([found[n] for n in range(len(axes))], dim=2)
    return whole[0], whole[1]


def _cells_alike(effects: Effects, axes: list[int], interacts: Tensor, scales: list[_Scale]) -> Iterable[Tensor]:
    """Intercepts and slopes (2, n_scores, 2 * n_cells) of each of some axes with as many cells and grid points."""
    nodes, mains = torch.stack([effects.nodes[i] for i in axes]), torch.stack([effects.mains[i] for i in axes], dim=1)
    own = torch.stack([effects.own_values(i, bool(interacts[i])) for i in axes], dim=1)
    first = torch.tensor([scale.lowest for scale in scales], dtype=torch.int32)
    numbers = first[:, None] + torch.arange(scales[0].n_cells + 1, dtype=torch.int32)
    edges = (numbers << SHIFT).view(torch.float32).double()  # distances from the centre
    edges[:, 0] = 0.0  # the first cell begins at the centre itself
    centre, unit = torch.tensor([[scale.centre, scale.unit] for scale in scales], dtype=torch.float64).T[:, :, None]
    sides = []
    for y in (edges, -edges):
        values = extend(centre + unit * y, nodes, own, mains)
        slopes = values.diff(dim=-1) / y.diff(dim=-1)
        sides.append(torch.stack((values[..., :-1] - slopes * y[:, :-1], slopes)))
    return torch.cat(sides, dim=-1).unbind(dim=2)
