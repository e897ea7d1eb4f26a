"""From a look-up to the network's own Shapley values: sampling of what main and pair effects leave out.

The Shapley values of main and pair effects are known in closed form, so permutations are spent on the network minus
its tables alone: a control variate (after Goldwasser and Hooker, arXiv 2310.07672, and Witter, Liu and Musco, arXiv
2506.11849).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.permutations import permutation_gains, rows_at_a_time
from agop_tabular.effects.tables import Effects

ROWS = 64
"""Rows that are refined at a time."""

PRIOR = 4.0
"""Pairs' worth of the mean variance of a row's columns that every column's own variance begins with."""

FEW = 4
"""Below this many pairs the difference of a permutation and its reverse, which is larger, tells the variance, too."""

CAUTION = 3.0
"""A correction of n pairs is shrunk as if its variance were ``1 + CAUTION / n`` times what was measured."""


@dataclass(frozen=True, eq=False)
class Refinement:
    """Antithetic permutations of some columns, the same for every row, and what the tables say of them.

    With u the vectors of the axes, U their sum and φ the look-up, the tables' Shapley values of a row x against one
    background row b are ``φ(x) - φ(b) + ½ (u(x)·U(b) - u(b)·U(x))``; the same with means over all background rows in
    the place of b gives those against all of them. An order and its reverse together give the first exactly.

    Parameters
    ----------
    effects : Effects
    look_up : LookUp
    background : Tensor of shape (m, p)
    column_of : Tensor of int, shape (p,)
    n_columns : int
    n_pairs : int
        Permutations, each with its reverse.
    seed : int
    """

    effects: Effects
    look_up: LookUp
    background: Tensor
    column_of: Tensor
    n_columns: int
    n_pairs: int
    seed: int

    @cached_property
    def _drawn(self) -> tuple[Tensor, Tensor]:
        """Background rows, every one as often as any other, and orders of the columns."""
        generator = torch.Generator().manual_seed(self.seed)
        m = len(self.background)
        rounds = [torch.randperm(m, generator=generator) for _ in range(-(-self.n_pairs // m))]
        absent = self.background[torch.cat(rounds)[: self.n_pairs].to(self.background.device)]
        return absent, torch.rand(self.n_pairs, self.n_columns, generator=generator).argsort(dim=1)

    @cached_property
    def _of_all(self) -> list[tuple[Tensor, Tensor]]:
        """Means of φ and u over all background rows, of each score."""
        background = self.background.cpu()
        means = torch.stack([self.effects.mean(i, background) for i in range(self._n_axes)], dim=1)
        means = means * self.look_up.interacts[:, None]
        return [
            (self.look_up.attributions(self.background, c).double().cpu().mean(dim=0), means[c])
            for c in range(len(self.effects.signs))
        ]

    @property
    def _n_axes(self) -> int:
        return len(self.effects.axes)

    def _read(self, x: Tensor, c: int) -> tuple[Tensor, Tensor]:
        """φ (b, n_axes) and u (b, n_axes, r) of one score, float64."""
        vectors = torch.stack([self.effects.at(i, x.cpu())[c] for i in range(self._n_axes)], dim=1)
        vectors = vectors * self.look_up.interacts[:, None]
        return self.look_up.attributions(x, c).double().cpu(), vectors

    def _against(self, c: int, phi: Tensor, u: Tensor, phi_b: Tensor, u_b: Tensor) -> Tensor:
        """Shapley values (..., d) of the tables, for rows (φ, u) against others."""
        signs = self.effects.signs[c]
        U, U_b = u.sum(dim=-2, keepdim=True), u_b.sum(dim=-2, keepdim=True)
        values = phi - phi_b + 0.5 * ((u * signs * U_b).sum(dim=-1) - (u_b * signs * U).sum(dim=-1))
        columns = self.column_of[torch.tensor([int(axis.coordinates[0]) for axis in self.effects.axes])]
        return torch.zeros(*values.shape[:-1], self.n_columns, dtype=values.dtype).index_add_(-1, columns, values)

    def refined(
        self, scores: Scores, x: Tensor, found: Tensor, totals: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Attributions of some scores of each row, corrected by what was sampled, and their standard errors.

        The correction is fitted to the total and shrunk by its own standard error (James and Stein's factor for each
        row), so that little sampling does no harm. The network is evaluated once for all scores.

        Parameters
        ----------
        scores : callable
            Maps coordinates (b, p) to scores (b, C).
        x : Tensor of shape (b, p)
        found : Tensor of shape (b, d, m)
            Attributions of the look-up.
        totals : Tensor of shape (b, m)
            What they add up to.
        targets : Tensor of int, shape (b, m)
            The scores that are attributed.

        Returns
        -------
        values, standard_error : Tensor of shape (b, d, m), float64, on the CPU
            The error is that of the correction before it is shrunk.
        """
        values, errors = torch.zeros(2, *found.shape, dtype=torch.float64)
        found, totals, targets = found.double().cpu(), totals.double().cpu(), targets.cpu()
        for start in range(0, len(x), ROWS):
            part = slice(start, start + ROWS)
            of_class = self._sampled(scores, x[part], torch.unique(targets[part]).tolist())
            for m in range(targets.shape[1]):
                for c in torch.unique(targets[part, m]).tolist():
                    rows = torch.nonzero(targets[part, m] == c).flatten()
                    whole = start + rows
                    sampled, variance = (t[rows] for t in of_class[c])
                    values[whole, :, m], errors[whole, :, m] = shrunk(
                        found[whole, :, m], sampled, variance, totals[whole, m], self.n_pairs
                    )
        return values, errors

    def _sampled(self, scores: Scores, x: Tensor, classes: list[int]) -> dict[int, tuple[Tensor, Tensor]]:
        """Unbiased attributions (b, d) of some scores, and their variance."""
        n, d = self.n_pairs, self.n_columns
        read = {c: self._read(x, c) for c in classes}
        sums = {c: torch.zeros(3, len(x), d, dtype=torch.float64) for c in classes}
        step = max(1, rows_at_a_time(x.shape[1]) // (2 * (d + 1) * len(x)))
        for i in range(0, n, step):
            absent, orders = (t[i : i + step] for t in self._drawn)
            gains = permutation_gains(scores, x, absent, orders, self.column_of)  # (b, step, 2, d, C)
            for c, (phi, u) in read.items():
                phi_b, u_b = self._read(absent, c)
                single = torch.stack([self._against(c, phi, u, a, b) for a, b in zip(phi_b, u_b, strict=True)], dim=1)
                rest = gains[..., c].mean(dim=2) - single
                halves = (gains[..., 0, :, c] - gains[..., 1, :, c]).square()
                sums[c] += torch.stack((rest.sum(dim=1), rest.square().sum(dim=1), halves.sum(dim=1)))
        out = {}
        for c, (phi, u) in read.items():
            known = self._against(c, phi, u, *self._of_all[c])
            mean, square, halves = sums[c] / n
            variance = (square - mean.square()).clamp_min(0) / max(1, n - 1)
            if n < FEW:
                variance = torch.maximum(variance, halves / (4 * n))
            out[c] = known + mean, variance
        return out


def shrunk(found: Tensor, sampled: Tensor, variance: Tensor, total: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """What was found (b, d), moved towards what was sampled as far as its variance lets it; and its standard error."""
    variance = (n * variance + PRIOR * variance.mean(dim=1, keepdim=True)) / (n + PRIOR)
    whole = variance.sum(dim=1, keepdim=True)
    weight = variance / whole.clamp_min(1e-300)
    sampled = sampled + weight * (total - sampled.sum(dim=1))[:, None]
    variance = variance * (1 - weight)
    step = sampled - found
    size = step.square().sum(dim=1, keepdim=True)
    keep = (1 - (1 + CAUTION / n) * variance.sum(dim=1, keepdim=True) / size.clamp_min(1e-300)).clamp(0, 1)
    return found + keep * step, variance.sqrt()
