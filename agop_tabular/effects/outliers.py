"""Values outside the training rows, where no effect is known: the network is asked what they do.

A main effect continues with its last slope, which is right near the training rows and may be wrong by any factor far
from them. A coordinate that the training rows have one value of has no effect at all, and a combination of values that
they do not have is none of the states that were compared. So a row is looked up as its *near* row, with a bound, that
one value, or the nearest state in their place. What the network scores the row above the near row is then attributed by
itself: as Shapley values, from a few orders in which the columns of both join those of typical rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.curve_axes import HARDLY_ANY
from agop_tabular.effects.permutations import permutation_gains, rows_at_a_time
from agop_tabular.effects.state_axes import KEY_GAP

FAR = 0.25
"""A value is far if it lies beyond the outermost grid points by more than this times their distance. Chosen on
development networks: farther out errors of the last slope are twice those of other rows (up to .45 against .16), and of
normal values hardly any is as far."""

ROUNDING = 64
"""Units in the last place by which a value may differ from a constant, as from one batch to another."""

SINGLY = 32
"""Up to this many columns all of them join one by one, in wider tables those that are far, and all others at once: what
such a row costs, 16 evaluations of the network for each column that joins, is then bounded."""


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
        units = ROUNDING * torch.finfo(precision).eps * keys.abs().max()
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
class Bounds:
    """Where each coordinate begins to be far.

    Attributes
    ----------
    lower, upper : Tensor of shape (p,)
        The one value of a constant coordinate; infinite for other coordinates that are no numbers.
    states : sequence of KnownStates
        Of the columns whose combinations of values are known.
    """

    lower: Tensor
    upper: Tensor
    states: Sequence[KnownStates]

    @classmethod
    def of(cls, axes: tuple[Axis, ...], constants: Tensor, device: torch.device, dtype: torch.dtype) -> Bounds:
        """From the grid points of the axes.

        Parameters
        ----------
        axes : tuple of Axis
        constants : Tensor of shape (p,)
            Values of the coordinates that are constant in the training rows; NaN for the others.
        device : torch.device
        dtype : torch.dtype
            Of the network.
        """
        upper = torch.where(constants.isnan(), torch.inf, constants).double()
        lower = torch.where(constants.isnan(), -torch.inf, constants).double()
        rounding = ROUNDING * torch.finfo(dtype).eps
        lower, upper = lower - rounding * lower.abs(), upper + rounding * upper.abs()
        states = []
        for axis in axes:
            if axis.states is None:
                first, last = torch.aminmax(axis.grid[axis.share > HARDLY_ANY], dim=0)
                lower[axis.coordinates] = first - FAR * (last - first)
                upper[axis.coordinates] = last + FAR * (last - first)
            else:
                told_apart = axis.coordinates[axis.direction != 0]  # of a block, also levels that no training row has
                lower[told_apart], upper[told_apart] = -torch.inf, torch.inf
                states.append(KnownStates.of(axis, device, dtype))
        return cls(lower.to(device, dtype), upper.to(device, dtype), tuple(states))

    def near(self, x: Tensor) -> Tensor:
        """Rows (b, p) with far values at the bounds, and known states in place of others; x itself if none is far."""
        near = torch.clamp(x, self.lower, self.upper)
        near = x if torch.equal(near, x) else near  # a tenth of the time that a minimum over rows takes
        for states in self.states:
            near = states.near(near)
        return near


@dataclass(frozen=True, eq=False)
class Changes:
    """What columns of some rows add to the scores beyond what those of their near rows do.

    Attributes
    ----------
    rows : Tensor of int, shape (m,)
    values : Tensor of shape (m, d, C), float64
    """

    rows: Tensor
    values: Tensor

    def added_to(self, phi: Tensor, target: Tensor | int) -> Tensor:
        """Attributions (b, d) of one score of each row, with what is added; they are overwritten.

        Parameters
        ----------
        phi : Tensor of shape (b, d)
        target : Tensor of int, shape (b,), or int
        """
        if isinstance(target, int):
            own = self.values[:, :, target]
        else:
            own = self.values[torch.arange(len(self.rows), device=phi.device), :, target[self.rows]]
        return phi.index_add_(0, self.rows, own.to(phi.dtype))


@dataclass(frozen=True, eq=False)
class Outliers:
    """Attributes what the network scores rows above their near rows.

    Attributes
    ----------
    typical : Tensor of shape (n, p)
        Rows that absent columns are taken from, one for each order and its reverse.
    column_of : Tensor of int, shape (p,)
    n_columns : int
    """

    typical: Tensor
    column_of: Tensor
    n_columns: int

    def changes(self, scores: Scores, x: Tensor, near: Tensor) -> Changes:
        """What each column adds to the scores, in the rows with something far.

        Parameters
        ----------
        scores : callable
            Maps coordinates (b, p) to scores (b, C).
        x, near : Tensor of shape (b, p)
        """
        far = x != near
        rows = torch.nonzero(far.any(dim=1)).flatten()
        x, near, far = x[rows], near[rows], far[rows]
        parts = [(own, columns, self._gains(scores, x[own], near[own], columns)) for own, columns in self._alike(far)]
        values = torch.zeros(len(x), self.n_columns, parts[0][2].shape[2], dtype=torch.float64)
        for own, columns, gains in parts:
            values[own[:, None], columns] = gains
        return Changes(rows, values.to(x.device))

    def _alike(self, far: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Numbers of rows whose coordinates (m, p) may be far, a few at a time, and columns (k, s) that join singly."""
        singly = torch.ones(len(far), self.n_columns, dtype=torch.bool)
        if self.n_columns > SINGLY:
            singly = torch.zeros(singly.shape).index_add_(1, self.column_of, far.cpu().float()) > 0
        count = singly.sum(dim=1)
        for s in torch.unique(count).tolist():
            most = max(1, rows_at_a_time(far.shape[1]) // (2 * len(self.typical) * (s + 2)))
            for some in torch.split(torch.nonzero(count == s).flatten(), most):
                yield some, torch.nonzero(singly[some])[:, 1].reshape(-1, s)

    def _gains(self, scores: Scores, x: Tensor, near: Tensor, columns: Tensor) -> Tensor:
        """Differences (k, s, C) of what columns (k, s) add to the scores in k rows and near rows (k, p)."""
        s = columns.shape[1]
        group = torch.full((len(x), self.n_columns), s)  # all others join together
        group.scatter_(1, columns, torch.arange(s).expand_as(columns))
        n_groups, generator = s + (s < self.n_columns), torch.Generator().manual_seed(0)
        orders = torch.rand(len(self.typical), n_groups, generator=generator, dtype=torch.float32).argsort(dim=1)
        of_rows, of_near = (
            permutation_gains(scores, rows, self.typical, orders, group[:, self.column_of]) for rows in (x, near)
        )
        return (of_rows - of_near).mean(dim=(1, 2))[:, :s]
