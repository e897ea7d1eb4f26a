"""Which values the training rows have, and the nearest of them to those that they do not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import torch
from torch import Tensor

from agop_tabular.effects.axis import Axis
from agop_tabular.effects.curve_axes import HARDLY_ANY
from agop_tabular.effects.state_axes import KEY_GAP
from agop_tabular.effects.stretches import FAR

ROUNDING, KEY_ROUNDING = 8, 64
"""Units in the last place by which a value may differ from a constant, and a key, which is a sum, from a state's, as
from one batch to another."""


@dataclass(frozen=True, eq=False)
class KnownStates:
    """The combinations of values that the training rows have of some coordinates of one column.

    Attributes
    ----------
    coordinates : Tensor of int, shape (m,)
    direction : Tensor of shape (m,)
        Maps the coordinates to the key of their state.
    around : Tensor of shape (2k,)
        Where the keys of each state begin and end, but for rounding: a place among them is odd for known states.
    edges : Tensor of shape (k - 1,)
        Keys between the states.
    states : Tensor of shape (k, m)
        Those of the axis itself, since they are many numbers where a block has many levels.
    """

    coordinates: Tensor
    direction: Tensor
    around: Tensor
    edges: Tensor
    states: Tensor

    @classmethod
    def of(cls, axis: Axis, device: torch.device, dtype: torch.dtype) -> KnownStates:
        """Of an axis of states, for coordinates of this dtype on this device."""
        assert axis.states is not None
        keys, precision = axis.nodes, torch.promote_types(dtype, torch.float32)
        units = KEY_ROUNDING * torch.finfo(precision).eps * keys.abs().max()
        rounding = torch.maximum(KEY_GAP / 2 * (keys[-1] - keys[0]), units)
        low, high = keys - rounding, keys + rounding
        low[1:], high[:-1] = torch.maximum(low[1:], axis.edges), torch.minimum(high[:-1], axis.edges)
        around = torch.stack((low, high), dim=1).flatten()
        direction, around, edges = (t.to(device, precision) for t in (axis.direction, around, axis.edges))
        return cls(axis.coordinates.to(device), direction, around, edges, axis.states)

    def near(self, x: Tensor) -> Tensor:
        """Rows (b, p) with the nearest state where they have none of these; x itself if all have."""
        keys = x.index_select(1, self.coordinates).to(self.direction.dtype) @ self.direction
        known = torch.bucketize(keys, self.around) % 2 == 1
        if known.all():
            return x
        rows, near = torch.nonzero(~known), x.clone()
        place = torch.bucketize(keys[rows[:, 0]], self.edges, right=True)
        near[rows, self.coordinates] = self.states[place.cpu()].to(near)
        return near


@dataclass(frozen=True, eq=False)
class KnownStretches:
    """The stretches of some numeric coordinates that the training rows have values in, as many of each.

    Attributes
    ----------
    coordinates : Tensor of int, shape (a,)
    reach : Tensor of shape (a, 2s)
        Where the stretches begin and end, ascending: a place among them is odd for known values.
    ends : Tensor of shape (a, 2s)
        The outermost values of the training rows in them.
    """

    coordinates: Tensor
    reach: Tensor
    ends: Tensor

    @classmethod
    def of(cls, axes: Sequence[Axis], device: torch.device, dtype: torch.dtype) -> KnownStretches:
        """Of axes of one coordinate each, with equally many stretches."""
        coordinates = torch.cat([axis.coordinates for axis in axes])
        ends = torch.stack([axis.ends[:, 0] for axis in axes if axis.ends is not None])
        reach = torch.stack([axis.reach for axis in axes if axis.reach is not None])
        return cls(coordinates.to(device), reach.to(device, dtype), ends.to(device, dtype))

    def near(self, x: Tensor) -> Tensor:
        """Rows (b, p) with the nearest end where a value is in no stretch; x itself if none is."""
        own = x.index_select(1, self.coordinates).to(self.reach.dtype).T.contiguous()
        place = torch.searchsorted(self.reach, own)
        axis, rows = torch.nonzero(place % 2 == 0, as_tuple=True)
        if not len(rows):
            return x
        value, place = own[axis, rows], place[axis, rows]
        below, above = (self.ends[axis, i] for i in ((place - 1).clamp_min(0), place.clamp_max(len(self.ends[0]) - 1)))
        near = x.clone()
        near[rows, self.coordinates[axis]] = torch.where(value - below < above - value, below, above).to(x)
        return near


@dataclass(frozen=True, eq=False)
class KnownCurve:
    """The stretches of a curve that the training rows have values in.

    Attributes
    ----------
    axis : Axis
    reach : Tensor of shape (2s,)
        Keys at which they begin and end.
    ends : Tensor of shape (2s, m)
        Coordinates of the training rows that are outermost in them.
    lower, upper : Tensor of shape (m,)
        Beyond these a coordinate is far, wherever the key is.
    """

    axis: Axis
    reach: Tensor
    ends: Tensor
    lower: Tensor
    upper: Tensor

    @classmethod
    def of(cls, axis: Axis, device: torch.device, dtype: torch.dtype) -> KnownCurve:
        """Of an axis along a curve."""
        first, last = torch.aminmax(axis.grid[axis.share > HARDLY_ANY], dim=0)
        margin = torch.maximum(FAR * (last - first), 2 * ROUNDING * torch.finfo(dtype).eps * last.abs())
        reach, ends = axis.reach, axis.ends
        if reach is None or ends is None:
            reach, ends = torch.tensor([-torch.inf, torch.inf]), axis.grid[[0, -1]]
        tensors = {name: getattr(axis, name).to(device) for name in ("coordinates", "direction", "edges", "nodes")}
        axis = replace(axis, curve=axis.grid.to(device), **tensors)
        return cls(axis, *(t.double().to(device) for t in (reach, ends, first - margin, last + margin)))

    def near(self, x: Tensor) -> Tensor:
        """Rows (b, p) with the nearest end, or point of the curve, where a value is in no stretch, or off the curve."""
        keys = self.axis.keys(x)
        place = torch.bucketize(keys, self.reach)
        own = x[:, self.axis.coordinates].double()
        off = ((own < self.lower) | (own > self.upper)).any(dim=1)
        rows = torch.nonzero((place % 2 == 0) | off).flatten()
        if not len(rows):
            return x
        keys, place, near = keys[rows], place[rows], x.clone()
        low, high = (place - 1).clamp_min(0), place.clamp_max(len(self.reach) - 1)
        end = torch.where(keys - self.reach[low] < self.reach[high] - keys, low, high)
        on_curve = self.axis.grid[torch.bucketize(keys, self.axis.edges, right=True)]
        found = torch.where((place % 2 == 0)[:, None], self.ends[end], on_curve)
        near[rows[:, None], self.axis.coordinates] = found.to(x)
        return near


@dataclass(frozen=True, eq=False)
class KnownValues:
    """What values the training rows have of each coordinate.

    Attributes
    ----------
    lower, upper : Tensor of shape (p,)
        Beyond these a value is far; infinite for coordinates of states and curves.
    first, last : Tensor of shape (p,)
        The outermost values of the training rows, which are the same where a coordinate is constant.
    others : sequence of KnownStretches, KnownStates or KnownCurve
        Where more has to be known: gaps, combinations of values, places on a curve.
    """

    lower: Tensor
    upper: Tensor
    first: Tensor
    last: Tensor
    others: Sequence[KnownStretches | KnownStates | KnownCurve]

    @classmethod
    def of(cls, axes: tuple[Axis, ...], constants: Tensor, device: torch.device, dtype: torch.dtype) -> KnownValues:
        """From the axes.

        Parameters
        ----------
        axes : tuple of Axis
        constants : Tensor of shape (p,)
            Values of the coordinates that are constant in the training rows; NaN for the others.
        device : torch.device
        dtype : torch.dtype
            Of the network.
        """
        first = torch.where(constants.isnan(), -torch.inf, constants).double()
        last = torch.where(constants.isnan(), torch.inf, constants).double()
        rounding = torch.where(constants.isnan(), 0.0, ROUNDING * torch.finfo(dtype).eps * constants.abs())
        lower, upper = first - rounding, last + rounding
        others: list[KnownStretches | KnownStates | KnownCurve] = []
        gapped = []
        for axis in axes:
            own = axis.coordinates
            if axis.states is not None:
                told_apart = own[axis.direction != 0]  # of a block, also levels that no training row has
                lower[told_apart], upper[told_apart] = -torch.inf, torch.inf
                others.append(KnownStates.of(axis, device, dtype))
            elif axis.curve is not None:
                others.append(KnownCurve.of(axis, device, dtype))
            elif axis.reach is None or axis.ends is None:  # in files of earlier formats
                first[own], last[own] = axis.nodes[0], axis.nodes[-1]
                margin = FAR * (axis.nodes[-1] - axis.nodes[0])
                lower[own], upper[own] = axis.nodes[0] - margin, axis.nodes[-1] + margin
            else:
                first[own], last[own] = axis.ends[0, 0], axis.ends[-1, 0]
                lower[own], upper[own] = axis.reach[0], axis.reach[-1]
                gapped += [axis] if len(axis.reach) > 2 else []
        gapped.sort(key=_n_ends)
        precision = torch.promote_types(dtype, torch.float32)
        others += [KnownStretches.of(list(alike), device, precision) for _, alike in groupby(gapped, key=_n_ends)]
        lower, upper, first, last = (t.to(device, dtype) for t in (lower, upper, first, last))
        return cls(lower, upper, first, last, tuple(others))

    def near(self, x: Tensor) -> Tensor:
        """Rows (b, p) with the nearest known value in place of each other one; x itself if all are known."""
        near = torch.clamp(x, self.lower, self.upper)
        if torch.equal(near, x):  # a tenth of the time that a minimum over rows takes
            near = x
        else:
            near = torch.where(x < self.lower, self.first, torch.where(x > self.upper, self.last, x))
        for other in self.others:
            near = other.near(near)
        return x if near is x or torch.equal(near, x) else near


def _n_ends(axis: Axis) -> int:
    """Number of the ends of the stretches of a numeric axis."""
    return 0 if axis.reach is None else len(axis.reach)
