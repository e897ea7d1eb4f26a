"""The spectrum of an average gradient outer product, and how much of it to keep."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import torch
from torch import Tensor

AUTO_SHARE = 0.95
"""Share of the trace that ``rank="auto"`` keeps. Chosen here: the paper (arXiv 2605.15700) leaves
it open."""

ROUNDING = 1e-11
"""Eigenvalues below this share of the largest are rounding, when a matrix is known by its root. Numerical: rounding of
float64, 2e-16, adds up over sums of thousands of terms."""

SHARE_TOLERANCE = 1e-12
"""Numerical: a share of the trace that is reached up to rounding counts as reached."""

COLUMNS_AT_A_TIME = 2**14
"""Columns of a root that are converted to float64 at a time, so that a copy of the whole root is never made."""


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues in descending order, and the eigenvectors as rows.

    Attributes
    ----------
    eigenvalues : Tensor of shape (r,), float64
        Never negative; all others, up to p, are zero.
    components : Tensor of shape (r, p), float64
        Row k belongs to eigenvalue k; its largest entry in absolute value is positive.
    trace : float or None
        Sum of all eigenvalues, if some are missing here; None if it is the sum of these.
    """

    eigenvalues: Tensor
    components: Tensor
    trace: float | None = None

    @property
    def p(self) -> int:
        """Number of coordinates."""
        return self.components.shape[1]

    @classmethod
    def of_matrix(cls, matrix: Tensor) -> Spectrum:
        """Decompose a symmetric positive semi-definite matrix (p, p) in float64."""
        matrix = matrix.double()
        values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
        values, components = values.flip(0).clamp_min(0.0), vectors.T.flip(0)
        return cls(values, _signed(components).contiguous())

    @classmethod
    def of_root(cls, root: Tensor, basis: Tensor, trace: float | None = None) -> Spectrum:
        """Decompose ``(root @ basis)ᵀ (root @ basis)``, (p, p), by way of r × r; zero eigenvalues are left out.

        Parameters
        ----------
        root : Tensor of shape (r, h), float64
        basis : Tensor of shape (h, p)
        trace : float, optional
            Sum of all eigenvalues, if the root is an approximation.
        """
        gram = torch.zeros(len(basis), len(basis), dtype=torch.float64)
        for part in torch.split(basis, COLUMNS_AT_A_TIME, dim=1):
            gram += part.double() @ part.double().T
        gram = root @ gram @ root.T
        values, vectors = torch.linalg.eigh((gram + gram.T) / 2)
        values, vectors = values.flip(0), vectors.T.flip(0)
        kept = max(1, int((values > ROUNDING * values[0].clamp_min(0)).sum()))
        values = values[:kept].clamp_min(0.0)
        unit = vectors[:kept] * torch.where(values > 0, values.rsqrt(), 0.0)[:, None]  # zero where all gradients are
        return cls(values, _signed(((unit @ root).to(basis.dtype) @ basis).double()), trace)

    def rank(self, rank: int | float | str) -> int:
        """Translate the parameter ``rank`` to a number of components.

        Parameters
        ----------
        rank : int, float or "auto"
            A number of components from 1 to p, a share of the trace in (0, 1], or "auto", 95% of the trace.

        Returns
        -------
        int
            At most the number of components known.

        Raises
        ------
        ValueError
            If ``rank`` is none of these.
        """
        p = self.p
        if isinstance(rank, Integral) and not isinstance(rank, bool):
            if not 1 <= rank <= p:
                raise ValueError(
                    f"rank={rank} is not between 1 and {p}, the number of coordinates at the network's input."
                )
            return min(int(rank), len(self.eigenvalues))
        if isinstance(rank, str) and rank == "auto":
            rank = AUTO_SHARE
        if isinstance(rank, bool) or not isinstance(rank, Real) or not 0 < rank <= 1:
            raise ValueError(
                f'rank={rank!r} is not understood: give an int, a share of the spectrum in (0, 1] or "auto".'
            )
        positive = max(int((self.eigenvalues > 0).sum()), 1)
        trace = float(self.eigenvalues.sum()) if self.trace is None else self.trace
        shares = self.eigenvalues.cumsum(0) / max(trace, torch.finfo(torch.float64).tiny)
        return min(int((shares < float(rank) - SHARE_TOLERANCE).sum()) + 1, positive)

    def relative_gap(self, rank: int) -> float:
        """Difference between the last kept eigenvalue and the first dropped one, as a share of the last kept."""
        if rank >= len(self.eigenvalues) or self.eigenvalues[rank - 1] <= 0:
            return 1.0
        return float(1 - self.eigenvalues[rank] / self.eigenvalues[rank - 1])


def _signed(components: Tensor) -> Tensor:
    """Flip signs so that the largest entry of each row in absolute value is positive; either sign is an eigenvector."""
    peak = components.abs().argmax(dim=1, keepdim=True)
    return components * components.gather(1, peak).sign()
