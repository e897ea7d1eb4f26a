"""What tells one network from another."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

import joblib
import torch
from torch import nn

from agop_tabular.models.adapter import Adapter


def fingerprint(adapter: Adapter) -> str:
    """SHA-256 over the shapes and bytes of a network's weights, and over the preprocessing in front of it."""
    digest = hashlib.sha256()
    for transformer in adapter.preprocessing:
        try:
            digest.update(joblib.hash(transformer).encode())
        except (pickle.PicklingError, AttributeError, TypeError):  # a lambda, say
            digest.update(type(transformer).__qualname__.encode())
    _add_weights(digest, adapter.module)
    return digest.hexdigest()


def weights_digest(module: nn.Module) -> str:
    """SHA-256 over the shapes and bytes of a module's weights and buffers."""
    digest = hashlib.sha256()
    _add_weights(digest, module)
    return digest.hexdigest()


def _add_weights(digest: Any, module: nn.Module) -> None:
    for tensor in (*module.parameters(), *module.buffers()):
        digest.update(f"{tuple(tensor.shape)} {tensor.dtype};".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
