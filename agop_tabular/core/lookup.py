"""Effects as they are read: the Shapley values of main and pair effects, row by row, without the network."""

from __future__ import annotations

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
    """Tables of effects, laid out for many rows at once, in float32.

    With h the main effects and u the vectors of the axes, axis j gets ``h_j + ½ u_j · Σ_{k≠j} u_k``, its Shapley value
    of main and pair effects under independent columns; the own term ``-½ u_j · u_j`` is added to h_j. On a numeric axis
    values are read from cells whose width grows with the distance from the axis's centre, as a float's precision
    does, so that its bits are the cell's number; vectors are sums of rectified linear functions. On an axis of states
    both are read from the state's line.

    Parameters
    ----------
    effects : Effects
    device : torch.device or str

    Attributes
    ----------
    meets : Tensor of shape (n_axes,), bool
        Axes whose pair effects are read; the others have next to none.
    """

    def __init__(self, effects: Effects, device: torch.device | str = "cpu"):
        self.n_axes = len(effects.axes)
        self.meets = _with_energy(effects)
        numeric = [i for i, axis in enumerate(effects.axes) if axis.states is None]
        states = [i for i, axis in enumerate(effects.axes) if axis.states is not None]
        self.parts = [
            kind(effects, which, self.meets, device)
            for kind, which in ((_Numeric, numeric), (_States, states))
            if which
        ]
        self.signs = effects.signs.float().to(device)
        self.order = torch.tensor(numeric + states).argsort().to(device) if numeric and states else None
        self.chunk = max(256, CHUNK // max(1, self.n_axes + sum(part.n_numbers for part in self.parts)))

    def attributions(self, x: Tensor, target: Tensor | int) -> Tensor:
        """Attributions of one score a row.

        Parameters
        ----------
        x : Tensor of shape (b, p)
        target : Tensor of shape (b,), or int

        Returns
        -------
        Tensor of shape (b, n_axes), float32
        """
        out = torch.empty(len(x), self.n_axes, device=x.device)
        for start in range(0, len(x), self.chunk):
            rows = slice(start, start + self.chunk)
            out[rows] = self._chunk(x[rows].float(), target[rows] if isinstance(target, Tensor) else target)
        return out

    def _chunk(self, x: Tensor, target: Tensor | int) -> Tensor:
        parts = [part.placed(x, target) for part in self.parts]
        classes: list[tuple[int, Tensor | None]]
        if isinstance(target, Tensor):
            classes = [(c, torch.nonzero(target == c).flatten()) for c in torch.unique(target).tolist()]
        else:
            classes = [(target, None)]
        for c, rows in classes:
            met = [part.meeting(c, rows) for part in parts]
            together = sum(vectors for vectors, _ in met) * (0.5 * self.signs[c])
            for part, (_, kept) in zip(parts, met, strict=True):
                part.add_pairs(c, rows, kept, together)
        values = parts[0].values if len(parts) == 1 else torch.cat([part.values for part in parts], dim=1)
        return values if self.order is None else values.index_select(1, self.order)


class _Numeric:
    """The numeric axes."""

    def __init__(self, effects: Effects, which: list[int], meets: Tensor, device: torch.device | str):
        axes = [effects.axes[i] for i in which]
        middle = [_quantile(effects.nodes[i], effects.share[i], 0.5) for i in which]
        spread = [_spread(effects.nodes[i], effects.share[i]) for i in which]
        lines = [_cells(effects, i, bool(meets[i]), m, s) for i, m, s in zip(which, middle, spread, strict=True)]
        self.levels, self.slopes = (
            torch.stack(part, dim=1).float().flatten().contiguous().to(device) for part in zip(*lines, strict=True)
        )
        self.coordinates = torch.cat([axis.coordinates for axis in axes]).to(device)
        self.centre = torch.tensor(middle).float().to(device)
        self.unit = 1 / torch.tensor(spread).float().to(device)
        self.starts = (torch.arange(len(axes), dtype=torch.int32) * 2 * SIDE).to(device)
        self.stride = len(axes) * 2 * SIDE
        self._lay_out_pairs(effects, which, meets, device)
        self.n_numbers = len(self.source)

    def _lay_out_pairs(self, effects: Effects, which: list[int], meets: Tensor, device: torch.device | str) -> None:
        """Vectors as sums of a constant and of ramps that begin at the nodes."""
        self.met = torch.tensor([n for n, i in enumerate(which) if meets[i]], dtype=torch.long).to(device)
        n_scores, r = effects.signs.shape
        ends, source, scale, shift, weights = [], [], [], [], []
        for n, i in enumerate(which[m] for m in self.met.tolist()):
            x, u = _at_least_two(effects.meeting_nodes[i], effects.vectors[i])
            slope = (u[:, 1:] - u[:, :-1]) / x.diff()[:, None]
            bend = torch.cat((slope[:, :1], slope.diff(dim=1)), dim=1)
            ends.append((x[0], x[-1]))
            source += [n] * len(x)
            scale += [0.0] + [1.0] * (len(x) - 1)
            shift += [1.0, *(-x[:-1]).tolist()]
            weights.append(torch.cat((u[:, :1], bend), dim=1))
        self.low, self.high = torch.tensor(ends).float().reshape(-1, 2).T.contiguous().to(device)
        self.source = torch.tensor(source, dtype=torch.long).to(device)
        self.scale, self.shift = torch.tensor(scale).float().to(device), torch.tensor(shift).float().to(device)
        self.weights = (torch.cat(weights, dim=1) if weights else torch.zeros(n_scores, 0, r)).float().to(device)
        self.owner = torch.nn.functional.one_hot(self.source, len(self.met)).float() if source else None

    def placed(self, x: Tensor, target: Tensor | int) -> _PlacedNumeric:
        """Rows, read in the tables of their scores."""
        keys = x.index_select(1, self.coordinates)
        y = (keys - self.centre).mul_(self.unit)
        bits = y.view(torch.int32)
        cell = (bits & 0x7FFFFFFF).bitwise_right_shift_(SHIFT).sub_((127 + SMALLEST) << (23 - SHIFT))
        cell = cell.clamp_(0, SIDE - 1).sub_((bits >> 31).mul_(SIDE)).add_(self.starts)
        cell = cell.add_((target * self.stride).int()[:, None] if isinstance(target, Tensor) else target * self.stride)
        cell = cell.flatten()
        level, slope = self.levels.index_select(0, cell), self.slopes.index_select(0, cell)
        return _PlacedNumeric(self, keys, torch.addcmul(level.view_as(y), slope.view_as(y), y))


class _PlacedNumeric:
    def __init__(self, tables: _Numeric, keys: Tensor, values: Tensor):
        self.tables, self.values = tables, values
        self.keys = keys.index_select(1, tables.met).clamp_(tables.low, tables.high)

    def meeting(self, c: int, rows: Tensor | None) -> tuple[Tensor, Tensor]:
        """Sum of the vectors of each row, (b, r), and the ramps that they were made of."""
        t = self.tables
        keys = self.keys if rows is None else self.keys.index_select(0, rows)
        ramps = torch.addcmul(t.shift, keys.index_select(1, t.source), t.scale).relu_()
        return ramps @ t.weights[c], ramps

    def add_pairs(self, c: int, rows: Tensor | None, ramps: Tensor, together: Tensor) -> None:
        """Add the products of the rows' vectors with ``together`` to their values."""
        t = self.tables
        if t.owner is None:
            return
        products = (ramps * (together @ t.weights[c].T)) @ t.owner
        if rows is None:
            self.values.index_add_(1, t.met, products)
        else:
            self.values.index_put_((rows[:, None], t.met[None, :]), products, accumulate=True)


class _States:
    """The axes of states."""

    def __init__(self, effects: Effects, which: list[int], meets: Tensor, device: torch.device | str):
        self.axes = [
            (axis.coordinates.to(device), axis.direction.float().to(device), axis.edges.float().to(device))
            for axis in (effects.axes[i] for i in which)
        ]
        lengths = [len(effects.nodes[i]) for i in which]
        self.starts = torch.tensor([0, *lengths]).cumsum(0)[:-1].to(device)
        self.stride = sum(lengths)
        values, vectors = [], []
        for i in which:
            u = effects.vectors_at_nodes(i) * meets[i]
            values.append(effects.mains[i] - 0.5 * (u.square() * effects.signs[:, None]).sum(dim=2))
            vectors.append(u)
        self.values = torch.cat(values, dim=1).flatten().float().to(device)
        self.vectors = torch.cat(vectors, dim=1).flatten(0, 1).float().contiguous().to(device)
        self.n_numbers = len(which) * self.vectors.shape[1]

    def placed(self, x: Tensor, target: Tensor | int) -> _PlacedStates:
        """Rows, read in the tables of their scores."""
        lines = torch.stack([torch.bucketize(_keys(x, *axis[:2]), axis[2], right=True) for axis in self.axes], dim=1)
        lines += self.starts
        lines += (target * self.stride)[:, None] if isinstance(target, Tensor) else target * self.stride
        values = self.values.index_select(0, lines.flatten()).view(lines.shape)
        return _PlacedStates(values, self.vectors.index_select(0, lines.flatten()).view(*lines.shape, -1))


class _PlacedStates:
    def __init__(self, values: Tensor, vectors: Tensor):
        self.values, self.vectors = values, vectors

    def meeting(self, c: int, rows: Tensor | None) -> tuple[Tensor, Tensor]:
        """Sum of the vectors of each row, (b, r), and the vectors."""
        vectors = self.vectors if rows is None else self.vectors.index_select(0, rows)
        return vectors.sum(dim=1), vectors

    def add_pairs(self, c: int, rows: Tensor | None, vectors: Tensor, together: Tensor) -> None:
        """Add the products of the rows' vectors with ``together`` to their values."""
        products = torch.einsum("bjr,br->bj", vectors, together)
        if rows is None:
            self.values += products
        else:
            self.values.index_add_(0, rows, products)


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


def _at_least_two(x: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    return (x, u) if len(x) > 1 else (torch.cat((x, x + 1)), u.expand(-1, 2, -1))


def _quantile(x: Tensor, share: Tensor, q: float) -> float:
    return float(x[min(int(torch.searchsorted(share.cumsum(0), q)), len(x) - 1)])


def _spread(x: Tensor, share: Tensor) -> float:
    """Distance between the quartiles; where they are the same, between the ends."""
    quartiles = _quantile(x, share, 0.75) - _quantile(x, share, 0.25)
    return quartiles or float(x[-1] - x[0]) or 1.0
