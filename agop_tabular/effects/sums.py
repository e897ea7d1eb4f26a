"""Sums over rows that main and pair effects are integrated from, and the rows that they are gathered on.

The rows are *shuffled*: every column is drawn by itself from the training rows, so that no effect is credited with what
another does through a dependence of their columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.core.moments import at_least_float32
from agop_tabular.effects.axes import Axis

CELLS = 1024
"""Groups of all axes that meet others, at most: the side of a class's matrix of pair effects."""

NUMBERS = 2**24
"""Numbers in the matrices of all classes together, at most."""

RARE = 0.5
"""Share of the shuffled rows one of whose columns is drawn evenly over its bins, with many columns."""

NARROW = 256
"""Columns up to which shuffled rows are permutations; with more, sorting takes longer than the network does."""

EVALUATIONS = 2**16
"""Scores of states that are compared in one batch, at most."""

SCORED = 2048
"""Rows that are scored at a time there."""


class EffectSums:
    """Sums over rows that main and pair effects are made of: streamed, and merged by addition.

    Parameters
    ----------
    axes : tuple of Axis
    n_scores : int
    importance : Tensor of shape (n_axes,), optional
        Where the axes have more than ``CELLS`` groups together, the most important ones meet others.
    interacting : Tensor of shape (n_axes,), bool, optional
        Axes that meet others, where that is settled.

    Attributes
    ----------
    counts : Tensor of shape (n_bins of all axes,)
        Rows in each bin.
    slopes : Tensor of shape (n_scores, n_bins of all axes)
        Sum of the gradients of the rows in each bin; where states are compared, sum over rows of the score in that
        state minus its mean over states.
    compared : Tensor of shape (1,)
        Rows on which states were compared.
    pair_counts : Tensor of shape (m, m)
        Rows in each pair of groups.
    pairs : Tensor of shape (n_scores, m, m)
        As ``slopes``, along the first axis, over the rows in each pair of groups.
    state_rows : Tensor of shape (m,)
        Rows of each group on which states were compared.
    """

    SUMS = ("counts", "slopes", "compared", "pair_counts", "pairs", "state_rows")

    def __init__(
        self,
        axes: tuple[Axis, ...],
        n_scores: int,
        importance: Tensor | None = None,
        interacting: Tensor | None = None,
    ):
        self.axes = axes
        self.interacting = _interacting(axes, n_scores, importance) if interacting is None else interacting
        n_groups = [
            a.n_groups if interacts else 0 for a, interacts in zip(axes, self.interacting.tolist(), strict=True)
        ]
        bin_starts = torch.tensor([0, *(a.n_bins for a in axes)]).cumsum(0)
        group_starts = torch.tensor([0, *n_groups]).cumsum(0)
        self.bins_of = [slice(a, b) for a, b in _steps(bin_starts)]
        self.groups_of = [slice(a, b) for a, b in _steps(group_starts)]
        total, m = int(bin_starts[-1]), int(group_starts[-1])
        self.counts = torch.zeros(total, dtype=torch.float64)
        self.slopes = torch.zeros(n_scores, total, dtype=torch.float64)
        self.compared = torch.zeros(1, dtype=torch.float64)
        self.pair_counts = torch.zeros(m, m, dtype=torch.float64)
        self.pairs = torch.zeros(n_scores, m, m, dtype=torch.float64)
        self.state_rows = torch.zeros(m, dtype=torch.float64)

    @classmethod
    def like(cls, other: EffectSums) -> EffectSums:
        """No rows yet, over the same axes."""
        return cls(other.axes, len(other.slopes), interacting=other.interacting)

    def update(
        self,
        scores: Scores,
        x: Tensor,
        gradients: Iterable[Tensor],
        over: Tensor | None = None,
        *,
        zero_sum: bool = False,
    ) -> None:
        """Add rows.

        A row in which an axis is drawn oftener than in the training rows tells of this axis alone, and of it with
        others: among others' effects it would count its rare values too often.

        Parameters
        ----------
        scores : callable
            Maps coordinates (b, p) to scores (b, n_scores).
        x : Tensor of shape (b, p)
        gradients : iterable of n_scores Tensors of shape (b, p)
            Of these scores.
        over : Tensor of int, shape (b,), optional
            Number of that axis in each row, -1 for none.
        zero_sum : bool
            Whether the scores, of all rows ever added, sum to zero, so that the last follows from the others.
        """
        bins = torch.stack([axis.bins(x.cpu()) for axis in self.axes], dim=1)
        place = bins + torch.tensor([part.start for part in self.bins_of])
        over = torch.full((len(x),), -1) if over is None else over
        tells = (over[:, None] < 0) | (over[:, None] == torch.arange(len(self.axes)))
        self.counts += torch.bincount(place[tells], minlength=len(self.counts))
        inside = self._in_groups(bins)
        own = inside * tells[:, self._axis_of_group()]
        odd = torch.nonzero(over >= 0)[:, 0]
        others, own_odd = inside[odd] - own[odd], own[odd]
        self.pair_counts += (own.T @ inside).double() + (others.T @ own_odd).double()

        numeric = [i for i, axis in enumerate(self.axes) if axis.compared is None]
        if numeric:
            coordinates = torch.cat([self.axes[i].coordinates for i in numeric])
            parts = [(n, self.groups_of[i]) for n, i in enumerate(numeric) if self.interacting[i]]
            rows = torch.cat([torch.arange(part.start, part.stop) for _, part in parts] or [torch.zeros(0).long()])
            owner = torch.cat([torch.full((part.stop - part.start,), n) for n, part in parts] or [rows])
            for c, gradient in zip(range(len(self.slopes) - zero_sum), gradients, strict=False):
                along = gradient[:, coordinates].float().cpu()
                self.slopes[c].index_add_(
                    0, place[:, numeric].flatten(), (along * tells[:, numeric]).double().flatten()
                )
                along = along[:, owner]
                self.pairs[c, rows] += ((own[:, rows] * along).T @ inside).double()
                self.pairs[c, rows] += ((others[:, rows] * along[odd]).T @ own_odd).double()
        n_states = sum(axis.n_bins for axis in self.axes if axis.compared is not None)
        if n_states:
            n = max(1, EVALUATIONS // n_states)
            self._compare_states(scores, x[:n], own[:n], over[:n] < 0)
        if zero_sum:
            for sums in (self.slopes, self.pairs):
                sums[-1] = -sums[:-1].sum(dim=0)

    def rows(self) -> float:
        """How many rows were shuffled, as far as counts tell: each axis has those that tell of it."""
        tells = 1 - _over(self.axes) * (1 - 1 / max(1, len(self.axes)))
        return float(self.counts.sum()) / max(1, len(self.axes)) / tells

    def merge(self, other: EffectSums) -> None:
        """Add the sums of another part of the rows, over the same axes."""
        for name in self.SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def _in_groups(self, bins: Tensor) -> Tensor:
        """Indicators of the groups that each row is in, (b, m)."""
        out = torch.zeros(len(bins), len(self.pair_counts))
        rows = torch.arange(len(bins))
        for i in torch.nonzero(self.interacting).flatten().tolist():
            out[rows, self.groups_of[i].start + self.axes[i].groups[bins[:, i]]] = 1.0
        return out

    def _axis_of_group(self) -> Tensor:
        sizes = torch.tensor([part.stop - part.start for part in self.groups_of])
        return torch.repeat_interleave(torch.arange(len(self.axes)), sizes)

    @torch.no_grad()
    def _compare_states(self, scores: Scores, x: Tensor, own: Tensor, even: Tensor) -> None:
        """By the rows in which no axis is over-drawn, pairs also by those in which the other one is."""
        self.compared += int(even.sum())
        self.state_rows += own.sum(dim=0).double()
        for i, axis in enumerate(self.axes):
            if axis.compared is None:
                continue
            in_state = []
            for states in torch.split(axis.compared.to(x.device, x.dtype), max(1, SCORED // len(x))):
                moved = x.repeat(len(states), 1, 1)
                moved[:, :, axis.coordinates] = states[:, None]
                in_state.append(scores(moved.flatten(0, 1)).cpu().reshape(len(states), len(x), -1))
            s = at_least_float32(torch.cat(in_state).permute(1, 2, 0))  # (b, C, n_bins)
            s = (s - (s @ axis.share.to(s.dtype))[:, :, None]).float()
            share = axis.share.float()
            self.slopes[:, self.bins_of[i]] += s[even].sum(dim=0).double()
            if self.interacting[i]:
                weights = torch.zeros(axis.n_bins, axis.n_groups)
                weights[torch.arange(axis.n_bins), axis.groups] = share.clamp_min(1e-9)
                in_group = (s @ (weights / weights.sum(dim=0))).flatten(1)
                sums = (in_group.T @ own).double().reshape(s.shape[1], axis.n_groups, -1)
                self.pairs[:, self.groups_of[i]] += sums


def shuffled(
    rows: Tensor, axes: tuple[Axis, ...], column_of: Tensor, n: int, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of n rows together in which every column is drawn by itself, from all rows as often as can be.

    In some rows one column is drawn evenly over its bins instead, so that rare values are seen.

    Parameters
    ----------
    rows : Tensor of shape (m, p)
    axes : tuple of Axis
    column_of : Tensor of shape (p,)
        Coordinates of the same number move together.
    n, batch_size : int
    generator : torch.Generator

    Yields
    ------
    x : Tensor of shape (b, p)
    over : Tensor of int, shape (b,)
        Number of the axis whose column was drawn evenly, -1 for none.
    """
    z = rows.double().cpu()
    z = (z - z.mean(dim=0)) / z.std(dim=0).clamp_min(1e-300)
    order = (z @ torch.linspace(1.0, 2.0, rows.shape[1], dtype=torch.float64).sqrt()).argsort()
    rows = rows[order.to(rows.device)]  # the same, however the table is sorted and its columns are scaled
    columns, inverse = torch.unique(column_of, return_inverse=True)
    every = torch.arange(rows.shape[1], device=rows.device)
    by_bin = [_by_bin(axis.bins(rows).cpu(), int(inverse[axis.coordinates[0]])) for axis in axes]
    for start in range(0, n, batch_size):
        b = min(batch_size, n - start)
        if len(columns) <= NARROW:  # every row as often as can be
            rounds = -(-b // len(rows))
            drawn = torch.rand(rounds, len(rows), len(columns), generator=generator).argsort(dim=1).flatten(0, 1)[:b]
        else:
            drawn = torch.randint(len(rows), (b, len(columns)), generator=generator)
        over = torch.where(torch.rand(b, generator=generator) < _over(axes), 0, -1)
        over += (over == 0) * torch.randint(max(1, len(axes)), (b,), generator=generator)
        for i, (column, members, starts, counts) in enumerate(by_bin):
            here = torch.nonzero(over == i).flatten()
            bins = torch.randint(len(starts), (len(here),), generator=generator)
            within = (torch.rand(len(here), generator=generator) * counts[bins]).long()
            drawn[here, column] = members[starts[bins] + within]
        yield rows[drawn[:, inverse].to(rows.device), every], over


def _over(axes: tuple[Axis, ...]) -> float:
    """Share of the shuffled rows in which one column is drawn evenly."""
    return min(0.25 * len(axes), RARE)


def _by_bin(bins: Tensor, column: int) -> tuple[int, Tensor, Tensor, Tensor]:
    """A column, its rows sorted by bin, and where each bin that has rows begins and how many it has."""
    counts = torch.bincount(bins)
    starts = counts.cumsum(0) - counts
    return column, bins.argsort(stable=True), starts[counts > 0], counts[counts > 0]


def _interacting(axes: tuple[Axis, ...], n_scores: int, importance: Tensor | None) -> Tensor:
    """As many axes as fit, the most important ones first; those of no importance never."""
    groups = torch.tensor([axis.n_groups for axis in axes], dtype=torch.long)
    importance = torch.ones(len(axes)) if importance is None else importance
    order = importance.argsort(descending=True, stable=True)
    interacting = torch.zeros(len(axes), dtype=torch.bool)
    interacting[order] = groups[order].cumsum(0) <= min(CELLS, math.isqrt(NUMBERS // n_scores))
    return interacting & (importance > 0)


def _steps(starts: Tensor) -> Iterable[tuple[int, int]]:
    return zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
