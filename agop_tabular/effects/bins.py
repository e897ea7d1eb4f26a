"""Bins of rows on all axes at once."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from agop_tabular.effects.axis import Axis


class AxisBins:
    """The edges of all axes, side by side, so that many rows are sorted into bins by one search.

    Parameters
    ----------
    axes : tuple of Axis

    Attributes
    ----------
    sizes, starts : Tensor of int, shape (n_axes,)
        Number of bins of each axis, and its first one among those of all axes.
    owner : Tensor of int, shape (n_bins of all axes,)
        Number of the axis of each bin.
    """

    def __init__(self, axes: tuple[Axis, ...]):
        self._numeric = [i for i, axis in enumerate(axes) if len(axis.coordinates) == 1 and axis.states is None]
        self._others = [(i, axis) for i, axis in enumerate(axes) if i not in set(self._numeric)]
        self.sizes = torch.tensor([axis.n_bins for axis in axes], dtype=torch.long)
        self.starts = self.sizes.cumsum(0) - self.sizes
        self.owner = torch.repeat_interleave(torch.arange(len(axes)), self.sizes)
        self._coordinates = torch.tensor([int(axes[i].coordinates[0]) for i in self._numeric], dtype=torch.long)
        edges = [axes[i].edges for i in self._numeric] or [torch.zeros(0, dtype=torch.float64)]
        self._edges = pad_sequence(edges, batch_first=True, padding_value=torch.inf)

    def __call__(self, x: Tensor) -> Tensor:
        """Bin of each row (b, p) on each axis, numbered from 0 on every axis, (n_axes, b), int32."""
        x, out = x.cpu(), torch.empty(len(self.sizes), len(x), dtype=torch.int32)
        if self._numeric:
            keys = x[:, self._coordinates].T.contiguous()
            edges = _as_exact(self._edges, x.dtype)
            found = torch.searchsorted(edges, keys.to(edges.dtype), right=True, out_int32=True)
            if not self._others:
                return found
            out[self._numeric] = found
        for i, axis in self._others:
            out[i] = axis.bins(x)
        return out

    def numbered(self, x: Tensor) -> Tensor:
        """Bin of each row (b, p) on each axis, numbered over all axes, (n_axes, b)."""
        return self(x) + self.starts[:, None]


def _as_exact(edges: Tensor, dtype: torch.dtype) -> Tensor:
    """Edges, float64, between which numbers of a dtype fall as between the given ones.

    Searching in float32 is faster. A float32 number is at least an edge just if it is at least the edge rounded up.
    """
    if dtype is torch.float64:
        return edges
    near = edges.float()
    return torch.where(near.double() < edges, torch.nextafter(near, torch.full_like(near, torch.inf)), near)
