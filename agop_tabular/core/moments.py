"""Moments of gradients, streamed and merged: dense, diagonal, and factored behind a first layer.

Every moment is a sum over rows. The products of one batch are computed in the gradients' own precision and summed in
float64 on the CPU, so that the result hardly depends on batch size and row order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from agop_tabular.core.filters import Filter
from agop_tabular.core.precision import at_least_float32
from agop_tabular.core.spectrum import Spectrum


@dataclass
class GradientMoment(ABC):
    """Sum over rows and scores of a product of gradients; subclasses define the product.

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

    kind: ClassVar[str]
    """Its name in the explainer's parameter ``moment``."""

    p: int
    n: int = 0
    total: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))

    def update(self, gradients: Iterable[Tensor]) -> None:
        """Add a batch of rows: the gradients (b, p) of one score after the other."""
        product, b = None, 0
        for g in gradients:
            product, b = self._product(at_least_float32(g), product), g.shape[0]
        if product is not None:
            self.total = self.total + product.cpu()
        self.n += b

    def merge(self, other: GradientMoment) -> None:
        """Add the rows of another moment."""
        self.total = self.total + other.total
        self.n += other.n

    def mean(self) -> Tensor:
        """Mean over rows of the sum over scores."""
        return self.total / max(self.n, 1)

    def is_finite(self) -> bool:
        """Whether all gradients and their squares were finite."""
        return bool(torch.isfinite(self.diagonal().sum()))

    @property
    def error(self) -> float:
        """Bound on the spectral norm of the exact mean minus :meth:`mean`; zero for exact moments."""
        return 0.0

    @abstractmethod
    def diagonal(self) -> Tensor:
        """Sum over rows and scores of the squared gradients, (p,)."""

    def diagonal_behind(self, filter: Filter) -> Tensor:
        """Mean over rows of the summed squares of filtered gradients, (p,)."""
        if filter.left is None and filter.diagonal is not None:
            return self.diagonal() / max(self.n, 1) * filter.diagonal.square()
        return self._filtered_diagonal(filter)

    @abstractmethod
    def spectrum(self, filter: Filter) -> Spectrum | None:
        """Spectrum of the mean for filtered gradients; None if only the diagonal is known."""

    @abstractmethod
    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        """:meth:`diagonal_behind` for a filter that is not diagonal itself."""

    @abstractmethod
    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        """Sum over the batch of the product of one score's gradients, added to that of earlier scores."""


@dataclass
class DenseMoment(GradientMoment):
    """Outer products, (p, p): the AGOP times the number of rows."""

    kind = "dense"

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(self.p, self.p, dtype=torch.float64)

    def diagonal(self) -> Tensor:
        """Diagonal of the sum, (p,), as a view."""
        return torch.diagonal(self.total)

    def spectrum(self, filter: Filter) -> Spectrum:
        """Spectrum of the mean for filtered gradients, by decomposing p × p."""
        return Spectrum.of_matrix(self._filtered(filter))

    def _filtered(self, filter: Filter) -> Tensor:
        """Mean of the outer products of filtered gradients, (p, p)."""
        return filter(filter(self.mean()).T)

    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        return torch.diagonal(self._filtered(filter))

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        return g.T @ g if so_far is None else so_far.addmm_(g.T, g)


@dataclass
class DiagonalMoment(GradientMoment):
    """Squares, (p,): the diagonal of :class:`DenseMoment` without ever building p × p."""

    kind = "diagonal"

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(self.p, dtype=torch.float64)

    def diagonal(self) -> Tensor:
        """The sum itself, (p,)."""
        return self.total

    def spectrum(self, filter: Filter) -> None:
        """None: a diagonal has no spectrum."""

    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        raise ValueError("A diagonal is not enough for a filter that mixes coordinates.")

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        squares = g.square().sum(dim=0)
        return squares if so_far is None else so_far.add_(squares)


@dataclass
class FactoredMoment(GradientMoment):
    """Outer products (h, h) of the gradients a behind a first layer; gradients are ``a @ weight``.

    With S their mean, ``M = weightᵀ S weight`` is exact. Only :meth:`mean` builds p × p.

    Parameters
    ----------
    p : int
    weight : Tensor of shape (h, p)
    """

    kind = "factored"
    weight: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    _cached_diagonal: tuple[int, Tensor] = field(default_factory=lambda: (-1, torch.empty(0)), repr=False)

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(len(self.weight), len(self.weight), dtype=torch.float64)
            self._cached_diagonal = -1, torch.empty(0)

    def merge(self, other: GradientMoment) -> None:
        """Add the rows of another moment, behind the same weights."""
        self.check(other.weight if isinstance(other, FactoredMoment) else None)
        super().merge(other)

    def check(self, weight: Tensor | None) -> None:
        """Raise ValueError if the weights of the first layer are not those of earlier rows."""
        if weight is None or not torch.equal(self.weight, weight.cpu()):
            raise ValueError("The first layer has changed since earlier rows were added; call fit to start anew.")

    def mean(self) -> Tensor:
        """Mean over rows of the sum over scores, (p, p), float64."""
        weight = self.weight.double()
        return weight.T @ (super().mean() @ weight)

    def is_finite(self) -> bool:
        """Whether all gradients behind the layer and their squares were finite."""
        return bool(torch.isfinite(torch.diagonal(self.total).sum()))

    def diagonal(self) -> Tensor:
        """Sum over rows and scores of the squared gradients, (p,)."""
        n, diagonal = self._cached_diagonal
        if n != self.n:
            diagonal = self._diagonal(self.weight.double(), self.total)
            self._cached_diagonal = self.n, diagonal
        return diagonal

    def spectrum(self, filter: Filter) -> Spectrum:
        """Spectrum of the mean for filtered gradients, by decomposing h × h twice."""
        values, vectors = torch.linalg.eigh(super().mean())
        root = values.clamp_min(0.0).sqrt()[:, None] * vectors.T
        return Spectrum.of_root(root, filter(self.weight.double()))

    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        return self._diagonal(filter(self.weight.double()), super().mean())

    @staticmethod
    def _diagonal(weight: Tensor, S: Tensor) -> Tensor:
        """Diagonal of ``weightᵀ S weight`` without building p × p."""
        return (weight * (S @ weight)).sum(dim=0).clamp_min_(0.0)

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        return g.T @ g if so_far is None else so_far.addmm_(g.T, g)
