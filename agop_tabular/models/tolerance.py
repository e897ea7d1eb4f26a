"""How closely two computations of the same network output must agree."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ROUNDING = 1e4
"""Tolerance in units of the dtype's machine epsilon. Numerical: a batch of another size, or a matrix product in place
of a look-up, sums in another order, and every layer amplifies the difference; real differences are far larger."""

SPREAD, MANY, LEAST_ROUNDING = 0.01, 8, 64
"""Tolerance as a share of the outputs' range, where there are many rows, since a difference within ``ROUNDING`` may be
all that outputs far from zero differ by; but no less than the last, in units of epsilon, which any sum may be off."""

REPEATED = 256
"""As ``ROUNDING``, where the same rows are in the same batch: only sums whose order is left to chance differ."""

LARGEST = 0.05
"""Largest relative tolerance. ``ROUNDING`` alone would accept any output in half precision, whose epsilon is 1e-3."""


def output_tolerance(output: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Absolute difference up to which another computation counts as the same output.

    Parameters
    ----------
    output : Tensor of shape (b, C)
    dtype : torch.dtype, optional
        The coarsest dtype that it went through; None for its own.
    """
    eps, largest = torch.finfo(dtype or output.dtype).eps, output.abs().amax()
    tolerance = min(ROUNDING * eps, LARGEST) * largest
    if len(output) < MANY:
        return tolerance
    spread = (output.amax(dim=0) - output.amin(dim=0)).amax()
    return torch.minimum(tolerance, torch.maximum(SPREAD * spread, min(LEAST_ROUNDING * eps, LARGEST) * largest))


def repeated_tolerance(output: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """The same for a computation of the same rows in the same batch.

    Parameters
    ----------
    output : Tensor of shape (b, C)
    dtype : torch.dtype, optional
        The coarsest dtype that it went through; None for its own.
    """
    return min(REPEATED * torch.finfo(dtype or output.dtype).eps, LARGEST) * output.abs().amax()


class SeenDtypes(TorchDispatchMode):
    """Context that notes in which floating dtypes tensors are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: set[torch.dtype] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.dtypes |= {t.dtype for t in tree_leaves(out) if isinstance(t, Tensor) and t.is_floating_point()}
        return out

    def coarsest(self, *others: torch.dtype) -> torch.dtype:
        """The one of largest rounding among those noted, and others."""
        return max((*self.dtypes, *others), key=lambda dtype: torch.finfo(dtype).eps)


PRODUCTS = {
    torch.ops.aten.mm.default,
    torch.ops.aten.addmm.default,
    torch.ops.aten.bmm.default,
    torch.ops.aten.baddbmm.default,
    torch.ops.aten.convolution.default,
}
"""Operations that sum over many products, in an order that depends on the size of the batch."""


class RoundedProducts(TorchDispatchMode):
    """Context in which every number that enters a product of matrices is rounded up or down, by chance.

    Its effect on an output is what the order of the sums inside may change, also where they cancel.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in PRODUCTS:
            args = tuple(self._rounded(a) if isinstance(a, Tensor) and a.is_floating_point() else a for a in args)
        return func(*args, **(kwargs or {}))

    def _rounded(self, t: Tensor) -> Tensor:
        signs = torch.randint(0, 2, t.shape, generator=self.generator).to(t) * 2 - 1
        return t + torch.finfo(t.dtype).eps * signs * t
