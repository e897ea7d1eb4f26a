"""Memory that is used again: fresh pages cost more than the arithmetic that fills them."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Scratch:
    """Tensors by name, whose memory is handed out again whenever their name is asked for.

    Parameters
    ----------
    device : torch.device
    dtype : torch.dtype
        Of tensors for which no other is asked.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype):
        self.device, self.dtype = device, dtype
        self._held: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """A contiguous tensor of this shape, its numbers arbitrary; an earlier one of the same name is overwritten."""
        size = math.prod(shape)
        held = self._held.get(name)
        if held is None or held.numel() < size:
            held = self._held[name] = torch.empty(size, dtype=dtype or self.dtype, device=self.device)
        return held[:size].view(shape)
