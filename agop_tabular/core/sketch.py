"""A sketch of the moment of gradients with too many coordinates for p × p, in memory of a few rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from agop_tabular.core.filters import Filter
from agop_tabular.core.moments import GradientMoment, at_least_float32
from agop_tabular.core.spectrum import Spectrum

SKETCH = 128
"""Directions that are kept."""


@dataclass
class SketchedMoment(GradientMoment):
    """A few rows (m, p) whose outer products are nearly those of all gradients, and the exact diagonal.

    Frequent Directions (Liberty 2013; Ghashami and others 2016): rows are stacked up, and when there are more than
    twice ``size`` of them, the ``size`` leading directions are kept, all of them shortened by what the next one had.
    What is lost is bounded, and the bound is kept; it is zero while gradients span no more than ``size`` directions.

    Parameters
    ----------
    p : int
    size : int
        Directions kept.
    rows : Tensor of shape (m, p)
    lost : float
        Bound of the spectral norm of ``sum of outer products - rowsᵀ rows``.
    """

    kind = "sketched"
    size: int = SKETCH
    rows: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    lost: float = 0.0

    def __post_init__(self) -> None:
        if self.n == 0:
            self.total = torch.zeros(self.p, dtype=torch.float64)
            self.rows, self.lost = torch.zeros(0, self.p), 0.0

    def update(self, gradients: Iterable[Tensor]) -> None:
        """Add a batch of rows: the gradients (b, p) of one score after the other."""
        b = 0
        for g in gradients:
            g, b = at_least_float32(g).detach().cpu(), g.shape[0]
            self.total = self.total + g.square().sum(dim=0).double()
            for part in torch.split(g, self.size):
                self._stack(part)
        self.n += b

    def merge(self, other: GradientMoment) -> None:
        """Add the rows of another moment."""
        if not isinstance(other, SketchedMoment):
            raise ValueError("A sketch is merged with sketches only; call fit to begin anew.")
        super().merge(other)
        self.lost += other.lost
        for part in torch.split(other.rows, self.size):
            self._stack(part)

    def mean(self) -> Tensor:
        """Mean over rows of the sum over classes, as far as it is known, (p, p)."""
        rows = self.rows.double()
        return rows.T @ rows / max(self.n, 1)

    @property
    def error(self) -> float:
        """Bound of the spectral norm of what :meth:`mean` lacks of the whole mean."""
        return self.lost / max(self.n, 1)

    def diagonal(self) -> Tensor:
        """Sum over rows and classes of the squared gradients, (p,); exact."""
        return self.total

    def spectrum(self, filter: Filter) -> Spectrum:
        """By decomposing m × m; shares are those of the exact trace."""
        filter = filter.ready(self.rows.dtype, "cpu")
        root = torch.eye(len(self.rows), dtype=torch.float64) / max(self.n, 1) ** 0.5
        exact = float(self.diagonal_behind(filter).sum()) if filter.left is None else None
        return Spectrum.of_root(root, filter(self.rows), exact)

    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        return filter(self.rows.double()).square().sum(dim=0) / max(self.n, 1)

    def _stack(self, rows: Tensor) -> None:
        """Put rows below those that there are, and shorten all where they have become too many."""
        stack = torch.cat((self.rows.to(rows.dtype), rows))
        if len(stack) > 2 * self.size:
            gram = (stack @ stack.T).double()
            values, vectors = torch.linalg.eigh((gram + gram.T) / 2)
            values, vectors = values.flip(0).clamp_min(0.0), vectors.T.flip(0)
            least = values[self.size]
            kept = values[: self.size]
            shorter = ((kept - least).clamp_min(0.0) / kept.clamp_min(torch.finfo(torch.float64).tiny)).sqrt()
            stack = (shorter[:, None] * vectors[: self.size]).to(stack.dtype) @ stack
            self.lost += float(least)
        self.rows = stack

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        raise AssertionError("rows are stacked, not multiplied")
