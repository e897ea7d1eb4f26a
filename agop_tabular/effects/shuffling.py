"""Shuffled rows: every column is drawn independently from the training rows, as from the product of the marginals.

On such rows columns are independent, so no effect absorbs what another one does through a dependence of their columns.
These are also the rows that interventional Shapley values average over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.bins import AxisBins

OVERSAMPLED = 0.25
"""Largest share of the shuffled rows in which one axis is oversampled, so that at least half of them keep the
distribution of the training rows. Chosen on development seeds, see docs/ablation.md."""

OVERSAMPLED_PER_AXIS = 0.25
"""The same share for each axis, in tables of one axis: few axes need few such rows. Chosen on development seeds."""

OVERSAMPLED_AXES = 256
"""With more axes none is oversampled: each would have a share of the rows that is too small to count."""

PERMUTED_COLUMNS = 256
"""With at most this many columns every column is permuted, which uses all rows equally often. With more, permutations
take longer than the network does, so rows are drawn with replacement."""

NUMBERS = 2**22
"""Numbers of a table that are copied at a time: 32 MB."""


def shuffled(
    rows: Tensor, axes: tuple[Axis, ...], column_of: Tensor, n: int, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Draw n shuffled rows, in batches, each of them when it is asked for.

    In some rows one axis is *oversampled*: its column is drawn evenly over the bins of the axis, not over rows, so that
    rare values are seen.

    Parameters
    ----------
    rows : Tensor of shape (m, p)
        In the order of :func:`sorted_rows`.
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
    columns, column_number = torch.unique(column_of, return_inverse=True)
    column_of_axis = torch.tensor([int(column_number[axis.coordinates[0]]) for axis in axes], dtype=torch.long)
    by_bin = _RowsByBin.of(axes, rows) if oversampled_share(axes) else None
    sources, by_column = _Sources(len(rows), len(columns), generator), rows.T.contiguous()
    for start in range(0, n, batch_size):
        b = min(batch_size, n - start)
        source, oversampled = sources.draw(b), torch.full((b,), -1)
        if by_bin is not None:
            oversampled = _draw_axes(b, axes, generator)
            here = torch.nonzero(oversampled >= 0).flatten()
            axis = oversampled[here]
            source[here, column_of_axis[axis]] = by_bin.draw(axis, generator)
        yield _taken(by_column, source, column_number), oversampled


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
    drawn = torch.randint(len(rows), (n, len(columns)), generator=generator)
    return _taken(rows.T, drawn, column_number)


def oversampled_share(axes: tuple[Axis, ...]) -> float:
    """Share of the shuffled rows in which one axis is oversampled."""
    return 0.0 if len(axes) > OVERSAMPLED_AXES else min(OVERSAMPLED_PER_AXIS * len(axes), OVERSAMPLED)


def sorted_rows(rows: Tensor) -> Tensor:
    """Rows in an order that depends neither on the order of the table nor on the scale of its columns.

    The same seed then draws the same values from a table however it was sorted and scaled.
    """
    # Weights without simple ratios, so that different rows hardly ever get the same position.
    weights = torch.linspace(1.0, 2.0, rows.shape[1], dtype=torch.float64).sqrt()
    position = torch.zeros(len(rows), dtype=torch.float64)
    size = max(1, NUMBERS // max(1, len(rows)))  # so that a wide table is not copied as a whole
    for part, weight in zip(torch.split(rows, size, dim=1), torch.split(weights, size), strict=True):
        z = part.double().cpu()
        z = z - z.mean(dim=0)
        position += z @ (weight / z.square().mean(dim=0).sqrt().clamp_min(NEVER_ZERO))
    return rows[position.argsort().to(rows.device)]


def _taken(by_column: Tensor, source: Tensor, column_number: Tensor) -> Tensor:
    """Rows (b, p) of coordinates (p, m), each column (b, d) of which is taken from a row of its own."""
    places = source.T[column_number].to(by_column.device)
    return by_column.gather(1, places).T.contiguous()


class _Sources:
    """The row of the table that each column of shuffled rows is taken from.

    Parameters
    ----------
    n_rows, n_columns : int
    generator : torch.Generator
    """

    def __init__(self, n_rows: int, n_columns: int, generator: torch.Generator):
        self.n_rows, self.n_columns, self.generator = n_rows, n_columns, generator
        seed = int(torch.randint(2**62, (1,), generator=generator))
        self._shuffle = np.random.default_rng(seed).permuted  # several times as fast as sorting random numbers
        self._left = torch.zeros(0, n_columns, dtype=torch.long)

    def draw(self, b: int) -> Tensor:
        """For b rows, (b, n_columns); in few columns every row is used again only when all others have been."""
        if self.n_columns > PERMUTED_COLUMNS:
            return torch.randint(self.n_rows, (b, self.n_columns), generator=self.generator)
        while len(self._left) < b:
            places = np.tile(np.arange(self.n_rows), (self.n_columns, 1))
            self._left = torch.cat((self._left, torch.from_numpy(self._shuffle(places, axis=1, out=places).T)))
        drawn, self._left = self._left[:b], self._left[b:]
        return drawn.clone()


def _draw_axes(b: int, axes: tuple[Axis, ...], generator: torch.Generator) -> Tensor:
    """Number of the oversampled axis of each of b rows, -1 for none."""
    axis = torch.where(torch.rand(b, generator=generator, dtype=torch.float32) < oversampled_share(axes), 0, -1)
    axis += (axis == 0) * torch.randint(max(1, len(axes)), (b,), generator=generator)
    return axis


@dataclass(frozen=True, eq=False)
class _RowsByBin:
    """The rows of a table, sorted into the bins of every axis; bins without rows are left out.

    Attributes
    ----------
    members : Tensor of int, shape (n_axes, m)
        Numbers of the rows, by bin.
    counts, starts : Tensor of int, shape (k,)
        Rows of each bin that has some, of all axes, and the place among ``members`` of the first one.
    first, n_bins : Tensor of int, shape (n_axes,)
        The first of these bins of each axis, and their number.
    """

    members: Tensor
    counts: Tensor
    starts: Tensor
    first: Tensor
    n_bins: Tensor

    @classmethod
    def of(cls, axes: tuple[Axis, ...], rows: Tensor) -> _RowsByBin:
        layout = AxisBins(axes)
        bins = layout(rows)
        members = torch.from_numpy(bins.numpy().argsort(axis=1, kind="stable"))
        counts = torch.bincount((bins + layout.starts[:, None]).flatten(), minlength=len(layout.owner))
        seen = counts > 0
        within = counts.cumsum(0) - counts - len(rows) * layout.owner
        n_bins = torch.bincount(layout.owner[seen], minlength=len(axes))
        return cls(members, counts[seen], within[seen], n_bins.cumsum(0) - n_bins, n_bins)

    def draw(self, axis: Tensor, generator: torch.Generator) -> Tensor:
        """Numbers of rows, one for each axis (k,): from a bin of that axis, each equally likely, any row of it."""
        at_random = torch.rand(2, len(axis), generator=generator, dtype=torch.float64)
        one = self.first[axis] + (at_random[0] * self.n_bins[axis]).long()
        return self.members[axis, self.starts[one] + (at_random[1] * self.counts[one]).long()]
