"""What keeps sums and quotients inside the range of their number type."""

from __future__ import annotations

from torch import Tensor

NEVER_ZERO = 1e-300
"""Least denominator of a quotient in float64 whose numerator is zero with it. Numerical: far below any variance that
occurs, and still above the smallest normal number."""


def at_least_float32(t: Tensor) -> Tensor:
    """Convert half precisions to float32, since sums over a batch overflow them."""
    return t.float() if t.element_size() < 4 else t
