"""Streaming, mergeable moments: of gradients (dense and diagonal) and of the coordinates themselves.

Every moment is a plain sum over rows. Products are taken in the gradients' own precision, one batch at a time, and
summed in float64 on the CPU, so that batch size and row order do not show in the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class DenseMoment:
    """Sum over rows and classes of gradient outer products, the AGOP before it is divided by the rows.

    Parameters
    ----------
    p : int
        Number of coordinates.

    Attributes
    ----------
    total : Tensor of shape (p, p), float64
    n : int
        Number of rows.
    """

    p: int
    n: int = 0
    total: Tensor = field(default_factory=lambda: torch.empty(0))

    def __post_init__(self) -> None:
        if self.total.numel() == 0:
            self.total = torch.zeros(self.p, self.p, dtype=torch.float64)

    def update(self, jacobian: Tensor) -> None:
        """Add the gradients (b, C, p) of a batch."""
        flat = jacobian.reshape(-1, self.p)
        self.total += (flat.T @ flat).cpu()
        self.n += jacobian.shape[0]

    def merge(self, other: DenseMoment) -> None:
        """Add the rows of another moment."""
        self.total += other.total
        self.n += other.n

    def mean(self) -> Tensor:
        """Mean over rows of the sum over classes, (p, p)."""
        return self.total / max(self.n, 1)


@dataclass
class DiagonalMoment:
    """The diagonal of :class:`DenseMoment` without ever building p × p.

    Parameters
    ----------
    p : int
        Number of coordinates.

    Attributes
    ----------
    total : Tensor of shape (p,), float64
    n : int
        Number of rows.
    """

    p: int
    n: int = 0
    total: Tensor = field(default_factory=lambda: torch.empty(0))

    def __post_init__(self) -> None:
        if self.total.numel() == 0:
            self.total = torch.zeros(self.p, dtype=torch.float64)

    def update(self, jacobian: Tensor) -> None:
        """Add the gradients (b, C, p) of a batch."""
        self.total += jacobian.reshape(-1, self.p).square().sum(dim=0).cpu()
        self.n += jacobian.shape[0]

    def merge(self, other: DiagonalMoment) -> None:
        """Add the rows of another moment."""
        self.total += other.total
        self.n += other.n

    def mean(self) -> Tensor:
        """Mean over rows of the sum over classes, (p,)."""
        return self.total / max(self.n, 1)


@dataclass
class CoordinateMoment:
    """Mean and variance of each coordinate, by the pairwise update of Chan, Golub and LeVeque (1979).

    Parameters
    ----------
    p : int
        Number of coordinates.

    Attributes
    ----------
    mean : Tensor of shape (p,), float64
    squares : Tensor of shape (p,), float64
        Sum of squared deviations from the mean.
    n : int
        Number of rows.
    """

    p: int
    n: int = 0
    mean: Tensor = field(default_factory=lambda: torch.empty(0))
    squares: Tensor = field(default_factory=lambda: torch.empty(0))
    eps: float = 0.0

    def __post_init__(self) -> None:
        if self.mean.numel() == 0:
            self.mean = torch.zeros(self.p, dtype=torch.float64)
            self.squares = torch.zeros(self.p, dtype=torch.float64)

    def update(self, x: Tensor) -> None:
        """Add a batch of rows (b, p)."""
        b = x.shape[0]
        centre = x.mean(dim=0)
        residual = x - centre
        rest = residual.sum(dim=0).double().cpu() / b
        squares = residual.square_().sum(dim=0).double().cpu() - b * rest.square()
        batch = CoordinateMoment(self.p, b, centre.double().cpu() + rest, squares)
        batch.eps = torch.finfo(x.dtype).eps
        self.merge(batch)

    def merge(self, other: CoordinateMoment) -> None:
        """Add the rows of another moment."""
        n = self.n + other.n
        if n == 0:
            return
        delta = other.mean - self.mean
        self.squares = self.squares + other.squares + delta.square() * (self.n * other.n / n)
        self.mean = self.mean + delta * (other.n / n)
        self.n = n
        self.eps = max(self.eps, other.eps)

    def scale(self) -> Tensor:
        """Standard deviation (no degrees of freedom taken off); 0 where constant to the precision of the rows."""
        variance = self.squares.clamp_min(0.0) / max(self.n, 1)
        constant = variance <= (8.0 * self.eps * self.mean).square()
        return torch.where(constant, 0.0, variance.sqrt())
