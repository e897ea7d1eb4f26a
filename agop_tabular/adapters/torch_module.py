"""A bare torch module: its outputs are the scores."""

from __future__ import annotations

from torch import nn

from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter


@adapts("torch.Module")
def torch_module(module: nn.Module) -> Adapter:
    """Outputs (n, C) are the scores of classes 0 … C-1; a single output is one score, as in regression."""
    return Adapter(module, kind="module")
