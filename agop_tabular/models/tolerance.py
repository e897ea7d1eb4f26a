"""How closely two computations of the same network output must agree."""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDING = 1e4
"""Tolerance in units of the dtype's machine epsilon. Numerical: a batch of another size, or a matrix product in place
of a look-up, sums in another order, and every layer amplifies the difference; real differences are far larger."""

LARGEST = 0.05
"""Largest relative tolerance. ``ROUNDING`` alone would accept any output in half precision, whose epsilon is 1e-3."""


def output_tolerance(output: Tensor) -> Tensor:
    """Absolute difference up to which another computation counts as the same output."""
    return min(ROUNDING * torch.finfo(output.dtype).eps, LARGEST) * output.abs().max()
