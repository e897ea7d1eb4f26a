"""Mean and variance of the coordinates, streamed and merged."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from agop_tabular.core.moments import at_least_float32

FIRST = 64
"""Rows whose mean the first batch's deviations are taken from; later ones' are taken from the mean so far."""

IN_CACHE = 2**20
"""Numbers that are worked on at a time, since several passes go over them."""


@dataclass
class CoordinateMoment:
    """Mean and variance of each coordinate, by the pairwise update of Chan, Golub and LeVeque (1979).

    Parameters
    ----------
    p : int
        Number of coordinates.

    Attributes
    ----------
    n : int
        Number of rows.
    mean : Tensor of shape (p,), float64
    squares : Tensor of shape (p,), float64
        Sum of squared deviations from the mean.
    first : Tensor of shape (p,), float64
        The first row.
    varies : Tensor of bool, shape (p,)
        Whether any row differs from the first.
    """

    p: int
    n: int = 0
    mean: Tensor = field(default_factory=lambda: torch.empty(0))
    squares: Tensor = field(default_factory=lambda: torch.empty(0))
    first: Tensor = field(default_factory=lambda: torch.empty(0))
    varies: Tensor = field(default_factory=lambda: torch.empty(0))

    def __post_init__(self) -> None:
        if self.n == 0:
            self.mean, self.squares, self.first = torch.zeros(3, self.p, dtype=torch.float64).unbind()
            self.varies = torch.zeros(self.p, dtype=torch.bool)

    def update(self, x: Tensor) -> None:
        """Add a batch of rows (b, p)."""
        x, b = at_least_float32(x), x.shape[0]
        near = self.mean.to(x.device, x.dtype) if self.n else x[:FIRST].mean(dim=0)
        rest, squares = torch.zeros(2, self.p, dtype=x.dtype, device=x.device).unbind()
        size = max(1, IN_CACHE // max(1, self.p))
        deviations, ones = x.new_empty(min(size, b), self.p), x.new_ones(min(size, b))
        for rows in torch.split(x, size):  # the sums as products: no faster way to go down the columns
            part, one = torch.sub(rows, near, out=deviations[: len(rows)]), ones[: len(rows)]
            rest.addmv_(part.T, one)
            squares.addmv_(part.square_().T, one)
        rest /= b
        mean, spread = near + rest, squares - b * rest.square()
        eps = torch.finfo(x.dtype).eps
        varies = spread > b * (1024 * eps * torch.maximum(mean.abs(), rest.abs())).square()
        if not varies.all():  # rounding, or too little to tell from it: look at the values themselves
            unclear = (~varies).nonzero()[:, 0]
            varies[unclear] = (x[:, unclear] != x[0, unclear]).any(dim=0)
        blurred = spread < 1e4 * eps * squares  # by a distance from the mean
        lost = ~torch.isfinite(squares) | (varies & (blurred | (spread < b * torch.finfo(x.dtype).tiny * 1e6)))
        if x.dtype != torch.float64 and lost.any():  # too large or too small to be squared in this precision
            return self.update(x.double())
        near, rest, squares, first = (t.cpu().double() for t in (near, rest, squares, x[0]))
        squares = (squares - b * rest.square()).clamp_min_(0.0)
        self.merge(CoordinateMoment(self.p, b, near + rest, squares, first, varies.cpu()))
        return None

    def merge(self, other: CoordinateMoment) -> None:
        """Add the rows of another moment."""
        if other.n == 0:
            return
        if self.n == 0:
            self.first = other.first
        n = self.n + other.n
        delta = other.mean - self.mean
        self.squares = self.squares + other.squares + delta.square() * (self.n * other.n / n)
        self.mean = self.mean + delta * (other.n / n)
        self.varies = self.varies | other.varies | (other.first != self.first)
        self.n = n

    def scale(self) -> Tensor:
        """Standard deviation, no degrees of freedom taken off; exactly 0 where all rows are the same."""
        return torch.where(self.varies, (self.squares.clamp_min(0.0) / max(self.n, 1)).sqrt(), 0.0)
