"""From the look-up to the network's own Shapley values, by sampling what main and pair effects leave out.

The Shapley values of main and pair effects are known in closed form, so permutations are spent only on the network
minus its tables, as with a control variate (Goldwasser and Hooker, arXiv 2310.07672; Witter, Liu and Musco, arXiv
2506.11849).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.permutations import pairs_at_a_time, permutation_gains
from agop_tabular.effects.tables import Effects
from agop_tabular.effects.triples import Triples

ROWS_AT_A_TIME = 64
"""Rows that are refined together. They share their permutations, and memory grows with rows times permutations."""

PRIOR_PAIRS = 4.0
"""Shrinkage of variances: each column's starts with this many pseudo-pairs of the row's mean variance, since a few
pairs hardly know it. Chosen on development seeds, see docs/ablation.md."""

FEW_PAIRS = 4
"""Below this many pairs the variance is estimated from the difference between a permutation and its reverse as well:
two or three pairs may agree by chance. Chosen on development seeds."""

CAUTION = 10.0
"""A correction by n pairs is shrunk as if its variance were ``1 + CAUTION / n`` times the estimate. With less caution
few pairs made rows worse on development networks, since a look-up is worth many pairs; from 64 on it hardly counts."""

NEGLIGIBLE = 1e-4
"""Share of a row's attributions that errors of sampling may be rounding below: networks run in float32."""


@dataclass(frozen=True, eq=False)
class Refinement:
    """Corrections of looked-up attributions by antithetic permutations of the columns, the same for every row.

    With u the factors of the axes, U their sum and φ the look-up, the Shapley values of main and pair effects at a row
    x against one background row b are ``φ(x) - φ(b) + ½ (u(x)·U(b) - u(b)·U(x))``. Against all background rows they
    are ``φ(x)`` minus its mean, since the factors have mean zero over these rows. An order and its reverse together
    sample those against one row without error, so only what the tables leave out adds noise.

    Parameters
    ----------
    effects : Effects
        Centred over the background rows.
    look_up : LookUp
    triples : Triples or None
        Whose Shapley values are those against the background rows.
    background : Tensor of shape (m, p)
    column_of : Tensor of int, shape (p,)
    n_columns : int
    n_pairs : int
        Permutations, each with its reverse.
    seed : int
    """

    effects: Effects
    look_up: LookUp
    triples: Triples | None
    background: Tensor
    column_of: Tensor
    n_columns: int
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
        looked_up, totals, targets = looked_up.double().cpu(), totals.double().cpu(), targets.cpu()
        for start in range(0, len(x), ROWS_AT_A_TIME):
            part = slice(start, start + ROWS_AT_A_TIME)
            samples = self.sample(scores, x[part], torch.unique(targets[part]).tolist())
            for m in range(targets.shape[1]):
                for c in torch.unique(targets[part, m]).tolist():
                    rows = torch.nonzero(targets[part, m] == c).flatten()
                    whole = start + rows
                    sampled, variance = (t[rows] for t in samples[c])
                    values[whole, :, m], errors[whole, :, m] = james_stein(
                        looked_up[whole, :, m], sampled, variance, totals[whole, m], self.n_pairs
                    )
        return values, errors

    def sample(self, scores: Scores, x: Tensor, classes: list[int]) -> dict[int, tuple[Tensor, Tensor]]:
        """Estimate attributions (b, d) of some scores without bias, and their variance; by score."""
        n, d = self.n_pairs, self.n_columns
        at_rows = {c: self._read(x, c) for c in classes}
        sums = {c: torch.zeros(3, len(x), d, dtype=torch.float64) for c in classes}
        step = pairs_at_a_time(len(x), x.shape[1], d)
        for i in range(0, n, step):
            absent, orders = (t[i : i + step] for t in self._draws)
            gains = permutation_gains(scores, x, absent, orders, self.column_of)  # (b, step, 2, d, C)
            for c, rows in at_rows.items():
                tabulated = self._against_each(c, rows, x, absent)
                rest = gains[..., c].mean(dim=2) - tabulated  # the network minus its tables
                between_directions = (gains[..., 0, :, c] - gains[..., 1, :, c]).square()
                parts = (rest.sum(dim=1), rest.square().sum(dim=1), between_directions.sum(dim=1))
                sums[c] += torch.stack(parts)
        out = {}
        for c in classes:
            mean, square, between_directions = sums[c] / n
            variance = (square - mean.square()).clamp_min(0) / max(1, n - 1)
            if n < FEW_PAIRS:
                # The variance of the mean of two independent gains is a quarter of their squared difference. A reverse
                # is rather antithetic, so this is too large, which is on the safe side.
                variance = torch.maximum(variance, between_directions / (4 * n))
            out[c] = self.tabulated(x, c) + mean, variance
        return out

    def tabulated(self, x: Tensor, c: int, background_row: Tensor | None = None) -> Tensor:
        """Shapley values of the tables at rows (b, p) for one score, (b, d), float64.

        Parameters
        ----------
        x : Tensor of shape (b, p)
        c : int
        background_row : Tensor of shape (p,), optional
            The row that absent columns are taken from; all background rows by default.
        """
        rows = self._read(x, c)
        if background_row is not None:
            return self._against_each(c, rows, x, background_row[None])[:, 0]
        values = self._in_columns(rows[0] - self._mean_attributions[c])
        return values if self.triples is None else self.triples.add_shapley_values(values, x, c)

    def _against_each(self, c: int, rows: tuple[Tensor, Tensor], x: Tensor, background: Tensor) -> Tensor:
        """Shapley values (b, m, d) of the tables at rows (b, p), as they were read, against each background row."""
        phi, u = rows
        phi_b, u_b = self._read(background, c)
        signs = self.effects.signs[c]
        between = [
            ((u * signs) @ other.sum(dim=0) - u.sum(dim=1) @ (other * signs).T) for other in u_b
        ]  # of each background row, (b, n_axes)
        values = phi[:, None] - phi_b + 0.5 * torch.stack(between, dim=1)
        values = self._in_columns(values)
        return values if self.triples is None else self.triples.add_shapley_values_against(values, x, background, c)

    def _in_columns(self, values: Tensor) -> Tensor:
        """Attributions of axes (..., n_axes), summed over the axes of each column, (..., d)."""
        columns = self.column_of[torch.tensor([int(axis.coordinates[0]) for axis in self.effects.axes])]
        return torch.zeros(*values.shape[:-1], self.n_columns, dtype=values.dtype).index_add_(-1, columns, values)

    @cached_property
    def _draws(self) -> tuple[Tensor, Tensor]:
        """Background rows (n_pairs, p), all equally often as far as possible, and orders of the columns."""
        generator = torch.Generator().manual_seed(self.seed)
        m = len(self.background)
        rounds = [torch.randperm(m, generator=generator) for _ in range(-(-self.n_pairs // m))]
        absent = self.background[torch.cat(rounds)[: self.n_pairs].to(self.background.device)]
        return absent, torch.rand(self.n_pairs, self.n_columns, generator=generator, dtype=torch.float32).argsort(dim=1)

    @cached_property
    def _mean_attributions(self) -> list[Tensor]:
        """Means of φ (n_axes,) over all background rows, for each score."""
        every = range(len(self.effects.signs))
        return [self.look_up.attributions(self.background, c).double().cpu().mean(dim=0) for c in every]

    def _read(self, x: Tensor, c: int) -> tuple[Tensor, Tensor]:
        """φ (b, n_axes) and u (b, n_axes, r) of one score, float64."""
        factors = torch.stack([self.effects.factors_at(i, x.cpu())[c] for i in range(len(self.effects.axes))], dim=1)
        factors = factors * self.look_up.interacts[:, None]  # the same pair effects as in the look-up
        return self.look_up.attributions(x, c).double().cpu(), factors


def james_stein(
    looked_up: Tensor, sampled: Tensor, variance: Tensor, total: Tensor, n_pairs: int
) -> tuple[Tensor, Tensor]:
    """Move looked-up attributions towards sampled ones, less the larger the variance is relative to the step.

    Parameters
    ----------
    looked_up, sampled, variance : Tensor of shape (b, d)
    total : Tensor of shape (b,)
        What a row's attributions add up to.
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
    floor = (NEGLIGIBLE * size.sum(dim=1, keepdim=True)).clamp_min(NEVER_ZERO)
    weight = (variance + floor.square()) * (size / floor).clamp_max(1)
    weight = torch.where(weight.sum(dim=1, keepdim=True) > 0, weight, 1.0)
    weight = weight / weight.sum(dim=1, keepdim=True)
    sampled = sampled + weight * (total - sampled.sum(dim=1))[:, None]
    variance = variance * (1 - weight)
    step = sampled - looked_up
    size = step.square().sum(dim=1, keepdim=True)
    noise = (1 + CAUTION / n_pairs) * variance.sum(dim=1, keepdim=True)
    keep = (1 - noise / size.clamp_min(NEVER_ZERO)).clamp(0, 1)
    return looked_up + keep * step, variance.sqrt()
