"""Fingerprint of a network and of the preprocessing in front of it, by which another model is recognised."""

from __future__ import annotations

import hashlib
import pickle
from types import FunctionType
from typing import Any

import torch
from joblib.hashing import NumpyHasher
from torch import nn

from agop_tabular.models.adapter import Adapter

MOVED = {
    "agop_tabular.models.codes": "agop_tabular.adapters.codes",
    "agop_tabular.networks.tabular_mlp": "agop_tabular.automl.tabular_mlp",
}
"""Modules that have moved since files of format 4: their classes and functions are hashed under the old names, so that
fingerprints in those files stay valid."""


def fingerprint(adapter: Adapter) -> str:
    """SHA-256 over the shapes and bytes of a network's weights, and over the preprocessing in front of it."""
    digest = hashlib.sha256()
    for transformer in adapter.preprocessing:
        try:
            digest.update(StableHasher().hash(transformer).encode())
        except (pickle.PicklingError, AttributeError, TypeError):  # such as a lambda in a FunctionTransformer
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


class StableHasher(NumpyHasher):
    """``joblib.hash``, which pickles an object into a hash, under the old names of :data:`MOVED`."""

    def save(self, obj: Any) -> None:
        """Pickle an object; overrides the method of pickle's own class."""
        old = MOVED.get(obj.__module__) if isinstance(obj, (type, FunctionType)) else None
        if old is None or id(obj) in self.memo:
            super().save(obj)
        else:
            self.write(pickle.GLOBAL + f"{old}\n{obj.__qualname__}\n".encode())
            self.memoize(obj)
