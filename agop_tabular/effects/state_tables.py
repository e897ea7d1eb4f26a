"""Tables of the axes of states, such as categories: one line for each state."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.tables import Effects


class StateTables:
    """Main effects and vectors, read from the line of a row's state.

    Parameters
    ----------
    effects : Effects
    which : list of int
        Axes of states.
    interacts : Tensor of bool, shape (n_axes,)
        Axes of which pair effects are read.
    device : torch.device or str
    dtype : torch.dtype
    """

    def __init__(self, effects: Effects, which: list[int], interacts: Tensor, device: torch.device | str, dtype: Any):
        self.which = which
        self.axes = [
            (axis.coordinates.to(device), axis.direction.to(device, dtype), axis.edges.to(device, dtype))
            for axis in (effects.axes[i] for i in which)
        ]
        lengths = [len(effects.nodes[i]) for i in which]
        self.starts = torch.tensor([0, *lengths]).cumsum(0)[:-1].to(device)
        values, vectors = [], []
        for i in which:
            u = effects.vectors_at_nodes(i) * interacts[i]
            values.append(effects.mains[i] - 0.5 * (u.square() * effects.signs[:, None]).sum(dim=2))
            vectors.append(u)
        self.values = torch.cat(values, dim=1).to(device, dtype)
        self.vectors = torch.cat(vectors, dim=1).contiguous().to(device, dtype)
        self.n_numbers = len(which) * self.vectors.shape[2]

    def read(self, x: Tensor, c: int, scratch: Scratch) -> tuple[Tensor, Tensor, Tensor]:
        """Own values (n, b), sum of the vectors (r, b), and the vectors (b, n, r)."""
        x = x.to(self.values.dtype)
        lines = torch.stack([torch.bucketize(_keys(x, *axis[:2]), axis[2], right=True) for axis in self.axes], dim=1)
        lines += self.starts
        values = self.values[c].index_select(0, lines.flatten()).view(lines.shape)
        vectors = scratch.take("states", *lines.shape, self.vectors.shape[2])
        torch.index_select(self.vectors[c], 0, lines.flatten(), out=vectors.view(-1, vectors.shape[2]))
        return values.T, vectors.sum(dim=1).T, vectors

    def with_pairs(self, c: int, values: Tensor, vectors: Tensor, together: Tensor, scratch: Scratch) -> Tensor:
        """The values plus the products of the axes' vectors with ``together`` (r, b)."""
        return values + torch.bmm(vectors, together.T[:, :, None])[:, :, 0].T


def _keys(x: Tensor, coordinates: Tensor, direction: Tensor) -> Tensor:
    if len(coordinates) == 1:
        return x[:, int(coordinates[0])].contiguous()
    return x.index_select(1, coordinates) @ direction
