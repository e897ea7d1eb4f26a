"""The network's Shapley values by permutations that are spent only on what effects leave out.

The Shapley values of main, pair and triple effects are known in closed form, so permutations sample the network minus
its tables, as with a control variate (Goldwasser and Hooker, arXiv 2310.07672; Witter, Liu and Musco, arXiv
2506.11849).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.permutations import pairs_at_a_time, permutation_gains
from agop_tabular.effects.tables import Effects
from agop_tabular.effects.triples import Triples

FEW_PAIRS = 4
"""Below this many pairs the variance is estimated from the difference between a permutation and its reverse as well:
two or three pairs may agree by chance. Chosen on development seeds."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Permutations of the columns, each of which is used in its reverse order, too.

    Attributes
    ----------
    absent : Tensor of shape (n, p)
        For each permutation, the background row that supplies the columns that have not joined yet.
    orders : Tensor of int, shape (n, d)
    """

    absent: Tensor
    orders: Tensor

    def __len__(self) -> int:
        return len(self.orders)


@dataclass(frozen=True, eq=False)
class ShapleySampling:
    """Unbiased estimates of Shapley values from antithetic permutations of the columns.

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
    """

    effects: Effects
    look_up: LookUp
    triples: Triples | None
    background: Tensor
    column_of: Tensor
    n_columns: int

    def draws(self, n_pairs: int, seed: int) -> Draws:
        """Draw permutations, and background rows for them, all of these equally often as far as possible.

        Parameters
        ----------
        n_pairs : int
            Permutations, each with its reverse.
        seed : int
        """
        generator = torch.Generator().manual_seed(seed)
        m = len(self.background)
        rounds = [torch.randperm(m, generator=generator) for _ in range(-(-n_pairs // m))]
        absent = self.background[torch.cat(rounds)[:n_pairs].to(self.background.device)]
        orders = torch.rand(n_pairs, self.n_columns, generator=generator, dtype=torch.float32).argsort(dim=1)
        return Draws(absent, orders)

    def sample(self, scores: Scores, x: Tensor, classes: list[int], draws: Draws) -> dict[int, tuple[Tensor, Tensor]]:
        """Estimate attributions (b, d) of some scores without bias, and their variance; by score.

        The network is evaluated ``2 · (d + 1)`` times for each row and permutation, once for all scores.

        Parameters
        ----------
        scores : callable
            Maps coordinates (b, p) to scores (b, C).
        x : Tensor of shape (b, p)
        classes : list of int
        draws : Draws
            The same for all rows, so that their errors are correlated.
        """
        n, d = len(draws), self.n_columns
        at_rows = {c: self._read(x, c) for c in classes}
        sums = {c: torch.zeros(3, len(x), d, dtype=torch.float64) for c in classes}
        step = pairs_at_a_time(len(x), x.shape[1], d)
        for i in range(0, n, step):
            absent, orders = draws.absent[i : i + step], draws.orders[i : i + step]
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
        between = (u * signs) @ u_b.sum(dim=1).T  # (b, n_axes, m)
        between = between.transpose(1, 2) - torch.einsum("br,mar->bma", u.sum(dim=1), u_b * signs)
        values = phi[:, None] - phi_b + 0.5 * between
        values = self._in_columns(values)
        return values if self.triples is None else self.triples.add_shapley_values_against(values, x, background, c)

    def _in_columns(self, values: Tensor) -> Tensor:
        """Attributions of axes (..., n_axes), summed over the axes of each column, (..., d)."""
        columns = self.column_of[torch.tensor([int(axis.coordinates[0]) for axis in self.effects.axes])]
        return torch.zeros(*values.shape[:-1], self.n_columns, dtype=values.dtype).index_add_(-1, columns, values)

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
