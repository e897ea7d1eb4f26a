"""Mean and variance of the coordinates, streamed and merged."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from agop_tabular.core.moments import at_least_float32

IN_CACHE = 2**19
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
        mean = (x.new_ones(b) @ x) / b  # the sums as products: no faster way to go down the columns
        rest, squares = torch.zeros(2, self.p, dtype=x.dtype, device=x.device).unbind()
        for rows in torch.split(x, max(1, IN_CACHE // max(1, self.p))):
            residual = rows - mean
            ones = residual.new_ones(len(rows))
            rest.addmv_(residual.T, ones)  # what rounding left of the mean
            squares.addmv_(residual.square_().T, ones)
        rest /= b
        varies = squares > b * (1024 * torch.finfo(x.dtype).eps * mean).square()
        if not varies.all():  # rounding, or too little to tell from it: look at the values themselves
            near = (~varies).nonzero()[:, 0]
            varies[near] = (x[:, near] != x[0, near]).any(dim=0)
        lost = ~torch.isfinite(squares) | (varies & (squares < b * torch.finfo(x.dtype).tiny * 1e6))
        if x.dtype != torch.float64 and lost.any():  # too large or too small to be squared in this precision
            return self.update(x.double())
        mean, rest, squares, first = (t.cpu().double() for t in (mean, rest, squares, x[0]))
        self.merge(CoordinateMoment(self.p, b, mean + rest, squares - b * rest.square(), first, varies.cpu()))
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
