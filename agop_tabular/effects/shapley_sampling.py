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

MAX_FACTORS = 2**22
"""Factors of background rows that are read together, for all scores: 34 MB in float64."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Permutations of the columns, each of which is used in its reverse order, too.

    Attributes
    ----------
    absent : Tensor of shape (n, p), or (b, n, p)
        For each permutation, the background row that supplies the columns that have not joined yet.
    orders : Tensor of int, shape (n, d), or (b, n, d)
        The same for all rows, or each row's own.
    """

    absent: Tensor
    orders: Tensor

    def __len__(self) -> int:
        return self.orders.shape[-2]

    def __getitem__(self, some: slice) -> Draws:
        return Draws(self.absent[..., some, :], self.orders[..., some, :])


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

    def draws(self, n_pairs: int, seed: int, n_rows: int | None = None) -> Draws:
        """Draw permutations, and background rows for them, all of these equally often as far as possible.

        Parameters
        ----------
        n_pairs : int
            Permutations, each with its reverse.
        seed : int
        n_rows : int, optional
            Draw as many for each of so many rows, so that their errors are independent; the same for all by default.
        """
        generator = torch.Generator().manual_seed(seed)
        m, n = len(self.background), n_pairs * (n_rows or 1)
        rounds = [torch.randperm(m, generator=generator) for _ in range(-(-n // m))]
        absent = self.background[torch.cat(rounds)[:n].to(self.background.device)]
        orders = torch.rand(n, self.n_columns, generator=generator, dtype=torch.float32).argsort(dim=1)
        if n_rows is not None:
            absent, orders = (t.reshape(n_rows, n_pairs, -1) for t in (absent, orders))
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
            If they are the same for all rows, these rows' errors are correlated.
        """
        n, d = len(draws), self.n_columns
        at_rows = self._read(x, classes)
        sums = {c: torch.zeros(3, len(x), d, dtype=torch.float64) for c in classes}
        step = self._pairs_at_a_time(x, len(classes))
        for i in range(0, n, step):
            part = draws[i : i + step]
            gains = permutation_gains(scores, x, part.absent, part.orders, self.column_of)  # (b, step, 2, d, C)
            against = self._against_each(at_rows, x, part.absent if part.absent.ndim == 3 else part.absent[None])
            for c, tabulated in against.items():
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
            out[c] = self._against_all(at_rows[c], x, c) + mean, variance
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
        rows = self._read(x, [c])
        if background_row is None:
            return self._against_all(rows[c], x, c)
        return self._against_each(rows, x, background_row[None, None])[c][:, 0]

    def _against_all(self, rows: tuple[Tensor, Tensor], x: Tensor, c: int) -> Tensor:
        """Shapley values (b, d) of the tables at rows (b, p), as they were read, against all background rows."""
        values = self._in_columns(rows[0] - self._mean_attributions[c])
        return values if self.triples is None else self.triples.add_shapley_values(values, x, c)

    def _against_each(self, rows: dict[int, tuple[Tensor, Tensor]], x: Tensor, background: Tensor) -> dict[int, Tensor]:
        """The same (b, m, d) against each background row (1 or b, m, p), by score."""
        out, read = {}, self._read(background.flatten(0, 1), list(rows))
        for c, (phi, u) in rows.items():
            phi_b, u_b = (part.reshape(*background.shape[:2], *part.shape[1:]) for part in read[c])
            signs = self.effects.signs[c]
            between = (u * signs) @ u_b.sum(dim=2).transpose(1, 2)  # (b, n_axes, m)
            between = between.transpose(1, 2) - _times(u_b, u.sum(dim=1) * signs)
            values = self._in_columns(phi[:, None] - phi_b + 0.5 * between)
            if self.triples is not None:
                values = self.triples.add_shapley_values_against(values, x, background, c)
            out[c] = values
        return out

    def _pairs_at_a_time(self, x: Tensor, n_scores: int) -> int:
        """Permutations that the network, and the factors of their background rows, take together."""
        factors = len(x) * self.look_up.n_axes * self.look_up.rank * n_scores
        return max(1, min(pairs_at_a_time(len(x), x.shape[1], self.n_columns), MAX_FACTORS // max(1, factors)))

    def _in_columns(self, values: Tensor) -> Tensor:
        """Attributions of axes (..., n_axes), summed over the axes of each column, (..., d)."""
        columns = self.column_of[torch.tensor([int(axis.coordinates[0]) for axis in self.effects.axes])]
        return torch.zeros(*values.shape[:-1], self.n_columns, dtype=values.dtype).index_add_(-1, columns, values)

    @cached_property
    def _mean_attributions(self) -> list[Tensor]:
        """Means of φ (n_axes,) over all background rows, for each score."""
        every = range(len(self.effects.signs))
        return [self.look_up.attributions(self.background, c).double().cpu().mean(dim=0) for c in every]

    def _read(self, x: Tensor, classes: list[int]) -> dict[int, tuple[Tensor, Tensor]]:
        """φ (b, n_axes) and u (b, n_axes, r) of some scores, float64."""
        factors = torch.stack([self.effects.factors_at(i, x.cpu()) for i in range(len(self.effects.axes))], dim=2)
        factors = factors * self.look_up.interacts[:, None]  # the same pair effects as in the look-up
        return {c: (self.look_up.attributions(x, c).double().cpu(), factors[c]) for c in classes}


def _times(u: Tensor, v: Tensor) -> Tensor:
    """Products (b, m, n_axes) of factors (1 or b, m, n_axes, r) with a vector (b, r) of each row."""
    if len(u) == 1:
        return torch.einsum("mar,br->bma", u[0], v)
    return (u.flatten(1, 2) @ v[:, :, None]).reshape(*u.shape[:3])
