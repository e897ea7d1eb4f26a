"""Tables of the axes of states, such as categories: one line for each state."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.axis_tables import AxisTables, Reading
from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.tables import Effects


class StateTables(AxisTables):
    """Main effects and factors, read from the line of a row's state.

    Parameters
    ----------
    effects : Effects
    axes : list of int
        Axes of states.
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
        self._keys = [
            (axis.coordinates.to(device), axis.direction.to(device, dtype), axis.edges.to(device, dtype))
            for axis in (effects.axes[i] for i in axes)
        ]
        lengths = [len(effects.nodes[i]) for i in axes]
        self.starts = torch.tensor([0, *lengths]).cumsum(0)[:-1].to(device)
        own, factors = [], []
        for i in axes:
            own.append(effects.own_values(i, bool(interacts[i])))
            factors.append(effects.factors_at_nodes(i) * interacts[i])
        self.own = torch.cat(own, dim=1).to(device, dtype)
        self.factors = torch.cat(factors, dim=1).contiguous().to(device, dtype)
        self.n_numbers = len(axes) * self.factors.shape[2]

    def read(self, x: Tensor, c: int, scratch: Scratch) -> Reading:
        """Read score c at rows (b, p); the terms are the factors (b, n, r)."""
        x = x.to(self.own.dtype)
        keys = [(_key(x, coordinates, direction), edges) for coordinates, direction, edges in self._keys]
        lines = torch.stack([torch.bucketize(key, edges, right=True) for key, edges in keys], dim=1)
        lines += self.starts
        own = self.own[c].index_select(0, lines.flatten()).view(lines.shape)
        factors = scratch.buffer("states", *lines.shape, self.factors.shape[2])
        torch.index_select(self.factors[c], 0, lines.flatten(), out=factors.view(lines.numel(), factors.shape[2]))
        return Reading(own.T, factors.sum(dim=1).T, factors)

    def with_pairs(self, c: int, reading: Reading, factor_sum: Tensor, scratch: Scratch) -> Tensor:
        """Add the products of the axes' factors with the sum of all factors."""
        return reading.own + torch.bmm(reading.terms, factor_sum.T[:, :, None])[:, :, 0].T


def _key(x: Tensor, coordinates: Tensor, direction: Tensor) -> Tensor:
    """Position of rows (b, p) on an axis, in the tables' precision, (b,)."""
    if len(coordinates) == 1:
        return x[:, int(coordinates[0])].contiguous()
    return x.index_select(1, coordinates) @ direction
