"""What an adapter found out about its model when it was fitted, as tensors and tags that a file can hold."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from agop_tabular.models.embeddings import Lookups

Kind = Literal["plain", "embedded codes", "ensemble"]

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}
"""Dtypes of a network's input, by their names in a file."""

T = TypeVar("T")


@dataclass(frozen=True)
class AdapterState:
    """State of an adapter, from which :meth:`Adapter.restore` rebuilds its preprocessing.

    Parameters
    ----------
    kind : {"plain", "embedded codes", "ensemble"}
        What the tensors are: none, the fields of :class:`~agop_tabular.models.embeddings.Lookups`, or those of an
        ensemble's layout of coordinates, where it has one.
    tensors : dict of str to Tensor
    members : tuple of AdapterState
        States of an ensemble's members, in order.
    dtype : torch.dtype or None
        Of the module's input; None for that of its first tensor.
    """

    kind: Kind
    tensors: dict[str, Tensor]
    members: tuple[AdapterState, ...] = ()
    dtype: torch.dtype | None = None

    def to_tensors(self) -> dict[str, Tensor]:
        """All tensors in one dictionary; names of the i-th member's begin with ``"i."``."""
        flat = dict(self.tensors)
        for i, member in enumerate(self.members):
            flat |= {f"{i}.{name}": tensor for name, tensor in member.to_tensors().items()}
        return flat

    def tags(self) -> dict[str, str]:
        """The kinds and dtypes, named like the tensors: ``{"kind": "ensemble", "0.kind": "plain", …}``."""
        flat: dict[str, str] = {"kind": self.kind}
        if self.dtype is not None:
            flat["dtype"] = str(self.dtype).removeprefix("torch.")
        for i, member in enumerate(self.members):
            flat |= {f"{i}.{name}": tag for name, tag in member.tags().items()}
        return flat

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], tags: dict[str, Any]) -> AdapterState:
        """Inverse of :meth:`to_tensors` and :meth:`tags`."""
        own = {name: tensor for name, tensor in tensors.items() if "." not in name}
        members = (cls.from_tensors(_of_member(tensors, i), _of_member(tags, i)) for i in range(_n_members(tags)))
        dtype = tags.get("dtype")
        if dtype is not None and dtype not in DTYPES:
            raise ValueError(f"{dtype!r} is no dtype of a network's input")
        return cls(tags["kind"], own, tuple(members), None if dtype is None else DTYPES[dtype])


def infer_tags(tensors: dict[str, Tensor]) -> dict[str, str]:
    """Tags of a file without tags, as written up to format 4, from the names of its tensors.

    Members behind the last one that has tensors are left out; there is nothing to restore for them.
    """
    n_members = _n_members(tensors)
    tags: dict[str, str] = {"kind": "plain"}
    if n_members or set(tensors) >= _LAYOUT:
        tags["kind"] = "ensemble"
    elif set(tensors) >= {field.name for field in fields(Lookups)}:
        tags["kind"] = "embedded codes"
    for i in range(n_members):
        tags |= {f"{i}.{name}": kind for name, kind in infer_tags(_of_member(tensors, i)).items()}
    return tags


_LAYOUT = {"widths", "kept", "source", "scale", "offset"}
"""Tensors of an ensemble's layout of coordinates, in files up to format 4."""


def _n_members(flat: dict[str, Any]) -> int:
    return 1 + max((int(name.partition(".")[0]) for name in flat if "." in name), default=-1)


def _of_member(flat: dict[str, T], i: int) -> dict[str, T]:
    """Entries of the i-th member, by their names within it."""
    return {name.removeprefix(f"{i}."): value for name, value in flat.items() if name.startswith(f"{i}.")}
