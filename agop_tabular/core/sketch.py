"""A sketch of the moment of gradients in a few rows, for more coordinates than p × p can be stored for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from agop_tabular.core.filters import Filter
from agop_tabular.core.moments import GradientMoment
from agop_tabular.core.precision import at_least_float32
from agop_tabular.core.spectrum import Spectrum

SKETCH = 128
"""Directions that are kept. A batch costs 2 * SKETCH rows of memory and a product of that side; gradients of C scores
have few strong directions, and the bound on what is lost is reported."""


@dataclass
class SketchedMoment(GradientMoment):
    """A few rows (m, p) whose outer products approximate those of all gradients, and the exact diagonal.

    Frequent Directions (Liberty 2013; Ghashami and others 2016): rows are stacked; beyond twice ``size`` rows the
    ``size`` leading directions are kept, and the squared length of the next one is subtracted from the squared length
    of each. The sum of these losses bounds the error; it is zero while gradients span no more than ``size`` directions.

    Parameters
    ----------
    p : int
    size : int
        Directions kept.
    rows : Tensor of shape (m, p)
    lost : float
        Bound on the spectral norm of ``sum of outer products - rowsᵀ rows``.
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
            raise ValueError("A sketch can only be merged with sketches; call fit to start anew.")
        super().merge(other)
        self.lost += other.lost
        for part in torch.split(other.rows, self.size):
            self._stack(part)

    def mean(self) -> Tensor:
        """Approximate mean over rows of the sum over scores, (p, p)."""
        rows = self.rows.double()
        return rows.T @ rows / max(self.n, 1)

    @property
    def error(self) -> float:
        """Bound on the spectral norm of the exact mean minus :meth:`mean`."""
        return self.lost / max(self.n, 1)

    def diagonal(self) -> Tensor:
        """Sum over rows and scores of the squared gradients, (p,); exact."""
        return self.total

    def spectrum(self, filter: Filter) -> Spectrum:
        """Spectrum of the mean for filtered gradients, by decomposing m × m; with the exact trace, if known."""
        filter = filter.ready(self.rows.dtype, "cpu")
        root = torch.eye(len(self.rows), dtype=torch.float64) / max(self.n, 1) ** 0.5
        exact = float(self.diagonal_behind(filter).sum()) if filter.left is None else None
        return Spectrum.of_root(root, filter(self.rows), exact)

    def _filtered_diagonal(self, filter: Filter) -> Tensor:
        return filter(self.rows.double()).square().sum(dim=0) / max(self.n, 1)

    def _stack(self, rows: Tensor) -> None:
        """Add rows, and reduce all to ``size`` directions if they have become too many."""
        stack = torch.cat((self.rows.to(rows.dtype), rows))
        if len(stack) > 2 * self.size:
            # Eigenvectors of the small Gram matrix combine the rows to the directions, V = Λ^(-½) Uᵀ rows.
            gram = (stack @ stack.T).double()
            values, vectors = torch.linalg.eigh((gram + gram.T) / 2)
            values, vectors = values.flip(0).clamp_min(0.0), vectors.T.flip(0)
            kept, loss = values[: self.size], values[self.size]
            shorter = ((kept - loss).clamp_min(0.0) / kept.clamp_min(torch.finfo(torch.float64).tiny)).sqrt()
            stack = (shorter[:, None] * vectors[: self.size]).to(stack.dtype) @ stack
            self.lost += float(loss)
        self.rows = stack

    def _product(self, g: Tensor, so_far: Tensor | None) -> Tensor:
        raise AssertionError("rows are stacked, not multiplied")
