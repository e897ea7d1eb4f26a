"""Memory that is used again: fresh pages cost more than the arithmetic that fills them."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Scratch:
    """Buffers by name; asking for the same name again returns the same memory.

    Parameters
    ----------
    device : torch.device
    dtype : torch.dtype
        Default of the buffers.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype):
        self.device, self.dtype = device, dtype
        self._buffers: dict[str, Tensor] = {}

    def buffer(self, name: str, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """Return a contiguous tensor of this shape with arbitrary numbers; an earlier one of this name is overwritten.

        A name must always be used with the same dtype.
        """
        size = math.prod(shape)
        found = self._buffers.get(name)
        if found is None or found.numel() < size:
            found = self._buffers[name] = torch.empty(size, dtype=dtype or self.dtype, device=self.device)
        return found[:size].view(shape)
