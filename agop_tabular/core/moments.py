"""Streaming, mergeable moments: of gradients (dense and diagonal) and of the coordinates themselves.

Every moment is a plain sum over rows. Products are taken in the gradients' own precision, one batch at a time, and
summed in float64 on the CPU, so that batch size and row order do not show in the result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class GradientMoment(ABC):
    """Sum over rows and classes of a product of gradients; :class:`DenseMoment` and :class:`DiagonalMoment` say which.

    Parameters
    ----------
    p : int
        Number of coordinates.

    Attributes
    ----------
    n : int
        Number of rows.
    total : Tensor, float64
    """

    p: int
    n: int = 0
    total: Tensor = field(default_factory=lambda: torch.zeros(()))

    def update(self, gradients: Iterable[Tensor]) -> None:
        """Add a batch of rows: the gradients (b, p) of one score after the other."""
        product, b = None, 0
        for g in gradients:
            product, b = self._product(_at_least_float32(g), product), g.shape[0]
        if product is not None:
            self.total = self.total + product.cpu()
        self.n += b

    def merge(self, other: GradientMoment) -> None:
        """Add the rows of another moment."""
        self.total = self.total + other.total
        self.n += other.n

    def mean(self) -> Tensor:
        """Mean over rows of the sum over classes."""
        return self.total / max(self.n, 1)

    @abstractmethod
    def diagonal(self) -> Tensor:
        """Sum over rows and classes of the squared gradients, (p,)."""

    @abstractmethod
    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        """The product of one score's gradients, summed over the batch, added to what there is."""


@dataclass
class DenseMoment(GradientMoment):
    """Outer products, (p, p): the AGOP before it is divided by the rows."""

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(self.p, self.p, dtype=torch.float64)

    def diagonal(self) -> Tensor:
        """A view of the diagonal of what was summed, (p,)."""
        return torch.diagonal(self.total)

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        return g.T @ g if so_far is None else so_far.addmm_(g.T, g)


@dataclass
class DiagonalMoment(GradientMoment):
    """Squares, (p,): the diagonal of :class:`DenseMoment` without ever building p × p."""

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(self.p, dtype=torch.float64)

    def diagonal(self) -> Tensor:
        """What was summed, (p,)."""
        return self.total

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        squares = g.square().sum(dim=0)
        return squares if so_far is None else so_far.add_(squares)


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
        x, b = _at_least_float32(x), x.shape[0]
        ones = x.new_ones(b)
        mean = (ones @ x) / b  # the sums as products: no faster way to go down the columns
        residual = x - mean
        rest = (ones @ residual) / b  # what rounding left of the mean
        squares = ones @ residual.square_()
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


def _at_least_float32(t: Tensor) -> Tensor:
    """Sums over a batch overflow the half precisions."""
    return t.float() if t.element_size() < 4 else t
