"""Axes along which the effects disagree with the scores themselves.

Effects are integrated from gradients, so whatever the score does that its gradient does not show is missing: a step, a
part of the network that is cut off from the gradient, a gradient that holds at one shared value only. What the tables
leave of the scores on shuffled rows tells: its mean in every bin of an axis should be zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.precision import variance_of_scores
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.bins import AxisBins

LEAST = 0.003
"""Share of a score's variance that the bin means of an axis must hold for a disagreement. The effects of
smooth networks of 20 and 100 columns leave .0006 at most."""

LEAST_OF_REST = 0.02
"""Share that they must hold of what the effects leave, so that it is worth while to gather effects again."""

STANDARD_ERRORS = 3.0
"""Standard errors by which they must exceed what noise alone would give, and √(2 log m) more with m axes and scores,
since the largest of m noises is about that large."""


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Part of the scores' variance that the mean of the remainder in the bins of each axis holds.

    Attributes
    ----------
    shares : Tensor of shape (n_axes,)
        Of the variance of the score for which it is largest, noise taken out.
    found : Tensor of bool, shape (n_axes,)
        Whether it is more than smooth networks leave, and more than noise.
    unexplained : Tensor of shape (n_scores,)
        Share of each score's variance that the effects leave.
    variance : Tensor of shape (n_scores,)
        Variance of each score.
    """

    shares: Tensor
    found: Tensor
    unexplained: Tensor
    variance: Tensor

    @property
    def axes(self) -> list[int]:
        """Numbers of the axes that disagree."""
        return torch.nonzero(self.found).flatten().tolist()


def find_disagreement(axes: tuple[Axis, ...], x: Tensor, scores: Tensor, remainder: Tensor) -> Disagreement:
    """Compare effects with scores, for all axes at once.

    Parameters
    ----------
    axes : tuple of Axis
    x : Tensor of shape (n, p)
        Shuffled rows.
    scores, remainder : Tensor of shape (n, C), float64
        The scores of the rows, and what the effects leave of them.
    """
    n, layout = len(x), AxisBins(axes)
    bins, owner = layout.numbered(x), layout.owner
    left = remainder - remainder.mean(dim=0)
    variance = left.square().mean(dim=0)
    counts = torch.bincount(bins.flatten(), minlength=len(owner)).double()[:, None]
    sums, squares = torch.zeros(2, len(counts), left.shape[1], dtype=torch.float64)
    for column in bins:
        sums.index_add_(0, column, left)
        squares.index_add_(0, column, left.square())
    # Every bin has a variance of its own: with a product of columns it grows towards the ends of an axis.
    between = sums.square() / counts.clamp_min(1)
    within = (squares - between) / (counts - 1).clamp_min(1)

    def of_axes(each: Tensor) -> Tensor:
        """Sum over the bins of every axis, (n_axes, C)."""
        return torch.zeros(len(axes), left.shape[1], dtype=torch.float64).index_add_(0, owner, each)

    excess = of_axes(between - within) / n
    errors = STANDARD_ERRORS + math.sqrt(2 * math.log(max(1, excess.numel())))
    noise = errors * of_axes(2 * within.square()).sqrt() / n
    whole = variance_of_scores(scores, x.dtype)
    found = (excess > LEAST * whole) & (excess > LEAST_OF_REST * variance) & (excess > noise)
    return Disagreement((excess / whole).amax(dim=1).clamp_min(0), found.any(dim=1), variance / whole, whole)
