"""Effects as they are read: the Shapley values of main and pair effects, row by row, without the network."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.numeric_tables import NumericTables
from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.state_tables import StateTables
from agop_tabular.effects.tables import Effects

CHUNK = 2**21
"""Numbers of a chunk of rows: more of them leave the cache, fewer cost more calls."""


class LookUp:
    """Tables of effects, laid out for many rows at once.

    With h the main effects and u the vectors of the axes, axis j gets ``h_j + ½ u_j · Σ_{k≠j} u_k``, its Shapley value
    of main and pair effects under independent columns; the own term ``-½ u_j · u_j`` is added to h_j.

    Parameters
    ----------
    effects : Effects
    device : torch.device or str
    dtype : torch.dtype
        Of the tables and of what is read: float32, or float64 for networks that compute in it.

    Attributes
    ----------
    interacts : Tensor of shape (n_axes,), bool
        Axes whose pair effects are read; the others have next to none.
    """

    def __init__(self, effects: Effects, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32):
        self.dtype = dtype
        self.n_axes = len(effects.axes)
        self.interacts = _interacting(effects)
        numeric = [i for i, axis in enumerate(effects.axes) if axis.states is None]
        states = [i for i, axis in enumerate(effects.axes) if axis.states is not None]
        self.parts: list[NumericTables | StateTables] = []
        if numeric:
            self.parts.append(NumericTables(effects, numeric, self.interacts, device, dtype))
        if states:
            self.parts.append(StateTables(effects, states, self.interacts, device, dtype))
        self.signs = 0.5 * effects.signs[:, :, None].to(device, dtype)
        order = torch.tensor([i for part in self.parts for i in part.which], dtype=torch.long)
        same = torch.equal(order, torch.arange(self.n_axes))
        self.order = None if same else order.argsort().to(device)
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
        scratch = Scratch(x.device, self.dtype)
        if isinstance(target, int):
            self._read(x, target, out, scratch)
            return out
        counts = torch.bincount(target, minlength=len(self.signs)).tolist()
        if max(counts) == len(x):
            self._read(x, counts.index(max(counts)), out, scratch)
            return out
        rows = target.argsort(stable=True)
        x, sorted_out, start = x.index_select(0, rows), torch.empty_like(out), 0
        for c, count in enumerate(counts):
            self._read(x[start : start + count], c, sorted_out[start : start + count], scratch)
            start += count
        return out.index_copy_(0, rows, sorted_out)

    def _read(self, x: Tensor, c: int, out: Tensor, scratch: Scratch) -> None:
        """Attributions of score c, a chunk of rows after the other."""
        for start in range(0, len(x), self.chunk):
            rows = slice(start, start + self.chunk)
            read = [part.read(x[rows], c, scratch) for part in self.parts]
            together = read[0][1]
            for _, vectors, _ in read[1:]:
                together = together.add_(vectors)
            together = together.mul_(self.signs[c])
            values = [
                part.with_pairs(c, one, kept, together, scratch)
                for part, (one, _, kept) in zip(self.parts, read, strict=True)
            ]
            whole = values[0] if len(values) == 1 else torch.cat(values)
            out[rows] = (whole if self.order is None else whole.index_select(0, self.order)).T


def _interacting(effects: Effects) -> Tensor:
    """Axes without which more of the pair effects' variance would be left out than is allowed, (n_axes,), bool."""
    energy = (effects.pair_variances().sum(dim=2) / effects.negligible()[:, None]).amax(dim=0)
    order = energy.argsort()
    interacts = torch.zeros(len(effects.axes), dtype=torch.bool)
    which = torch.tensor(effects.interacting, dtype=torch.long)
    interacts[which[order[energy[order].cumsum(0) > 1]]] = True
    return interacts
