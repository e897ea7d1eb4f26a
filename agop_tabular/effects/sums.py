"""Sums over shuffled rows from which main and pair effects are computed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.core.precision import at_least_float32
from agop_tabular.effects.axes import Axis

MAX_GROUPS = 1024
"""Largest number of bin groups, over all axes, between which pair effects are computed; the pair matrix of a class has
this many rows. Time and memory of a fit grow with its square, and its eigenvectors with the cube."""

MAX_PAIR_NUMBERS = 2**24
"""Largest number of entries in the pair matrices of all classes together: 134 MB in float64."""

COMPARED_SCORES = 2**16
"""Largest number of evaluations, rows times states, that comparing states takes in one batch, so that the time of a
fit hardly depends on the number of levels: with many of them fewer rows are compared."""

ROWS_PER_CALL = 2048
"""Rows passed to the network in one call when states are compared: enough to keep it busy, few enough for memory."""

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
    ):
        self.axes = axes
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

    def update(
        self,
        scores: Scores,
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
        scores : callable
            Maps coordinates (b, p) to scores (b, n_scores).
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
        batch = self._locate(x, oversampled)
        self.counts += torch.bincount(batch.bins[batch.representative], minlength=len(self.counts))
        of_own, of_others = batch.pair_products()
        self.pair_counts += of_own + of_others
        self._add_gradients(batch, gradients, zero_sum)
        self._compare_states(scores, x, batch)
        if zero_sum:
            for sums in (self.slopes, self.pairs):
                sums[-1] = -sums[:-1].sum(dim=0)

    def _locate(self, x: Tensor, oversampled: Tensor) -> _Batch:
        """Find the bins and groups of the rows, and the axes that each row is representative for."""
        bins = torch.stack([axis.bins(x.cpu()) for axis in self.axes], dim=1)
        groups = torch.zeros(len(bins), len(self.pair_counts), dtype=torch.float32)
        rows = torch.arange(len(bins))
        for i in torch.nonzero(self.interacting).flatten().tolist():
            groups[rows, self.group_slices[i].start + self.axes[i].groups[bins[:, i]]] = 1.0
        sizes = torch.tensor([part.stop - part.start for part in self.group_slices])
        axis_of_group = torch.repeat_interleave(torch.arange(len(self.axes)), sizes)
        representative = (oversampled[:, None] < 0) | (oversampled[:, None] == torch.arange(len(self.axes)))
        return _Batch(
            bins + torch.tensor([part.start for part in self.bin_slices]),
            oversampled,
            representative,
            groups,
            groups * representative[:, axis_of_group],
        )

    def _add_gradients(self, batch: _Batch, gradients: Iterable[Tensor], zero_sum: bool) -> None:
        """Add the gradients along the axes that are integrated, to their bins and to their pairs of groups."""
        integrated = [i for i, axis in enumerate(self.axes) if axis.compared_at is None]
        if not integrated:
            return
        coordinates = torch.cat([self.axes[i].coordinates for i in integrated])
        # Of every group of an interacting axis: its row in the pair matrix, and the place of its axis in `integrated`.
        parts = [(n, self.group_slices[i]) for n, i in enumerate(integrated) if self.interacting[i]]
        rows = torch.cat([torch.arange(part.start, part.stop) for _, part in parts] or [torch.zeros(0).long()])
        owner = torch.cat([torch.full((part.stop - part.start,), n) for n, part in parts] or [rows])
        bins, representative = batch.bins[:, integrated].flatten(), batch.representative[:, integrated]
        # The range comes first, so that with zero_sum the last score's gradient is never computed.
        for c, gradient in zip(range(len(self.slopes) - zero_sum), gradients, strict=False):
            slope = gradient[:, coordinates].float().cpu()
            self.slopes[c].index_add_(0, bins, (slope * representative).double().flatten())
            for product in batch.pair_products(rows, slope[:, owner]):
                self.pairs[c, rows] += product

    @torch.no_grad()
    def _compare_states(self, scores: Scores, x: Tensor, batch: _Batch) -> None:
        """Add differences of scores between the states of the axes that have some.

        Every row is scored in every state of an axis, so the row's own state is irrelevant, and so is whether this axis
        is oversampled. Main effects use the rows without an oversampled axis; a pair also uses those in which its
        other axis is oversampled.
        """
        n_states = sum(axis.n_bins for axis in self.axes if axis.compared_at is not None)
        if not n_states:
            return
        n = max(1, COMPARED_SCORES // n_states)
        x, own, undistorted = x[:n], batch.own_groups[:n], batch.oversampled[:n] < 0
        self.compared += int(undistorted.sum())
        self.state_rows += own.sum(dim=0).double()
        for i, axis in enumerate(self.axes):
            if axis.compared_at is None:
                continue
            s = at_least_float32(_scores_in_states(scores, x, axis.compared_at, axis.coordinates))
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
class _Batch:
    """Where the rows of a batch lie, and the effects that each of them counts for.

    Attributes
    ----------
    bins : Tensor of int, shape (b, n_axes)
        Bin on each axis, numbered over all axes.
    oversampled : Tensor of int, shape (b,)
        Number of the oversampled axis, -1 for none.
    representative : Tensor of bool, shape (b, n_axes)
        Whether the row counts for the main effect of an axis: no other axis is oversampled.
    groups : Tensor of shape (b, m)
        Indicators of the groups that the row is in.
    own_groups : Tensor of shape (b, m)
        The same, for axes that the row is representative for.
    """

    bins: Tensor
    oversampled: Tensor
    representative: Tensor
    groups: Tensor
    own_groups: Tensor

    def pair_products(self, rows: Tensor | None = None, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Sums of weights (b, k) over the rows in each pair of groups, the first of them among ``rows`` (k,).

        A row counts for a pair if it is representative for one of its axes. The two parts, both (k, m), are to be
        added: pairs whose first axis a row is representative for, and pairs for which only the second one is.
        """
        distorted = torch.nonzero(self.oversampled >= 0)[:, 0]
        first, second = self.own_groups, self.own_groups[distorted]
        others = self.groups[distorted] - second
        if rows is not None:
            first, others = first[:, rows], others[:, rows]
        if weights is not None:
            first, others = first * weights, others * weights[distorted]
        return (first.T @ self.groups).double(), (others.T @ second).double()


def _scores_in_states(scores: Scores, x: Tensor, states: Tensor, coordinates: Tensor) -> Tensor:
    """Scores (b, C, n_states) of rows (b, p) when some of their coordinates are set to each of the states."""
    found = []
    for part in torch.split(states.to(x.device, x.dtype), max(1, ROWS_PER_CALL // len(x))):
        moved = x.repeat(len(part), 1, 1)
        moved[:, :, coordinates] = part[:, None]
        found.append(scores(moved.flatten(0, 1)).cpu().reshape(len(part), len(x), -1))
    return torch.cat(found).permute(1, 2, 0)


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
