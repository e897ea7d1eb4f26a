"""The map from the coordinates of a network's input to the user's columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.filters import Filter

COMPLETE = 0.99
"""A one-hot block is complete if in at least this share of the training rows one of its indicators is on. In the
others, say those with a dropped category, the gradients' common constant shows, and nothing is unidentified. A few rows
without any, such as unknown categories, do not identify it."""

SMALL_MATRIX = 2**20
"""Up to this many entries, columns times coordinates, a matrix product folds faster than scattering does."""


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """The user's d columns behind the p coordinates of a network's input.

    Attributes
    ----------
    names : tuple of str, length d
        The user's columns.
    coordinate_names : tuple of str, length p
    column_of : ndarray of int, shape (p,)
        The user's column of each coordinate; -1 for a constant that the preprocessing adds.
    block_of : ndarray of int, shape (p,)
        The one-hot block of each coordinate, numbered from 0; -1 outside blocks. The indicators of a block sum to 1.
        The splines of a column do so too and are treated as a block.
    low, high : ndarray of float, shape (p,)
        Value of the coordinate if its indicator is 0 and if it is 1; used inside blocks only.
    """

    names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    column_of: np.ndarray
    block_of: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def identity(cls, names: tuple[str, ...]) -> FeatureMap:
        """Make the map for a network that reads the columns as they are."""
        d = len(names)
        return cls(names, names, np.arange(d), np.full(d, -1), np.zeros(d), np.ones(d))

    @property
    def n_columns(self) -> int:
        """Number of the user's columns, d."""
        return len(self.names)

    @property
    def n_coordinates(self) -> int:
        """Number of coordinates, p."""
        return len(self.column_of)

    @cached_property
    def is_identity(self) -> bool:
        """Whether coordinates and columns are the same."""
        return np.array_equal(self.column_of, np.arange(self.n_columns))

    def part(self, coordinates: slice) -> FeatureMap:
        """Return the map of some of the coordinates; blocks keep their numbers and may have fewer members."""
        arrays = (self.column_of, self.block_of, self.low, self.high)
        return FeatureMap(self.names, self.coordinate_names[coordinates], *(a[coordinates] for a in arrays))

    def fold(self, values: Tensor, *, norm: bool = False) -> Tensor:
        """Fold coordinates (..., p) to columns (..., d), by the sum or by the L2 norm.

        A column without coordinates, dropped by the preprocessing, gets 0.
        """
        if self.is_identity:
            return values.abs() if norm else values
        if norm:
            return self.fold(values.square()).sqrt()
        kept = torch.from_numpy(np.flatnonzero(self.column_of >= 0)).to(values.device)
        column = torch.from_numpy(self.column_of[self.column_of >= 0]).to(values.device)
        folded = values.new_zeros(*values.shape[:-1], self.n_columns)
        if self.n_columns * self.n_coordinates <= SMALL_MATRIX:
            matrix = values.new_zeros(self.n_coordinates, self.n_columns)
            matrix[kept, column] = 1
            return values @ matrix
        return folded.index_add_(-1, column, values.index_select(-1, kept))

    @property
    def blocks(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Coordinates of each one-hot block, with the values of its indicators when off and when on."""
        members = [np.flatnonzero(self.block_of == b) for b in range(self.block_of.max(initial=-1) + 1)]
        return [(torch.from_numpy(m), torch.from_numpy(self.low[m]), torch.from_numpy(self.high[m])) for m in members]

    def centring(self, mean: Tensor) -> Filter | None:
        """Return the projection that removes what complete one-hot blocks leave unidentified; None without any block.

        The indicators o_b of a block sum to 1, so a gradient inside it is identified only up to a common constant. With
        the training frequencies π it becomes ``∂s/∂o_b - Σ_a π_a ∂s/∂o_a``, whatever scaling follows the encoder.

        Parameters
        ----------
        mean : Tensor of shape (p,), float64
            Training mean of the coordinates.
        """
        blocks = [members for members, _, _ in self.blocks]
        if not blocks:
            return None
        directions = torch.zeros(len(blocks), self.n_coordinates, dtype=torch.float64)
        weights = torch.zeros_like(directions)
        span = torch.from_numpy(self.high - self.low).double()
        frequency = (mean - torch.from_numpy(self.low)) / span
        for b, members in enumerate(blocks):
            share = frequency[members].clamp_min(0.0)
            if share.sum() < COMPLETE:
                continue
            share = share / share.sum()
            directions[b, members] = 1 / span[members]
            weights[b, members] = share * span[members]
        return Filter.centring(directions, weights)
