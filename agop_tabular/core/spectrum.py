"""The spectrum of an average gradient outer product, and how much of it to keep."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import torch
from torch import Tensor

AUTO_SHARE = 0.95
"""Share of the trace that ``rank="auto"`` keeps."""


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues in falling order, and the eigenvectors as rows.

    Attributes
    ----------
    eigenvalues : Tensor of shape (p,), float64
        Never negative.
    components : Tensor of shape (p, p), float64
        Row k belongs to eigenvalue k; its largest entry in absolute value is positive.
    """

    eigenvalues: Tensor
    components: Tensor

    @classmethod
    def of(cls, moment: Tensor) -> Spectrum:
        """Decompose a symmetric positive semi-definite matrix (p, p) in float64."""
        moment = moment.double()
        values, vectors = torch.linalg.eigh((moment + moment.T) / 2)
        values, components = values.flip(0).clamp_min(0.0), vectors.T.flip(0)
        peak = components.abs().argmax(dim=1, keepdim=True)
        components = components * components.gather(1, peak).sign()
        return cls(values, components.contiguous())

    def rank(self, rank: int | float | str) -> int:
        """Number of components that ``rank`` asks for.

        Parameters
        ----------
        rank : int, float or "auto"
            A number of components from 1 to p, a share of the trace in (0, 1], or "auto", 95% of the trace.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            Where ``rank`` is none of these.
        """
        p = len(self.eigenvalues)
        if isinstance(rank, Integral) and not isinstance(rank, bool):
            if not 1 <= rank <= p:
                raise ValueError(
                    f"rank={rank} is not between 1 and {p}, the number of coordinates at the network's input."
                )
            return int(rank)
        if isinstance(rank, str) and rank == "auto":
            rank = AUTO_SHARE
        if isinstance(rank, bool) or not isinstance(rank, Real) or not 0 < rank <= 1:
            raise ValueError(
                f'rank={rank!r} is not understood: give an int, a share of the spectrum in (0, 1] or "auto".'
            )
        positive = max(int((self.eigenvalues > 0).sum()), 1)
        shares = self.eigenvalues.cumsum(0) / self.eigenvalues.sum().clamp_min(torch.finfo(torch.float64).tiny)
        return min(int((shares < float(rank) - 1e-12).sum()) + 1, positive)

    def relative_gap(self, rank: int) -> float:
        """How far the last kept eigenvalue stands above the first dropped one, as a share of itself."""
        if rank >= len(self.eigenvalues) or self.eigenvalues[rank - 1] <= 0:
            return 1.0
        return float(1 - self.eigenvalues[rank] / self.eigenvalues[rank - 1])
