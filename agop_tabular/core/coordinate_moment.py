"""Mean and variance of the coordinates, streamed and merged."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from agop_tabular.core.precision import at_least_float32

FIRST_ROWS = 64
"""Deviations of the first batch are taken from the mean of this many rows. Near the mean they lose no digits when
squared, and a few rows suffice for that; later batches use the mean so far."""

IN_CACHE = 2**20
"""Numbers that are worked on at a time, since several passes go over them: 4 MB in float32, to stay in a cache."""

ROUNDING = 1024
"""A standard deviation below this many units of rounding of the mean may be rounding only: sums over many rows collect
some of it. The values themselves are then compared."""

BLURRED = 1e4
"""A variance below this many units of rounding of the mean square deviation has lost too many digits: fewer
than four would be left. It is then computed in float64."""

SMALLEST_SQUARES = 1e6
"""Squares below this many of the smallest normal numbers have lost digits likewise."""


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
        # Deviations are taken from a number near the mean, so that one pass in the network's precision is accurate.
        near = self.mean.to(x.device, x.dtype) if self.n else x[:FIRST_ROWS].mean(dim=0)
        offset, squares = self._sum_deviations(x, near)
        offset /= b
        mean, deviations = near + offset, squares - b * offset.square()
        precision = torch.finfo(x.dtype)
        varies = deviations > b * (ROUNDING * precision.eps * torch.maximum(mean.abs(), offset.abs())).square()
        if not varies.all():  # rounding, or too little to tell from it: look at the values themselves
            unclear = (~varies).nonzero()[:, 0]
            varies[unclear] = (x[:, unclear] != x[0, unclear]).any(dim=0)
        # The offset was too far from the mean; or squares were too large or too small for this precision.
        blurred = deviations < BLURRED * precision.eps * squares
        too_small = deviations < b * precision.tiny * SMALLEST_SQUARES
        lost = ~torch.isfinite(squares) | (varies & (blurred | too_small))
        if x.dtype != torch.float64 and lost.any():
            return self.update(x.double())
        near, offset, squares, first = (t.cpu().double() for t in (near, offset, squares, x[0]))
        squares = (squares - b * offset.square()).clamp_min_(0.0)
        self.merge(CoordinateMoment(self.p, b, near + offset, squares, first, varies.cpu()))
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
        """Standard deviation, divided by n and not by n - 1; exactly 0 if all rows have the same value."""
        return torch.where(self.varies, (self.squares.clamp_min(0.0) / max(self.n, 1)).sqrt(), 0.0)

    def _sum_deviations(self, x: Tensor, near: Tensor) -> tuple[Tensor, Tensor]:
        """Sum of x - near and of its square over rows, (p,) each."""
        total, squares = torch.zeros(2, self.p, dtype=x.dtype, device=x.device).unbind()
        size = max(1, IN_CACHE // max(1, self.p))
        deviations, ones = x.new_empty(min(size, len(x)), self.p), x.new_ones(min(size, len(x)))
        for rows in torch.split(x, size):
            part, one = torch.sub(rows, near, out=deviations[: len(rows)]), ones[: len(rows)]
            total.addmv_(part.T, one)  # a matrix product is the fastest way to sum down the columns
            squares.addmv_(part.square_().T, one)
        return total, squares
