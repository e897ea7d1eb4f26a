"""A network's own weights: whether there are any to explain, and that trying the network leaves them as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter


def check_weights(module: nn.Module) -> None:
    """Refuse a network whose weights have no values yet, or that would change them as soon as it is run.

    Raises
    ------
    ValueError
    """
    tensors = [*module.parameters(), *module.buffers()]
    if any(isinstance(tensor, UninitializedParameter) for tensor in tensors):
        raise ValueError(
            "The network has lazy layers that were never run, so its weights have no values yet: train it, or load "
            "trained weights, before it is explained."
        )
    if any(tensor.is_meta for tensor in tensors):
        raise ValueError(
            "The network is on the meta device, so its weights have no values: load trained weights into it, such as "
            "by load_state_dict(…, assign=True), before it is explained."
        )
    for name, table in module.named_modules():
        if isinstance(table, (nn.Embedding, nn.EmbeddingBag)) and table.max_norm is not None:
            norms = torch.linalg.vector_norm(table.weight.detach(), ord=table.norm_type, dim=1)
            if (norms > table.max_norm * (1 + torch.finfo(norms.dtype).eps ** 0.5)).any():
                raise ValueError(
                    f"The table {name or type(table).__name__!r} has max_norm={table.max_norm}, by which the network "
                    "would change its own weights when it is run: rescale them once, under torch.no_grad() with "
                    f"weight.renorm_({table.norm_type:g}, 0, {table.max_norm}), and set max_norm = None."
                )


@contextmanager
def keeping_weights(module: nn.Module) -> Iterator[None]:
    """A context in which a network is tried: weights that it changes are restored, and it is refused.

    Raises
    ------
    ValueError
        On leaving, where some were changed in place.
    """
    before = [(weight, weight._version, weight.detach().clone()) for weight in module.parameters()]
    try:
        yield
    finally:
        touched = [(weight, value) for weight, version, value in before if weight._version != version]
        changed = [(weight, value) for weight, value in touched if not torch.equal(weight, value)]
        with torch.no_grad():
            for weight, value in changed:
                weight.copy_(value)
    if changed:
        raise ValueError(
            "The network changes its own weights when it is run in evaluation mode, so what it answers depends on what "
            "it was asked before: let it compute with changed copies. Its weights are as they were found."
        )
