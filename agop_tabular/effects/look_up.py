"""Shapley values of main and pair effects, looked up row by row without the network."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.axis_tables import AxisTables
from agop_tabular.effects.numeric_tables import NumericTables
from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.state_tables import StateTables
from agop_tabular.effects.tables import Effects

NUMBERS_PER_CHUNK = 2**21
"""Numbers that reading a chunk of rows needs: with more they leave the cache, with fewer the calls cost more than the
arithmetic."""

FEWEST_ROWS = 256
"""Rows of a chunk at least, for the same reason."""


class LookUp:
    """Tables of effects, laid out for many rows at once.

    With h the main effects and u the factors of the axes, axis j gets ``h_j + ½ u_j · Σ_{k≠j} u_k``, its Shapley value
    of main and pair effects under independent columns. The tables hold ``h_j - ½ u_j · u_j``, to which ``½ u_j · Σ_k
    u_k`` is added, with one sum for all axes.

    Parameters
    ----------
    effects : Effects
    device : torch.device or str
    dtype : torch.dtype
        Of the tables and of the attributions: float32, or float64 for networks that compute in it.

    Attributes
    ----------
    interacts : Tensor of shape (n_axes,), bool
        Axes whose pair effects are read; those of the others are negligible.
    """

    def __init__(self, effects: Effects, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32):
        self.dtype = dtype
        self.n_axes = len(effects.axes)
        self.interacts = _worth_reading(effects)
        numeric = [i for i, axis in enumerate(effects.axes) if axis.states is None]
        states = [i for i, axis in enumerate(effects.axes) if axis.states is not None]
        self.parts: list[AxisTables] = []
        if numeric:
            self.parts.append(NumericTables(effects, numeric, self.interacts, device, dtype))
        if states:
            self.parts.append(StateTables(effects, states, self.interacts, device, dtype))
        self.half_signs = 0.5 * effects.signs[:, :, None].to(device, dtype)
        order = torch.tensor([i for part in self.parts for i in part.axes], dtype=torch.long)
        same = torch.equal(order, torch.arange(self.n_axes))
        self.order = None if same else order.argsort().to(device)
        n_numbers = self.n_axes + sum(part.n_numbers for part in self.parts)
        self.chunk = max(FEWEST_ROWS, NUMBERS_PER_CHUNK // max(1, n_numbers))

    @property
    def rank(self) -> int:
        """Number of factors of each axis."""
        return self.half_signs.shape[1]

    @property
    def n_bytes(self) -> int:
        """Memory of the tables."""
        return sum(part.n_bytes for part in self.parts)

    def attributions(self, x: Tensor, target: Tensor | int) -> Tensor:
        """Attributions of one score for each row.

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
        counts = torch.bincount(target, minlength=len(self.half_signs)).tolist()
        if max(counts) == len(x):
            self._read(x, counts.index(max(counts)), out, scratch)
            return out
        # Every score has tables of its own, so rows are sorted by target and put back in order afterwards.
        rows = target.argsort(stable=True)
        x, sorted_out, start = x.index_select(0, rows), torch.empty_like(out), 0
        for c, count in enumerate(counts):
            self._read(x[start : start + count], c, sorted_out[start : start + count], scratch)
            start += count
        return out.index_copy_(0, rows, sorted_out)

    def _read(self, x: Tensor, c: int, out: Tensor, scratch: Scratch) -> None:
        """Write the attributions of score c to ``out``, one chunk of rows after the other."""
        for start in range(0, len(x), self.chunk):
            rows = slice(start, start + self.chunk)
            readings = [part.read(x[rows], c, scratch) for part in self.parts]
            factor_sum = readings[0].factor_sum
            for reading in readings[1:]:
                factor_sum = factor_sum.add_(reading.factor_sum)
            factor_sum = factor_sum.mul_(self.half_signs[c])
            values = [
                part.with_pairs(c, reading, factor_sum, scratch)
                for part, reading in zip(self.parts, readings, strict=True)
            ]
            whole = values[0] if len(values) == 1 else torch.cat(values)
            out[rows] = (whole if self.order is None else whole.index_select(0, self.order)).T


def _worth_reading(effects: Effects) -> Tensor:
    """Axes whose pair effects are read, (n_axes,), bool: without the others no more variance is lost than is allowed.

    The axes with least variance in their pairs are left out first, as many as the allowed loss permits.
    """
    lost_without = (effects.pair_variances.sum(dim=2) / effects.negligible()[:, None]).amax(dim=0)
    order = lost_without.argsort()
    interacts = torch.zeros(len(effects.axes), dtype=torch.bool)
    axes = torch.tensor(effects.interacting, dtype=torch.long)
    interacts[axes[order[lost_without[order].cumsum(0) > 1]]] = True
    return interacts
