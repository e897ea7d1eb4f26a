"""Sums over shuffled rows from which main and pair effects are computed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor

from agop_tabular.core.precision import at_least_float32
from agop_tabular.core.states import StateScores
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.bins import AxisBins

MAX_GROUPS = 1024
"""Largest number of bin groups, over all axes, between which pair effects are computed; the pair matrix of a class has
this many rows. Time and memory of a fit grow with its square, and its eigenvectors with the cube."""

MAX_PAIR_NUMBERS = 2**24
"""Largest number of entries in the pair matrices of all classes together: 134 MB in float64."""

COMPARED_SCORES = 8
"""Evaluations of the network for each row, on average, that comparing states takes, so that the time of a fit hardly
depends on the number of levels: with many of them only the first rows of a batch are compared."""

PSEUDO_ROWS = 1.0
"""Shrinkage: each pair cell starts with this many pseudo-rows of zero effect. Chosen on development seeds: with five
times as many, effects of products on few rows are a tenth too small."""

SMALLEST_SHARE = 1e-9
"""Share of the rows that every state has at least when it is averaged with others of its group. Numerical: a group of
states that no row has would be 0/0."""


class EffectSums:
    """Sums over rows from which main and pair effects are computed: streamed batch by batch.

    Parameters
    ----------
    axes : tuple of Axis
    n_scores : int
    importance : Tensor of shape (n_axes,), optional
        If the axes have more than ``MAX_GROUPS`` groups together, the most important ones interact. Axes of
        importance zero never do.
    interacting : Tensor of shape (n_axes,), bool, optional
        Axes between which pair effects are computed, if that is known already.
    pseudo_rows : float
        Of zero effect, with which each pair cell starts.

    Attributes
    ----------
    bin_slices, group_slices : list of slice
        Bins and groups of each axis among those of all axes; axes that do not interact have no groups.
    counts : Tensor of shape (n_bins of all axes,)
        Rows in each bin.
    slopes : Tensor of shape (n_scores, n_bins of all axes)
        Sum of the gradients of the rows in each bin; if states are compared, sum over rows of the score in that state
        minus its mean over states.
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
    """Names of the attributes that are sums over rows, which are saved."""

    def __init__(
        self,
        axes: tuple[Axis, ...],
        n_scores: int,
        importance: Tensor | None = None,
        interacting: Tensor | None = None,
        pseudo_rows: float = PSEUDO_ROWS,
    ):
        self.axes, self.pseudo_rows = axes, pseudo_rows
        self.interacting = _choose_interacting(axes, n_scores, importance) if interacting is None else interacting
        n_groups = [
            a.n_groups if interacts else 0 for a, interacts in zip(axes, self.interacting.tolist(), strict=True)
        ]
        self.bin_slices, n_bins = _consecutive_slices([a.n_bins for a in axes])
        self.group_slices, m = _consecutive_slices(n_groups)
        self.counts = torch.zeros(n_bins, dtype=torch.float64)
        self.slopes = torch.zeros(n_scores, n_bins, dtype=torch.float64)
        self.compared = torch.zeros(1, dtype=torch.float64)
        self.pair_counts = torch.zeros(m, m, dtype=torch.float64)
        self.pairs = torch.zeros(n_scores, m, m, dtype=torch.float64)
        self.state_rows = torch.zeros(m, dtype=torch.float64)

    def __add__(self, other: EffectSums) -> EffectSums:
        """Sums over the rows of both, of the same axes."""
        out = EffectSums(self.axes, len(self.slopes), interacting=self.interacting, pseudo_rows=self.pseudo_rows)
        for name in self.SUMS:
            setattr(out, name, getattr(self, name) + getattr(other, name))
        return out

    def update(
        self,
        in_states: StateScores,
        x: Tensor,
        gradients: Iterable[Tensor],
        oversampled: Tensor | None = None,
        *,
        zero_sum: bool = False,
    ) -> None:
        """Add rows.

        In some rows one axis is sampled evenly over its bins, so its rare values are over-represented. Such a row
        counts for this axis and its pairs only: among other effects it would weigh these values too much.

        Parameters
        ----------
        in_states : callable
            Maps rows (b, p), states (n_states, k) and the k coordinates that have them to scores (b, C, n_states).
        x : Tensor of shape (b, p)
        gradients : iterable of n_scores Tensors of shape (b, p)
            Of these scores.
        oversampled : Tensor of int, shape (b,), optional
            Number of the oversampled axis of each row, -1 for none.
        zero_sum : bool
            Whether the scores of all rows ever added have one sum, so that the last one's differences, and gradients,
            follow from the others'.
        """
        oversampled = torch.full((len(x),), -1) if oversampled is None else oversampled
        batch = _Batch.of(self._layout, x, oversampled)
        self.counts += torch.bincount(batch.bins_counted, minlength=len(self.counts))
        batch.add_pairs(self.pair_counts, None)
        # The range comes first, so that with zero_sum the last score's gradient is never computed.
        for c, gradient in zip(range(len(self.slopes) - zero_sum), gradients, strict=False):
            slope = self._layout.slopes(gradient, batch.bins) * self._layout.integrated
            self.slopes[c].index_add_(0, batch.bins_counted, batch.counted(slope).double())
            batch.add_pairs(self.pairs[c], slope)
        self._compare_states(in_states, x, batch)
        if zero_sum:
            for sums in (self.slopes, self.pairs):
                sums[-1] = -sums[:-1].sum(dim=0)

    @cached_property
    def _layout(self) -> _Layout:
        return _Layout.of(self.axes, self.interacting)

    @torch.no_grad()
    def _compare_states(self, in_states: StateScores, x: Tensor, batch: _Batch) -> None:
        """Add differences of scores between the states of the axes that have some.

        Every row is scored in every state of an axis, so the row's own state is irrelevant, and so is whether this axis
        is oversampled. Main effects use the rows without an oversampled axis; a pair also uses those in which its
        other axis is oversampled.
        """
        n_states = sum(axis.n_bins for axis in self.axes if axis.compared_at is not None)
        if not n_states:
            return
        n = max(1, int(COMPARED_SCORES * len(x) / n_states))
        x, own, undistorted = x[:n], batch.own_groups(n), batch.oversampled[:n] < 0
        self.compared += int(undistorted.sum())
        self.state_rows += own.sum(dim=0).double()
        for i, axis in enumerate(self.axes):
            if axis.compared_at is None:
                continue
            s = at_least_float32(in_states(x, axis.compared_at, axis.coordinates))
            # Only differences matter. They are taken before rounding to float32, since scores may be far from zero.
            s = (s - (s @ axis.share.to(s.dtype))[:, :, None]).float()
            self.slopes[:, self.bin_slices[i]] += s[undistorted].sum(dim=0).double()
            if self.interacting[i]:
                # In pairs, a group of states has the mean score of its states.
                weights = torch.zeros(axis.n_bins, axis.n_groups, dtype=torch.float32)
                weights[torch.arange(axis.n_bins), axis.groups] = axis.share.float().clamp_min(SMALLEST_SHARE)
                in_group = (s @ (weights / weights.sum(dim=0))).flatten(1)
                sums = (in_group.T @ own).double().reshape(s.shape[1], axis.n_groups, -1)
                self.pairs[:, self.group_slices[i]] += sums


@dataclass(frozen=True, eq=False)
class _Layout:
    """Where the bins and groups of all axes lie in the sums.

    Attributes
    ----------
    bins : AxisBins
    coordinates : Tensor of int, shape (n_axes,)
        A coordinate of each axis, along which gradients are taken.
    integrated : Tensor of shape (n_axes,)
        1 where they are integrated, 0 where scores are compared.
    group_of_bin : Tensor of int, shape (n_bins of all axes,)
        Group of each bin, numbered over all axes; those of axes that do not interact are of no meaning.
    axis_of_group : Tensor of int, shape (m,)
    interacting : Tensor of int, shape (k,)
        Numbers of the axes that interact.
    curves : tuple of (int, Axis)
        Axes along curves, and their numbers.
    """

    bins: AxisBins
    coordinates: Tensor
    integrated: Tensor
    group_of_bin: Tensor
    axis_of_group: Tensor
    interacting: Tensor
    curves: tuple[tuple[int, Axis], ...]

    @classmethod
    def of(cls, axes: tuple[Axis, ...], interacting: Tensor) -> _Layout:
        bins = AxisBins(axes)
        sizes = torch.tensor([axis.n_groups for axis in axes]) * interacting
        starts = sizes.cumsum(0) - sizes
        return cls(
            bins,
            torch.tensor([int(axis.coordinates[0]) for axis in axes]),
            torch.tensor([axis.compared_at is None for axis in axes]).float(),
            torch.cat([axis.groups for axis in axes]) + starts[bins.owner],
            torch.repeat_interleave(torch.arange(len(axes)), sizes),
            torch.nonzero(interacting).flatten(),
            tuple((i, axis) for i, axis in enumerate(axes) if axis.curve is not None),
        )

    def slopes(self, gradient: Tensor, bins: Tensor) -> Tensor:
        """Slopes (b, n_axes) along all axes, from gradients (b, p) of rows in these bins (b, n_axes) of all axes."""
        out = gradient[:, self.coordinates].float().cpu()
        for i, axis in self.curves:
            along = axis.tangents.float()[bins[:, i] - self.bins.starts[i]]
            out[:, i] = (gradient[:, axis.coordinates].float().cpu() * along).sum(dim=1)
        return out


@dataclass(frozen=True, eq=False)
class _Batch:
    """Where the rows of a batch lie, and the effects that each of them counts for.

    Attributes
    ----------
    oversampled : Tensor of int, shape (b,)
        Number of the oversampled axis, -1 for none.
    plain, distorted : Tensor of int
        Numbers of the rows without such an axis, and with one.
    bins : Tensor of int, shape (b, n_axes)
        Bin on each axis, numbered over all axes.
    places : Tensor of int, shape (b, k)
        Group on each of the k interacting axes, numbered over all of them.
    groups : Tensor of shape (b, m)
        Indicators of these groups.
    layout : _Layout
    """

    oversampled: Tensor
    plain: Tensor
    distorted: Tensor
    bins: Tensor
    places: Tensor
    groups: Tensor
    layout: _Layout

    @classmethod
    def of(cls, layout: _Layout, x: Tensor, oversampled: Tensor) -> _Batch:
        bins = layout.bins.numbered(x).T
        places = layout.group_of_bin[bins[:, layout.interacting]]
        groups = torch.zeros(len(x), len(layout.axis_of_group), dtype=torch.float32).scatter_(1, places, 1.0)
        plain, distorted = (torch.nonzero(which).flatten() for which in (oversampled < 0, oversampled >= 0))
        return cls(oversampled, plain, distorted, bins, places, groups, layout)

    def counted(self, each: Tensor) -> Tensor:
        """Of numbers (b, n_axes), those that count for main effects: all of a plain row, one of a distorted one."""
        return torch.cat((each[self.plain].flatten(), each[self.distorted, self.oversampled[self.distorted]]))

    @cached_property
    def bins_counted(self) -> Tensor:
        """Bins of :meth:`counted`."""
        return self.counted(self.bins)

    def own_groups(self, n: int) -> Tensor:
        """Indicators (n, m) of the groups of the first n rows, on the axes that a row counts for."""
        over = self.oversampled[:n, None]
        return self.groups[:n] * ((over < 0) | (over == self.layout.axis_of_group))

    def add_pairs(self, sums: Tensor, weights: Tensor | None) -> None:
        """Add weights (b, n_axes), or ones, to the sums over the rows in each pair of groups (m, m).

        A pair has the weight of its first axis. A plain row counts for all of its pairs, which is a product of
        matrices; a distorted one only for those of its oversampled axis, which is one line and one column.
        """
        weighted = self.groups
        if weights is not None:
            weighted = torch.zeros_like(self.groups).scatter_(1, self.places, weights[:, self.layout.interacting])
        sums += weighted[self.plain].T @ self.groups[self.plain]
        over = self.oversampled[self.distorted]
        own = self.layout.group_of_bin[self.bins[self.distorted, over]]
        known = torch.isin(over, self.layout.interacting)
        rows, over, own = self.distorted[known], over[known], own[known]
        first = self.groups[rows] if weights is None else self.groups[rows] * weights[rows, over, None]
        others = weighted[rows].masked_fill_(self.layout.axis_of_group == over[:, None], 0.0)
        sums.index_add_(0, own, first.double())
        sums.index_add_(1, own, others.T.double())


def _choose_interacting(axes: tuple[Axis, ...], n_scores: int, importance: Tensor | None) -> Tensor:
    """Choose the axes that interact: as many as fit, the most important ones first, none of importance zero."""
    groups = torch.tensor([axis.n_groups for axis in axes], dtype=torch.long)
    importance = torch.ones(len(axes), dtype=torch.float64) if importance is None else importance
    order = importance.argsort(descending=True, stable=True)
    interacting = torch.zeros(len(axes), dtype=torch.bool)
    interacting[order] = groups[order].cumsum(0) <= min(MAX_GROUPS, math.isqrt(MAX_PAIR_NUMBERS // n_scores))
    return interacting & (importance > 0)


def _consecutive_slices(sizes: list[int]) -> tuple[list[slice], int]:
    """Slices of these sizes, one after the other, and where the last one ends."""
    ends = torch.tensor([0, *sizes]).cumsum(0).tolist()
    return [slice(a, b) for a, b in pairwise(ends)], ends[-1]
