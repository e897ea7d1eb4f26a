"""Fingerprint of a network and of the preprocessing in front of it, by which another model is recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import nn

from agop_tabular.models.adapter import Adapter

PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)
"""Types whose values are hashed as they are printed; numbers of numpy as the same numbers of Python."""


def fingerprint(adapter: Adapter) -> str:
    """SHA-256 over the shapes and bytes of a network's weights, and over the preprocessing in front of it.

    It is the same whatever the versions of the libraries, as long as the preprocessing has the same attributes.
    """
    digest = hashlib.sha256()
    for transformer in adapter.preprocessing:
        _add_state(digest, transformer, set())
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


def _add_state(digest: Any, value: Any, inside: set[int]) -> None:
    """Hash a value and all that it is made of; ``inside`` has the objects that it is a part of, which may be in it."""
    if isinstance(value, PLAIN):
        digest.update(repr(value.item() if isinstance(value, np.generic) else value).encode() + b";")
        return
    digest.update(f"{type(value).__qualname__}(".encode())
    if id(value) not in inside:
        for part in _parts(digest, value):
            _add_state(digest, part, inside | {id(value)})
    digest.update(b")")


def _parts(digest: Any, value: Any) -> list[Any]:
    """What a value is made of; bytes of arrays are hashed here."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind not in "OTV":
        digest.update(f"{value.shape} {value.dtype.str};".encode() + np.ascontiguousarray(value).tobytes())
        return []
    if isinstance(value, np.ndarray):
        return [value.shape, *value.ravel().tolist()]
    if scipy.sparse.issparse(value):
        rows = value.tocsr()
        return [rows.shape, rows.data, rows.indices, rows.indptr]
    if hasattr(value, "to_numpy"):  # of pandas and polars
        return [getattr(value, "columns", None) is not None and list(value.columns), value.to_numpy()]
    if isinstance(value, Mapping):
        return [part for item in value.items() for part in item]
    if isinstance(value, Set):
        return sorted(map(repr, value))
    if isinstance(value, (list, tuple)):
        return list(value)
    name = getattr(value, "__qualname__", getattr(value, "__name__", None))  # functions of numpy have one or the other
    if callable(value) and isinstance(name, str):
        return [name]
    state = getattr(value, "__dict__", None)
    if not state:  # such as an object in C, which says what it is made of when it is copied
        reduced = value.__reduce_ex__(2)
        return [reduced] if isinstance(reduced, str) else list(reduced[1:3])
    return [part for name in sorted(state) for part in (name, state[name])]
