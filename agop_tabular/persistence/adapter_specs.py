"""What an adapter's state in a file has to be: its kinds, and the tensors of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from agop_tabular.models.adapter_state import DTYPES, AdapterState
from agop_tabular.models.embedding_search import MAX_CODES
from agop_tabular.persistence.specs import Spec, demand, real, whole
from agop_tabular.persistence.typed_json import checked, parsed

PREFIX = "adapter_"
"""With which the names of the adapter's tensors begin."""

NAME = re.compile(r"((0|[1-9]\d{0,3})\.){0,8}[a-z_]+")
"""A name of a tag or tensor: at most eight ensembles inside each other, of at most 10,000 members."""

KINDS = ("plain", "embedded codes", "ensemble")

SOME = float(2**31)
"""Bound of codes, rows of tables and numbers of calls."""


def check_tags(tags: dict[str, Any]) -> None:
    """Raise unless the tags name the kind of every member, and members are numbered from 0.

    Parameters
    ----------
    tags : dict of str to str

    Raises
    ------
    ValueError
    """
    for name, tag in tags.items():
        demand(NAME.fullmatch(name), "adapter has a tag whose name is none")
        parent, _, last = name.rpartition(".")
        demand(tag in {"kind": KINDS, "dtype": tuple(DTYPES)}.get(last, ()), "adapter has an unknown tag")
        inside = f"{parent}." if parent else ""
        demand(f"{inside}kind" in tags, "adapter has a member without a kind")
        if parent:
            outer, _, number = parent.rpartition(".")
            before = f"{outer}." if outer else ""
            demand(tags.get(f"{before}kind") == "ensemble", "adapter has members of what is no ensemble")
            demand(number == "0" or f"{before}{int(number) - 1}.kind" in tags, "adapter lacks a member")
    demand("kind" in tags, "adapter has no kind")


def adapter_specs(tags: dict[str, Any], names: set[str], p: int) -> dict[str, Spec]:
    """Specs of an adapter's tensors, by their names in a file.

    Parameters
    ----------
    tags : dict of str to str
    names : set of str
        Tensors of the adapter in the file, without the prefix: an ensemble may have a layout or none.
    p : int
        Coordinates at the network's input.
    """
    specs: dict[str, Spec] = {}
    for tag, kind in tags.items():
        if tag.rpartition(".")[2] != "kind":
            continue
        inside = tag.removesuffix("kind")
        of_kind: dict[str, Spec] = {}
        if kind == "embedded codes":
            of_kind = _lookups(inside)
        elif kind == "ensemble" and any(f"{inside}{name}" in names for name in _layout("", p)):
            of_kind = _layout(inside, "p" if not inside else f"{inside}kept")
        specs |= {f"{PREFIX}{inside}{name}": spec for name, spec in of_kind.items()}
    return specs


def _lookups(inside: str) -> dict[str, Spec]:
    """Of embedded codes, see :class:`~agop_tabular.models.embeddings.Lookups`."""
    k, slots, text = f"{inside}columns", f"{inside}slots", f"{inside}labels"
    return {
        "n_columns": whole(low=1, high=SOME),
        "columns": whole(k, low=0, high=SOME),
        "first": whole(k, low=-SOME, high=SOME),
        "sizes": whole(k, low=1, high=MAX_CODES),
        "n_calls": whole(low=0, high=SOME),
        "slots": whole(slots, 3, low=-SOME, high=SOME),
        "labels": Spec(("U8",), (text,), 0, 255),
    }


def _layout(inside: str, kept: str | int) -> dict[str, Spec]:
    """Of an ensemble, see :class:`~agop_tabular.adapters.coordinate_layout.Layout`."""
    every = f"{inside}source"
    return {
        "widths": whole(f"{inside}widths", low=0, high=SOME),
        "kept": whole(kept, low=0),
        "source": whole(every, low=0),
        "scale": real(every),
        "offset": real(every),
    }


def check_adapter(state: AdapterState, width: int) -> None:
    """Raise unless the tensors of a state, of the right shapes, belong together.

    Parameters
    ----------
    state : AdapterState
    width : int
        Coordinates of the module, or more.

    Raises
    ------
    ValueError
    """
    tensors = state.tensors
    if state.kind == "embedded codes":
        _check_lookups(tensors, width)
    widths = [width] * len(state.members)
    if state.kind == "ensemble" and tensors:
        n = len(tensors["source"])
        widths = tensors["widths"].tolist()
        demand(len(widths) >= len(state.members) and sum(widths) == n, "ensemble has members of other widths")
        demand(0 < len(tensors["kept"]) <= width, "ensemble has coordinates of another number")
        demand((tensors["kept"] < n).all(), "ensemble keeps coordinates that it does not have")
        demand((tensors["source"] < len(tensors["kept"])).all(), "ensemble reads coordinates that it does not keep")
    for member, own in zip(state.members, widths, strict=False):  # see infer_tags
        check_adapter(member, own)


def _check_lookups(tensors: Mapping[str, Tensor], width: int) -> None:
    """Raise unless look-ups are of columns and calls that there are."""
    n, columns, sizes = int(tensors["n_columns"]), tensors["columns"], tensors["sizes"]
    k = len(columns)
    # every column of the network's own input is at least one coordinate
    demand(n <= width and n - k + int(sizes.sum()) <= width, "embeddings have more columns than the network's input")
    demand(int(sizes.sum()) <= MAX_CODES and k > 0, "embeddings have too many codes")
    demand((columns.diff() > 0).all() and int(columns[-1]) < n, "embeddings look up columns that there are not")
    call, block, row = tensors["slots"].unbind(dim=1)
    demand((call >= 0).all() and (call < int(tensors["n_calls"])).all(), "embeddings have calls that there are not")
    demand((block >= -1).all() and (block < k).all() and (row >= 0).all(), "embeddings have places that there are not")
    try:
        text = bytes(tensors["labels"].tolist()).decode()
    except UnicodeDecodeError as error:
        raise ValueError("its embeddings have names that are no text") from error
    demand(
        len(checked(list[str], parsed(text), "the embeddings' names")) == k, "embeddings have names of other columns"
    )
