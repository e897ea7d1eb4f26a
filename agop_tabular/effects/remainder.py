"""What main and pair effects leave of the scores: how it is shared, and the constants that dependent columns need.

The Shapley values of main and pair effects are looked up as if columns were independent. Two things are added here.

*Constants.* Against background rows in which columns depend on each other, the Shapley values of every column have mean
zero over these rows, because what a row gains against another one, that one loses against the first. The look-up misses
a constant for each column and score, which is its mean over the background rows.

*Shares.* What is left of a row's score belongs to the columns that make it. A column's part in it is its total Sobol
index: half the mean square of what changes in the remainder when the column alone is drawn again (Jansen 1999; Sobol
2001). A row's remainder is shared by these indices and by the row's absolute attributions. The first know who makes the
remainder, the second know the row: the fewer columns make the remainder, the more the indices count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.core.precision import NEVER_ZERO, variance_of_scores
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.background import Background
from agop_tabular.effects.outliers import Changes
from agop_tabular.effects.shuffling import shuffled_values
from agop_tabular.effects.triples import TRIED_AXES, Triples, find_triples

Tables = Callable[[Tensor, int], Tensor]
"""Maps coordinates (b, p) and the number of a score to looked-up attributions (b, d)."""

MOST_ROWS = 2048
"""Shuffled rows of a Sobol index; with these its relative error is a few per cent, far less than indices differ."""

FEWEST_ROWS = 32
"""Rows of a Sobol index in wide tables, which is enough to tell large indices from small ones."""

EVALUATIONS = 2**14
"""Evaluations of the network for the indices of all columns together, about as many as one pass over 8,192 rows takes
forward and backward."""

FIRST_TRIPLE_ROWS, TRIPLE_ROWS = 2**12, 2**15
"""Shuffled rows on which triples are looked for, and on which those are measured that were found: about 100 in each
cell of seven groups cubed."""

NEGLIGIBLE = 1e-3
"""Share of a score's variance below which a triple is not kept: as much may be left out of the pair effects, too."""

WORTH_TRIPLES = 5e-3
"""Share of a score's variance that the tables must leave for triples to be looked for, since several may share it."""

STILL = 1e-6
"""Standard deviation of a score, as a share of its size, below which no column moves it. Numerical: rounding."""

ROUNDS = 2
"""Corrections of the constants; after two of them attributions have means of less than 1e-5 of their size."""

ROWS_AT_A_TIME = 8192
"""Rows that are scored and looked up together: layers may be many times as wide as the rows."""

NUMBERS = 2**22
"""Numbers in the rows of each measurement, so that wide tables, where a row costs more, get fewer rows."""


@dataclass(frozen=True, eq=False)
class Remainder:
    """Constants and shares, for each score and column.

    Attributes
    ----------
    constants : Tensor of shape (C, d)
        Subtracted from the looked-up attributions.
    shares : Tensor of shape (C, d)
        Of the remainder by Sobol indices, even ones where the tables leave nothing. Each row sums to 1, or is zero
        where no column moves the score.
    triples : Triples or None
        Effects of three, where there are some; the tables are understood to have them.
    background : Background or None
        The rows that attributions are differences from; None for independent columns.
    unexplained : Tensor of shape (C,) or None
        Share of each score's variance, over shuffled rows, that effects leave; 0 where none of them changes with a
        column, None where it was not measured.
    """

    constants: Tensor
    shares: Tensor
    triples: Triples | None = None
    background: Background | None = None
    unexplained: Tensor | None = None

    @cached_property
    def trust(self) -> Tensor:
        """Part of a row's remainder that is shared by the indices, (C,); the rest of it by absolute attributions.

        It is ``1 - m / 2d``, where m is the number of columns among which the indices spread (their participation
        ratio): 1/2 where all columns make the remainder alike, so that indices say little of a row, and nearly 1 where
        few make it. 0 where there are no indices: even shares are only for rows that have no attributions either.
        """
        spread = 1 / self.shares.square().sum(dim=1).clamp_min(NEVER_ZERO)
        known = self.shares.sum(dim=1) > 0
        if self.unexplained is not None:
            known = known & (self.unexplained.to(known.device) > 0)
        return torch.where(known, 1 - spread / (2 * self.shares.shape[1]), 0.0)

    @classmethod
    def nothing(cls, n_scores: int, n_columns: int) -> Remainder:
        """No constants, and shares by absolute attributions alone."""
        return cls(*torch.zeros(2, n_scores, n_columns, dtype=torch.float64))

    def completed(self, phi: Tensor, total: Tensor, target: Tensor | int) -> tuple[Tensor, Tensor]:
        """Subtract the constants from looked-up attributions, and share out what is left.

        Parameters
        ----------
        phi : Tensor of shape (b, d)
            Looked up; overwritten.
        total : Tensor of shape (b,)
            The score minus its mean, which the attributions of a row add up to.
        target : Tensor of int, shape (b,), or int
            The score of each row.

        Returns
        -------
        phi : Tensor of shape (b, d)
        support : Tensor of shape (b,)
            ``Σ|φ| / (Σ|φ| + |rest|)``, with φ before the rest is shared out.
        """
        phi.sub_(self.constants[target])
        size = phi.abs()
        whole = size.sum(dim=1)
        rest = total - phi.sum(dim=1)
        trust = torch.where(whole > 0, self.trust[target], 1.0)  # shares alone where there are no attributions
        by_size = rest * (1 - trust) / whole.clamp_min(torch.finfo(torch.float32).tiny)
        phi.addcmul_(size, by_size[:, None])
        phi.addcmul_(self.shares[target].expand_as(phi), (rest * trust)[:, None])
        return phi, whole / (whole + rest.abs())

    def to(self, device: torch.device, dtype: torch.dtype) -> Remainder:
        """On a device, in a dtype."""
        return replace(self, constants=self.constants.to(device, dtype), shares=self.shares.to(device, dtype))


@dataclass(frozen=True, eq=False)
class Measured:
    """The network and the effects whose remainder is measured.

    Attributes
    ----------
    scores : callable
        Maps coordinates (b, p) to scores (b, C).
    tables : callable
        Maps coordinates and the number of a score to looked-up attributions (b, d).
    mean_scores : Tensor of shape (C,)
    background : Tensor of shape (m, p)
        Sorted by :func:`~agop_tabular.effects.shuffling.sorted_rows`, so that the order of a table does not matter.
    column_of : Tensor of int, shape (p,)
        The column of each coordinate.
    axes : tuple of Axis
    n_columns : int
    near : callable
        Maps coordinates (b, p) to those at which they are looked up, and what is added to their attributions, if
        anything.
    zero_sum : bool
        Whether the scores of all rows have one sum, so that what the tables leave of the last one follows from the
        others.
    """

    scores: Scores
    tables: Tables
    mean_scores: Tensor
    background: Tensor
    column_of: Tensor
    axes: tuple[Axis, ...]
    n_columns: int
    near: Callable[[Tensor], tuple[Tensor, Changes | None]] = lambda x: (x, None)
    zero_sum: bool = False

    def residual(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The scores (b, C), and what the tables leave of them but for a constant, float64."""
        s = self.scores(x).double().cpu()
        known = range(s.shape[1] - self.zero_sum)
        phi = torch.stack([self.tables(x, c).double().cpu().sum(dim=1) for c in known], dim=1)
        if self.zero_sum:
            phi = torch.cat((phi, -phi.sum(dim=1, keepdim=True)), dim=1)
        return s, s - phi

    def shuffled(self, n: int, generator: torch.Generator) -> Tensor:
        """Rows (n, p) in which every column is drawn by itself from the background."""
        return shuffled_values(self.background, self.column_of, n, generator)

    @property
    def rows_at_a_time(self) -> int:
        """Rows that are scored and looked up together."""
        return self.affordable(ROWS_AT_A_TIME)

    def affordable(self, n_rows: int) -> int:
        """This number of rows, or fewer in a wide table."""
        return max(FEWEST_ROWS, min(n_rows, NUMBERS // max(1, self.background.shape[1])))

    def with_triples(self, triples: Triples) -> Measured:
        """With the effects of triples in the tables."""
        return replace(self, tables=lambda x, c: triples.add_shapley_values(self.tables(x, c), x, c))


@torch.no_grad()
def measure_remainder(measured: Measured, columns: Tensor, seed: int) -> Remainder:
    """Find triples, and measure shares, on shuffled background rows; there are no constants yet.

    Parameters
    ----------
    measured : Measured
    columns : Tensor of int
        Columns whose indices are measured, as many of the first as can be afforded; those of the others are zero.
    seed : int
    """
    generator = torch.Generator().manual_seed(seed)
    shares, unexplained = _residual_shares(measured, columns, generator)
    triples = None
    if unexplained.amax() > WORTH_TRIPLES:
        triples = _triples(measured, shares, NEGLIGIBLE / float(unexplained.amax()), generator)
    if triples is not None:
        triples = triples.against(measured.background)
        shares, unexplained = _residual_shares(measured.with_triples(triples), columns, generator)
    return Remainder(torch.zeros_like(shares), shares, triples, unexplained=unexplained)


@torch.no_grad()
def with_constants(remainder: Remainder, measured: Measured) -> Remainder:
    """The same remainder, with the constants that make every column's attributions have mean zero.

    Parameters
    ----------
    remainder : Remainder
        Without constants.
    measured : Measured
        With tables that know the background.
    """
    m = len(measured.background)
    few = torch.linspace(
        0, m - 1, min(m, measured.affordable(m)), dtype=torch.float64
    ).long()  # sorted rows: from all over the table
    background = torch.split(measured.background[few], measured.rows_at_a_time)
    s = torch.cat([measured.scores(x).double().cpu() for x in background])
    near = [measured.near(x) for x in background]
    constants = torch.zeros_like(remainder.constants)
    for c in range(s.shape[1]):
        found = [(measured.tables(x, c), changes) for x, changes in near]
        phi = torch.cat([(p if changes is None else changes.added_to(p, c)).double().cpu() for p, changes in found])
        constants[c] = phi.mean(dim=0)
        # What the shares leave of a mean, since they depend on the row, is a constant as well. It changes the shares a
        # little, so that once more something is left.
        for _ in range(ROUNDS):
            so_far = replace(remainder, constants=constants)
            completed, _ = so_far.completed(phi.clone(), s[:, c] - measured.mean_scores[c], c)
            constants[c] += completed.mean(dim=0)
    return replace(remainder, constants=constants)


def _residual_shares(measured: Measured, columns: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Total Sobol indices of what the tables leave, divided by their sum, (C, d); its share of the variance, (C,).

    Where no index is above zero the columns have even shares, of a variance that counts as none; but of a score that
    they do not move they have none.
    """
    evaluations = measured.affordable(EVALUATIONS)
    columns = columns[: max(1, evaluations // FEWEST_ROWS - 1)]
    n = min(MOST_ROWS, max(FEWEST_ROWS, evaluations // (len(columns) + 1)))
    x, other = measured.shuffled(n, generator), measured.shuffled(n, generator)
    s, before = measured.residual(x)
    indices = torch.zeros(before.shape[1], measured.n_columns, dtype=torch.float64)
    for some in torch.split(columns, max(1, measured.rows_at_a_time // n)):
        redrawn = x.repeat(len(some), 1, 1)
        for i, j in enumerate(some.tolist()):
            own = torch.nonzero(measured.column_of == j).flatten().to(x.device)
            redrawn[i][:, own] = other[:, own]
        change = measured.residual(redrawn.flatten(0, 1))[1].reshape(len(some), n, -1) - before
        indices[:, some] = change.square().mean(dim=1).T / 2
    total = indices.sum(dim=1)
    unexplained = before.var(dim=0) / variance_of_scores(s, x.dtype)
    unexplained = torch.where(total > 0, unexplained, 0.0)
    moved = s.std(dim=0) > STILL * s.abs().amax(dim=0)
    indices[((total == 0) & moved).nonzero(), columns] = 1.0
    return indices / indices.sum(dim=1, keepdim=True).clamp_min(NEVER_ZERO), unexplained


def _triples(measured: Measured, shares: Tensor, least: float, generator: torch.Generator) -> Triples | None:
    """Triples among the axes of the columns that make most of what the tables leave."""
    axis_column = measured.column_of[torch.tensor([int(axis.coordinates[0]) for axis in measured.axes])]
    importance = shares.amax(dim=0)[axis_column]
    order = importance.argsort(descending=True, stable=True)[:TRIED_AXES]
    tried = order[importance[order] > 0].sort().values.tolist()
    rows: list[tuple[Tensor, Tensor]] = []
    found = None
    for n in (FIRST_TRIPLE_ROWS, TRIPLE_ROWS):
        while sum(len(x) for x, _ in rows) < measured.affordable(n):
            x = measured.shuffled(min(measured.rows_at_a_time, n), generator)
            rows.append((x, measured.residual(x)[1]))
        found = find_triples(measured.axes, axis_column, tried, rows, least)
        if found is None:  # a few rows are enough to see that there are none
            break
    return found
