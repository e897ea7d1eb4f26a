"""Shuffled rows: every column is drawn independently from the training rows, as from the product of the marginals.

On such rows columns are independent, so no effect absorbs what another one does through a dependence of their columns.
These are also the rows that interventional Shapley values average over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.axes import Axis

OVERSAMPLED = 0.5
"""Largest share of the shuffled rows in which one axis is oversampled, so that at least half of them keep the
distribution of the training rows. Chosen on development seeds, see docs/ablation.md."""

OVERSAMPLED_PER_AXIS = 0.25
"""The same share for each axis, in tables of one axis: few axes need few such rows. Chosen on development seeds."""

PERMUTED_COLUMNS = 256
"""With at most this many columns every column is permuted, which uses all rows equally often. With more, sorting random
numbers for the permutations takes longer than the network does, so rows are drawn with replacement."""


def shuffled(
    rows: Tensor, axes: tuple[Axis, ...], column_of: Tensor, n: int, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Draw n shuffled rows, in batches.

    In some rows one axis is *oversampled*: its column is drawn evenly over the bins of the axis, not over rows, so that
    rare values are seen.

    Parameters
    ----------
    rows : Tensor of shape (m, p)
    axes : tuple of Axis
    column_of : Tensor of int, shape (p,)
        Coordinates with the same column number are shuffled together.
    n, batch_size : int
    generator : torch.Generator

    Yields
    ------
    x : Tensor of shape (b, p)
    oversampled : Tensor of int, shape (b,)
        Number of the oversampled axis of each row, -1 for none.
    """
    rows = sorted_rows(rows)
    columns, column_number = torch.unique(column_of, return_inverse=True)
    coordinates = torch.arange(rows.shape[1], device=rows.device)
    by_bin = [_RowsByBin.of_axis(axis, rows, int(column_number[axis.coordinates[0]])) for axis in axes]
    for start in range(0, n, batch_size):
        b = min(batch_size, n - start)
        source = _draw_sources(b, len(rows), len(columns), generator)
        oversampled = _draw_axes(b, axes, generator)
        for i, members in enumerate(by_bin):
            here = torch.nonzero(oversampled == i).flatten()
            source[here, members.column] = members.draw(len(here), generator)
        yield rows[source[:, column_number].to(rows.device), coordinates], oversampled


def shuffled_values(rows: Tensor, column_of: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Draw n shuffled rows (n, p) with replacement from rows (m, p), none of them oversampled.

    Parameters
    ----------
    rows : Tensor of shape (m, p)
    column_of : Tensor of int, shape (p,)
        Coordinates with the same column number are drawn together.
    n : int
    generator : torch.Generator
    """
    columns, column_number = torch.unique(column_of, return_inverse=True)
    drawn = torch.randint(len(rows), (n, len(columns)), generator=generator)[:, column_number]
    return rows[drawn.to(rows.device), torch.arange(rows.shape[1], device=rows.device)]


def oversampled_share(axes: tuple[Axis, ...]) -> float:
    """Share of the shuffled rows in which one axis is oversampled."""
    return min(OVERSAMPLED_PER_AXIS * len(axes), OVERSAMPLED)


def sorted_rows(rows: Tensor) -> Tensor:
    """Rows in an order that depends neither on the order of the table nor on the scale of its columns.

    The same seed then draws the same values from a table however it was sorted and scaled.
    """
    z = rows.double().cpu()
    z = (z - z.mean(dim=0)) / z.std(dim=0, correction=0).clamp_min(NEVER_ZERO)  # of one row, too
    # Weights without simple ratios, so that different rows hardly ever get the same position.
    order = (z @ torch.linspace(1.0, 2.0, rows.shape[1], dtype=torch.float64).sqrt()).argsort()
    return rows[order.to(rows.device)]


def _draw_sources(b: int, n_rows: int, n_columns: int, generator: torch.Generator) -> Tensor:
    """Number of the row that each column of b shuffled rows is taken from, (b, n_columns)."""
    if n_columns > PERMUTED_COLUMNS:
        return torch.randint(n_rows, (b, n_columns), generator=generator)
    rounds = -(-b // n_rows)
    return (
        torch.rand(rounds, n_rows, n_columns, generator=generator, dtype=torch.float32).argsort(dim=1).flatten(0, 1)[:b]
    )


def _draw_axes(b: int, axes: tuple[Axis, ...], generator: torch.Generator) -> Tensor:
    """Number of the oversampled axis of each of b rows, -1 for none."""
    axis = torch.where(torch.rand(b, generator=generator, dtype=torch.float32) < oversampled_share(axes), 0, -1)
    axis += (axis == 0) * torch.randint(max(1, len(axes)), (b,), generator=generator)
    return axis


@dataclass(frozen=True, eq=False)
class _RowsByBin:
    """The rows of one axis by bin; bins without rows are left out."""

    column: int
    members: Tensor
    starts: Tensor
    counts: Tensor

    @classmethod
    def of_axis(cls, axis: Axis, rows: Tensor, column: int) -> _RowsByBin:
        bins = axis.bins(rows).cpu()
        counts = torch.bincount(bins)
        starts = counts.cumsum(0) - counts
        return cls(column, bins.argsort(stable=True), starts[counts > 0], counts[counts > 0])

    def draw(self, k: int, generator: torch.Generator) -> Tensor:
        """Numbers of k rows: a bin, each equally likely, and a row in it."""
        bins = torch.randint(len(self.starts), (k,), generator=generator)
        within = (torch.rand(k, generator=generator, dtype=torch.float32) * self.counts[bins]).long()
        return self.members[self.starts[bins] + within]
