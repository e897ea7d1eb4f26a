"""What keeps sums and quotients inside the range of their number type."""

from __future__ import annotations

import torch
from torch import Tensor

NEVER_ZERO = 1e-300
"""Least denominator of a quotient in float64 whose numerator is zero with it. Numerical: far below any variance that
occurs, and still above the smallest normal number."""


def at_least_float32(t: Tensor) -> Tensor:
    """Convert half precisions to float32, since sums over a batch overflow them."""
    return t.float() if t.element_size() < 4 else t


def variance_of_scores(s: Tensor, dtype: torch.dtype) -> Tensor:
    """Variance of scores (n, C), (C,), and at least what rounding makes of scores that do not move.

    Parameters
    ----------
    s : Tensor of shape (n, C), float64
    dtype : torch.dtype
        What the network computes in.
    """
    rounding = torch.finfo(dtype).eps * s.abs().amax(dim=0)
    return torch.maximum(s.var(dim=0), rounding.square()).clamp_min(NEVER_ZERO)
