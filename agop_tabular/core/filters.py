"""Linear filters of gradients: a diagonal plus a low-rank matrix, a form that is closed under composition."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.spectrum import Spectrum

NARROWEST = 32
"""A product with fewer columns than this takes about as long as one with this many. Measured on CPUs."""


@dataclass(frozen=True)
class Filter:
    """A linear map of row vectors, ``g -> g * diagonal + (g @ left) @ right``; a part that is None counts as zero.

    Attributes
    ----------
    diagonal : Tensor of shape (p,) or None
    left : Tensor of shape (p, k) or None
    right : Tensor of shape (k, p) or None
        If it is None and ``left`` is not, ``left`` is the whole (p, p) matrix.

    Notes
    -----
    A filter that applies a first layer too (:meth:`behind`) maps h numbers to p: it has no diagonal, and ``left`` has h
    rows.
    """

    diagonal: Tensor | None = None
    left: Tensor | None = None
    right: Tensor | None = None

    @classmethod
    def scaling(cls, weights: Tensor) -> Filter:
        """Multiply coordinate j by ``weights[j]``."""
        return cls(diagonal=weights)

    @classmethod
    def rank_truncated(cls, spectrum: Spectrum, rank: int) -> Filter:
        """Multiply by ``V_K Λ_K V_Kᵀ / λ₁``: the first ``rank`` components of the AGOP (arXiv 2605.15700)."""
        top, kept = spectrum.eigenvalues[0], spectrum.eigenvalues[:rank]
        components = spectrum.components[:rank]
        weights = kept / top if top > 0 else torch.zeros_like(kept)
        return cls(left=components.T, right=weights[:, None] * components)

    @classmethod
    def sqrt_diagonal(cls, diagonal: Tensor) -> Filter:
        """Multiply coordinate j by ``sqrt(M_jj / max diag M)`` (arXiv 2605.12816)."""
        top = diagonal.max()
        return cls(diagonal=(diagonal / top).clamp_min(0.0).sqrt() if top > 0 else torch.zeros_like(diagonal))

    @classmethod
    def centring(cls, directions: Tensor, weights: Tensor) -> Filter:
        """Map ``g -> g - Σ_b (g · weights_b) directions_b``: remove what one-hot blocks leave unidentified.

        Parameters
        ----------
        directions, weights : Tensor of shape (n_blocks, p)
            With ``weights_b · directions_b = 1`` it is a projection.
        """
        return cls(torch.ones(directions.shape[1], dtype=directions.dtype), -weights.T, directions)

    def then(self, other: Filter) -> Filter:
        """Compose: this filter first, ``other`` after it."""
        # (D₁ + L₁R₁)(D₂ + L₂R₂) = D₁D₂ + L₁(R₁D₂) + (D₁L₂ + L₁R₁L₂)R₂, for row vectors
        left, right = self._low_rank()
        left_2, right_2 = other._low_rank()
        lefts, rights = [], []
        if left is not None and right is not None and other.diagonal is not None:
            lefts.append(left)
            rights.append(right * other.diagonal)
        if left_2 is not None and right_2 is not None:
            applied = torch.zeros_like(left_2) if self.diagonal is None else self.diagonal[:, None] * left_2
            if left is not None and right is not None:
                applied = applied + left @ (right @ left_2)
            lefts.append(applied)
            rights.append(right_2)
        both = self.diagonal is not None and other.diagonal is not None
        return Filter(
            self.diagonal * other.diagonal if both else None,  # type: ignore[operator]
            _concatenated(lefts, dim=1),
            _concatenated(rights, dim=0),
        )

    def behind(self, weight: Tensor) -> Filter:
        """Compose with a first layer of weight (h, p) before this filter: ``a -> self(a @ weight)``."""
        if self.left is None:
            whole = torch.zeros_like(weight) if self.diagonal is None else weight * self.diagonal
            return Filter(left=whole)
        left = weight @ self.left
        if self.diagonal is None:
            return Filter(left=left, right=self.right)
        return Filter(left=(left if self.right is None else left @ self.right).add_(weight * self.diagonal))

    def ready(self, dtype: torch.dtype, device: torch.device | str) -> Filter:
        """Return the same map in the form that is fastest for a row, in this precision and on this device."""
        diagonal, left, right = self.diagonal, self.left, self.right
        if left is not None and right is not None:
            (n_in, k), n_out = left.shape, right.shape[1]
            # two thin products unless one with the whole matrix takes fewer operations
            if max(k, NARROWEST) * (n_in + n_out) >= n_in * n_out:
                left, right = left @ right, None
                if diagonal is not None:
                    left, diagonal = left + torch.diag(diagonal), None
        parts = (None if t is None else t.to(device, dtype).contiguous() for t in (diagonal, left, right))
        return Filter(*parts)

    def __call__(self, g: Tensor, out: Tensor | None = None) -> Tensor:
        """Apply to gradients (..., p), or (..., h) behind a first layer; written to ``out`` if the form allows it."""
        if self.left is not None:
            inner, last = (g, self.left) if self.right is None else (g @ self.left, self.right)
            out = torch.matmul(inner, last, out=out)
        else:
            out = None
        if self.diagonal is not None:
            scaled = g * self.diagonal
            out = scaled if out is None else out.add_(scaled)
        return torch.zeros_like(g) if out is None else out

    def _low_rank(self) -> tuple[Tensor | None, Tensor | None]:
        """Left and right, where a whole matrix is its product with the identity."""
        if self.left is not None and self.right is None:
            return self.left, torch.eye(self.left.shape[1], dtype=self.left.dtype, device=self.left.device)
        return self.left, self.right


def _concatenated(parts: list[Tensor], dim: int) -> Tensor | None:
    """Concatenate, without copying a single part, which may be large."""
    return None if not parts else parts[0] if len(parts) == 1 else torch.cat(parts, dim=dim)
