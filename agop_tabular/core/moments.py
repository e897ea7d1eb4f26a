"""Streaming, mergeable moments of gradients: dense, diagonal, and factored behind a first layer.

Every moment is a plain sum over rows. Products are taken in the gradients' own precision, one batch at a
time, and summed in float64 on the CPU, so that batch size and row order do not show in the result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from agop_tabular.core.filters import Filter
from agop_tabular.core.spectrum import Spectrum


@dataclass
class GradientMoment(ABC):
    """Sum over rows and classes of a product of gradients; its subclasses say which.

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
    """What ``moment=`` calls it."""

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
        """Mean over rows of the sum over classes."""
        return self.total / max(self.n, 1)

    def is_finite(self) -> bool:
        """Whether all gradients were, and their squares."""
        return bool(torch.isfinite(self.diagonal().sum()))

    @property
    def error(self) -> float:
        """Bound of the spectral norm of what :meth:`mean` lacks of the whole mean."""
        return 0.0

    @abstractmethod
    def diagonal(self) -> Tensor:
        """Sum over rows and classes of the squared gradients, (p,)."""

    def diagonal_behind(self, filter: Filter) -> Tensor:
        """The same mean of the gradients behind a filter, (p,)."""
        if filter.left is None and filter.diagonal is not None:
            return self.diagonal() / max(self.n, 1) * filter.diagonal.square()
        return self._filtered_diagonal(filter)

    @abstractmethod
    def spectrum(self, filter: Filter) -> Spectrum | None:
        """Of the mean of the gradients behind a filter; None where only a diagonal is known."""

    @abstractmethod
    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        """Diagonal behind a filter that is not diagonal itself."""

    @abstractmethod
    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        """The product of one score's gradients, summed over the batch, added to what there is."""


@dataclass
class DenseMoment(GradientMoment):
    """Outer products, (p, p): the AGOP before it is divided by the rows."""

    kind = "dense"

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(self.p, self.p, dtype=torch.float64)

    def diagonal(self) -> Tensor:
        """A view of the diagonal of what was summed, (p,)."""
        return torch.diagonal(self.total)

    def spectrum(self, filter: Filter) -> Spectrum:
        """By decomposing p × p."""
        return Spectrum.of(self._filtered(filter))

    def _filtered(self, filter: Filter) -> Tensor:
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
        """What was summed, (p,)."""
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
    """Outer products (h, h) of the gradients behind a first layer, of which every gradient is ``a @ weight``.

    ``M = weightᵀ S weight`` is exact, and p × p is built by :meth:`mean` alone.

    Parameters
    ----------
    p : int
    weight : Tensor of shape (h, p)
    """

    kind = "factored"
    weight: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    _known: tuple[int, Tensor] = field(default_factory=lambda: (-1, torch.empty(0)), repr=False)

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(len(self.weight), len(self.weight), dtype=torch.float64)
            self._known = -1, torch.empty(0)

    def merge(self, other: GradientMoment) -> None:
        """Add the rows of another moment, behind the same weights."""
        self.check(other.weight if isinstance(other, FactoredMoment) else None)
        super().merge(other)

    def check(self, weight: Tensor | None) -> None:
        """Refuse gradients behind other weights than those that it was begun with."""
        if weight is None or not torch.equal(self.weight, weight.cpu()):
            raise ValueError("The first layer has changed since earlier rows were gathered; call fit to begin anew.")

    def mean(self) -> Tensor:
        """Mean over rows of the sum over classes, (p, p), float64."""
        weight = self.weight.double()
        return weight.T @ (super().mean() @ weight)

    def is_finite(self) -> bool:
        """Whether all gradients behind the layer were, and their squares."""
        return bool(torch.isfinite(torch.diagonal(self.total).sum()))

    def diagonal(self) -> Tensor:
        """Sum over rows and classes of the squared gradients, (p,)."""
        known, diagonal = self._known
        if known != self.n:
            diagonal = self._diagonal(self.weight.double(), self.total)
            self._known = self.n, diagonal
        return diagonal

    def spectrum(self, filter: Filter) -> Spectrum:
        """By decomposing h × h, twice."""
        values, vectors = torch.linalg.eigh(super().mean())
        root = values.clamp_min(0.0).sqrt()[:, None] * vectors.T
        return Spectrum.of_root(root, filter(self.weight.double()))

    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        return self._diagonal(filter(self.weight.double()), super().mean())

    @staticmethod
    def _diagonal(weight: Tensor, S: Tensor) -> Tensor:
        return (weight * (S @ weight)).sum(dim=0).clamp_min_(0.0)

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        return g.T @ g if so_far is None else so_far.addmm_(g.T, g)


def at_least_float32(t: Tensor) -> Tensor:
    """Sums over a batch overflow the half precisions."""
    return t.float() if t.element_size() < 4 else t
