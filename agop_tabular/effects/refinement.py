"""From the look-up to the network's own Shapley values, by sampling what main and pair effects leave out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.permutations import rows_at_a_time
from agop_tabular.effects.shapley_sampling import FEW_PAIRS, ShapleySampling

ROWS_AT_A_TIME = 64
"""Rows that are refined together. They share their permutations, and memory grows with rows times permutations."""

PRIOR_PAIRS = 4.0
"""Shrinkage of variances: each column's starts with this many pseudo-pairs of the row's mean variance, since a few
pairs hardly know it. Chosen on development seeds, see docs/ablation.md."""

CAUTION = 10.0
"""A correction by n pairs is shrunk as if its variance were ``1 + CAUTION / n`` times the estimate. With less caution
few pairs made rows worse on development networks, since a look-up is worth many pairs; from 64 on it hardly counts."""

ROUNDED = 100.0
"""Variances of a few pairs that are not far above this many times the square of :data:`NEGLIGIBLE` may be rounding, and
are not made larger by what the pairs miss of the total."""

NEGLIGIBLE = 1e-4
"""Share of a row's attributions that errors of sampling may be rounding below: networks run in float32."""

ROUNDING = 64
"""Units in the last place that scores may be off by, as in other batches: what attributions may be rounding below."""


@dataclass(frozen=True, eq=False)
class Refinement:
    """Corrections of looked-up attributions by permutations of the columns, the same for every row.

    Parameters
    ----------
    sampling : ShapleySampling
    n_pairs : int
        Permutations, each with its reverse.
    seed : int
    """

    sampling: ShapleySampling
    n_pairs: int
    seed: int

    def refined(
        self, scores: Scores, x: Tensor, looked_up: Tensor, totals: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Correct the attributions of some scores of each row by sampling, and estimate standard errors.

        The sampled values are fitted to the total, and the correction is shrunk by its own standard error (James and
        Stein's factor for each row), so that a few samples do no harm. The network is evaluated once for all scores.

        Parameters
        ----------
        scores : callable
            Maps coordinates (b, p) to scores (b, C).
        x : Tensor of shape (b, p)
        looked_up : Tensor of shape (b, d, m)
            Attributions from the tables.
        totals : Tensor of shape (b, m)
            What they add up to.
        targets : Tensor of int, shape (b, m)
            The scores that are attributed.

        Returns
        -------
        values, standard_error : Tensor of shape (b, d, m), float64, on the CPU
            The error is that of the correction before it is shrunk.
        """
        values, errors = torch.zeros(2, *looked_up.shape, dtype=torch.float64)
        draws = self.sampling.draws(self.n_pairs, self.seed)
        looked_up, totals, targets = looked_up.double().cpu(), totals.double().cpu(), targets.cpu()
        rounding = self._rounding(scores, x, totals, targets)
        for start in range(0, len(x), ROWS_AT_A_TIME):
            part = slice(start, start + ROWS_AT_A_TIME)
            samples = self.sampling.sample(scores, x[part], torch.unique(targets[part]).tolist(), draws)
            for m in range(targets.shape[1]):
                for c in torch.unique(targets[part, m]).tolist():
                    rows = torch.nonzero(targets[part, m] == c).flatten()
                    whole = start + rows
                    sampled, variance = (t[rows] for t in samples[c])
                    values[whole, :, m], errors[whole, :, m] = james_stein(
                        looked_up[whole, :, m], sampled, variance, totals[whole, m], rounding[whole, m], self.n_pairs
                    )
        return values, errors

    def _rounding(self, scores: Scores, x: Tensor, totals: Tensor, targets: Tensor) -> Tensor:
        """What scores (b, m) of rows and of their background may be off by, for want of digits."""
        with torch.no_grad():
            explained = torch.cat([scores(part).double().cpu() for part in torch.split(x, rows_at_a_time(x.shape[1]))])
        explained = explained.gather(1, targets)
        return ROUNDING * torch.finfo(x.dtype).eps * (explained.abs() + (explained - totals).abs())


def james_stein(
    looked_up: Tensor, sampled: Tensor, variance: Tensor, total: Tensor, rounding: Tensor, n_pairs: int
) -> tuple[Tensor, Tensor]:
    """Move looked-up attributions towards sampled ones, less the larger the variance is relative to the step.

    Parameters
    ----------
    looked_up, sampled, variance : Tensor of shape (b, d)
    total : Tensor of shape (b,)
        What a row's attributions add up to.
    rounding : Tensor of shape (b,)
        What attributions may be off by, for want of digits.
    n_pairs : int

    Returns
    -------
    values, standard_error : Tensor of shape (b, d)
    """
    size = looked_up.abs() + sampled.abs() + variance.sqrt()
    variance = (n_pairs * variance + PRIOR_PAIRS * variance.mean(dim=1, keepdim=True)) / (n_pairs + PRIOR_PAIRS)
    # The total is known without error: what the samples miss of it goes to the columns by their variance, which is the
    # conditional mean given the total if errors are independent, and lowers their variance accordingly.
    # Samples that agree, as where a row is its own background, know nothing of their errors: all columns with a part
    # in the scores get the same. The floor keeps rounding from deciding who that is.
    floor = torch.maximum(NEGLIGIBLE * size.sum(dim=1), rounding)[:, None].clamp_min(NEVER_ZERO)
    if n_pairs < FEW_PAIRS:  # their variance is hardly known, but what they miss of the total is noise, too
        known, missed = variance.sum(dim=1, keepdim=True), (total - sampled.sum(dim=1)).square()[:, None]
        no_rounding = (known / (known + ROUNDED * floor.square()).clamp_min(NEVER_ZERO)).square()
        larger = (missed / torch.maximum(known, floor.square()).clamp_min(NEVER_ZERO) - 1).clamp_min(0)
        variance = variance * (1 + no_rounding * larger)
    weight = (variance + floor.square()) * (size / floor).square().clamp_max(1)
    weight = torch.where(weight.sum(dim=1, keepdim=True) > 0, weight, 1.0)
    weight = weight / weight.sum(dim=1, keepdim=True)
    sampled = sampled + weight * (total - sampled.sum(dim=1))[:, None]
    variance = variance * (1 - weight)
    step = sampled - looked_up
    size = step.square().sum(dim=1, keepdim=True)
    noise = (1 + CAUTION / n_pairs) * variance.sum(dim=1, keepdim=True)
    keep = (1 - noise / size.clamp_min(NEVER_ZERO)).clamp(0, 1)
    return looked_up + keep * step, variance.sqrt()
