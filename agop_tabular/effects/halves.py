"""What two halves of the shuffled rows say by themselves: how far the effects of all rows are from those of more rows.

The difference between the effects of two halves has twice the standard deviation of the noise in their mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import group_shares, main_effects, pair_effects


@dataclass(frozen=True, eq=False)
class Halves:
    """Effects of two halves of the shuffled rows.

    Attributes
    ----------
    sums : tuple of two EffectSums
        Of main effects only, no axis interacts; both have the same grid points.
    pair_variances : Tensor of shape (2, n_scores, n_axes)
        Half the variance of all pair effects of each axis, by either half.
    noise : Tensor of shape (n_scores,)
        Variance of the noise in the effects of both halves together.
    """

    sums: tuple[EffectSums, EffectSums]
    pair_variances: Tensor
    noise: Tensor

    @classmethod
    def of(cls, first: EffectSums, second: EffectSums) -> Halves:
        """From the sums over either half."""
        sizes = torch.tensor([part.stop - part.start for part in first.group_slices])
        axis_of_group = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
        share, (a, b) = group_shares(first), [pair_effects(half) for half in (first, second)]

        def of_axes(squares: Tensor) -> Tensor:
            """Half of the squares' sums over the pairs of each axis, weighted by rows, (n_scores, n_axes)."""
            none = torch.zeros(len(squares), len(sizes), dtype=torch.float64)
            return none.index_add_(1, axis_of_group, 0.5 * share * (squares @ share))

        sums = _mains(first, second), _mains(second, first)
        (_, own, mains), (_, _, others) = (main_effects(half) for half in sums)
        of_mains = (torch.cat(mains, dim=1) - torch.cat(others, dim=1)).square() @ torch.cat(own) / 4
        noise = of_mains + of_axes((a - b).square() / 4).sum(dim=1)
        return cls(sums, torch.stack([of_axes(a.square()), of_axes(b.square())]), noise)

    @property
    def variance(self) -> Tensor:
        """Variance of all effects, less that of the noise, of each score, (n_scores,)."""
        mains = []
        for half in self.sums:
            _, share, tables = main_effects(half)
            mains.append(torch.cat(tables, dim=1).square() @ torch.cat(share))
        return (torch.stack(mains) + self.pair_variances.sum(dim=2)).mean(dim=0) - 2 * self.noise

    def importances(self, column_of_axis: Tensor, n_columns: int) -> Tensor:
        """Share of each column in the variance of all effects, pairs halved, by either half, (2, n_columns).

        Parameters
        ----------
        column_of_axis : Tensor of int, shape (n_axes,)
        n_columns : int
        """
        out = torch.zeros(2, n_columns, dtype=torch.float64)
        for own, half, pairs in zip(out, self.sums, self.pair_variances, strict=True):
            _, share, mains = main_effects(half)
            each = [(main.square() @ part).sum() for main, part in zip(mains, share, strict=True)]
            own.index_add_(0, column_of_axis, torch.stack(each) + pairs.sum(dim=0))
        return out / out.sum(dim=1, keepdim=True).clamp_min(NEVER_ZERO)


def _mains(sums: EffectSums, other: EffectSums) -> EffectSums:
    """The sums of main effects alone; bins without rows have those of the other half."""
    out = EffectSums(sums.axes, len(sums.slopes), interacting=torch.zeros_like(sums.interacting))
    seen = sums.counts > 0
    out.counts = torch.where(seen, sums.counts, other.counts)
    out.compared = sums.compared
    compared = torch.tensor([axis.compared_at is not None for axis in sums.axes])
    sizes = torch.tensor([axis.n_bins for axis in sums.axes])
    taken = ~seen & ~torch.repeat_interleave(compared, sizes)
    out.slopes = torch.where(taken, other.slopes, sums.slopes)
    return out
