"""Sums of effects, and the values at which they are shown, as tensors for a file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.effects.axis import Axis
from agop_tabular.effects.background import Background
from agop_tabular.effects.halves import Halves
from agop_tabular.effects.remainder import Remainder
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.triples import Triples
from agop_tabular.results.column_values import ColumnValues

INTERACTING = "effect_meeting"
"""Name of the axes that interact; the word is that of earlier formats."""

PSEUDO_ROWS, EARLIER_PSEUDO_ROWS = "effect_pseudo_rows", 5.0
"""Name of the number of pseudo-rows in each pair cell, and the number up to format 6, whose files do not have it."""

CURVED = "effect_axis_has_curve"
"""Name of which axes are curves, which files up to format 8 do not have."""

STRETCHES = ("reach", "ends")
"""Tensors of numeric axes that files up to format 11 do not have."""

HALVED = ("counts", "slopes", "compared")
"""Sums that are known of two halves of the shuffled rows: those of main effects."""

_PER_AXIS = ("coordinates", "direction", "edges", "nodes", "groups", "share")


def _dtype_of(name: str) -> torch.dtype:
    """Dtype of a tensor of an axis."""
    return torch.long if name in ("coordinates", "groups") else torch.float64


def effects_to_tensors(sums: EffectSums) -> dict[str, Tensor]:
    """Tensors by name, ``effect_…``."""
    out = {f"effect_{name}": getattr(sums, name) for name in EffectSums.SUMS} | {INTERACTING: sums.interacting}
    out[PSEUDO_ROWS] = torch.tensor([sums.pseudo_rows], dtype=torch.float64)
    for name in _PER_AXIS:
        parts = [getattr(axis, name) for axis in sums.axes]
        out[f"effect_axis_{name}"] = torch.cat(parts) if parts else torch.zeros(0, dtype=_dtype_of(name))
        out[f"effect_axis_{name}_lengths"] = torch.tensor([len(part) for part in parts], dtype=torch.long)
    states = [axis.states.flatten() for axis in sums.axes if axis.states is not None]
    out["effect_axis_states"] = torch.cat(states) if states else torch.zeros(0, dtype=torch.float64)
    curves = [axis.curve.flatten() for axis in sums.axes if axis.curve is not None]
    out["effect_axis_curves"] = torch.cat(curves) if curves else torch.zeros(0, dtype=torch.float64)
    known = [0 if axis.reach is None else len(axis.reach) for axis in sums.axes]
    if any(known):  # not of axes that are from such a file
        for name in STRETCHES:
            out[f"effect_axis_{name}"] = torch.cat(
                [own.flatten() for a in sums.axes if (own := getattr(a, name)) is not None]
            )
        out["effect_axis_reach_lengths"] = torch.tensor(known, dtype=torch.long)
    out[CURVED] = torch.tensor([axis.curve is not None for axis in sums.axes], dtype=torch.bool)
    out["effect_axis_gaps"] = torch.tensor([axis.compared for axis in sums.axes], dtype=torch.bool)
    out["effect_axis_has_states"] = torch.tensor([axis.states is not None for axis in sums.axes], dtype=torch.bool)
    return out


def columns_to_file(columns: tuple[ColumnValues, ...]) -> tuple[list[Any], dict[str, Tensor]]:
    """Values of the columns as JSON holds them, and tensors by name for the rest."""
    values = [None if column.is_numeric else column.values.tolist() for column in columns]
    tensors: dict[str, Tensor] = {}
    for j, column in enumerate(columns):
        tensors |= {f"column_{j}_share": torch.from_numpy(column.share), f"column_{j}_coordinates": column.coordinates}
        if column.spread is not None:
            tensors[f"column_{j}_spread"] = column.spread
        if column.is_numeric:
            tensors[f"column_{j}_values"] = torch.from_numpy(column.values)
    return values, tensors


def columns_from_file(values: list[Any], tensors: Mapping[str, Tensor]) -> tuple[ColumnValues, ...]:
    """What :func:`columns_to_file` was given."""
    return tuple(
        ColumnValues(
            tensors[f"column_{j}_values"].numpy() if own is None else np.array(own, dtype=str),
            tensors[f"column_{j}_share"].numpy(),
            tensors[f"column_{j}_coordinates"],
            tensors.get(f"column_{j}_spread"),
        )
        for j, own in enumerate(values)
    )


def effects_from_tensors(tensors: Mapping[str, Tensor]) -> EffectSums | None:
    """What :func:`effects_to_tensors` was given; None where the file has no effects."""
    if INTERACTING not in tensors:
        return None
    parts = {
        name: tensors[f"effect_axis_{name}"].split(tensors[f"effect_axis_{name}_lengths"].tolist())
        for name in _PER_AXIS
    }
    sizes = [(len(share), len(own)) for share, own in zip(parts["share"], parts["coordinates"], strict=True)]
    states = _split(tensors["effect_axis_states"], tensors["effect_axis_has_states"], sizes)
    curves = _split(tensors["effect_axis_curves"], tensors[CURVED], sizes) if CURVED in tensors else {}
    stretches = _stretches(tensors, [m for _, m in sizes])
    axes = []
    for i, compared in enumerate(tensors["effect_axis_gaps"].tolist()):
        fields = {name: part[i] for name, part in parts.items()}
        axes.append(Axis(states=states.get(i), compared=compared, curve=curves.get(i), **stretches[i], **fields))
    pseudo_rows = float(tensors[PSEUDO_ROWS][0]) if PSEUDO_ROWS in tensors else EARLIER_PSEUDO_ROWS
    sums = EffectSums(tuple(axes), len(tensors["effect_slopes"]), None, tensors[INTERACTING], pseudo_rows)
    for name in EffectSums.SUMS:
        setattr(sums, name, tensors[f"effect_{name}"])
    return sums


def _split(values: Tensor, has: Tensor, sizes: list[tuple[int, int]]) -> dict[int, Tensor]:
    """Values (n_bins, m) of each axis that has some, by its number."""
    numbers = has.nonzero()[:, 0].tolist()
    parts = values.split([sizes[i][0] * sizes[i][1] for i in numbers])
    return {i: part.reshape(sizes[i]) for i, part in zip(numbers, parts, strict=True)}


def _stretches(tensors: Mapping[str, Tensor], members: list[int]) -> list[dict[str, Tensor]]:
    """Stretches of each axis, which has so many members, by the names of its attributes; empty where it has none."""
    if "effect_axis_reach" not in tensors:
        return [{} for _ in members]
    lengths = tensors["effect_axis_reach_lengths"].tolist()
    reach = tensors["effect_axis_reach"].split(lengths)
    ends = tensors["effect_axis_ends"].split([n * m for n, m in zip(lengths, members, strict=True)])
    each = zip(reach, ends, members, strict=True)
    return [{"reach": r, "ends": e.reshape(-1, m)} if len(r) else {} for r, e, m in each]


def halves_to_tensors(halves: Halves | None) -> dict[str, Tensor]:
    """Tensors by name, ``halves_…``."""
    if halves is None:
        return {}
    out = {f"halves_{name}": torch.stack([getattr(half, name) for half in halves.sums]) for name in HALVED}
    return out | {"halves_pair_variances": halves.pair_variances, "halves_noise": halves.noise}


def halves_from_tensors(tensors: Mapping[str, Tensor], effects: EffectSums | None) -> Halves | None:
    """What :func:`halves_to_tensors` was given; None where the file has none, as up to format 6."""
    if effects is None or "halves_noise" not in tensors:
        return None
    halves = []
    for k in range(2):
        half = EffectSums(effects.axes, len(effects.slopes), interacting=torch.zeros_like(effects.interacting))
        for name in HALVED:
            setattr(half, name, tensors[f"halves_{name}"][k].contiguous())
        halves.append(half)
    return Halves((halves[0], halves[1]), tensors["halves_pair_variances"], tensors["halves_noise"])


def remainder_to_tensors(remainder: Remainder | None) -> dict[str, Tensor]:
    """Tensors by name, ``remainder_…``."""
    if remainder is None:
        return {}
    out = {"remainder_constants": remainder.constants, "remainder_shares": remainder.shares}
    background, triples = remainder.background, remainder.triples
    if background is not None:
        lengths = [len(own) for own in background.weights]
        out["remainder_weights"] = torch.cat([torch.zeros(0, dtype=torch.float64), *background.weights])
        out["remainder_weights_lengths"] = torch.tensor(lengths, dtype=torch.long)
        assert remainder.unexplained is not None  # measured together
        out["remainder_unexplained"] = remainder.unexplained
    if triples is not None:
        out |= {"remainder_triple_members": triples.members, "remainder_triple_columns": triples.columns}
        out |= {f"remainder_triple_{k}": table for k, table in enumerate(triples.tables)}
        out |= {f"remainder_triple_{k}_shares": share for k, share in enumerate(triples.cell_shares or ())}
    return out


def remainder_from_tensors(tensors: Mapping[str, Tensor], effects: EffectSums | None) -> Remainder | None:
    """What :func:`remainder_to_tensors` was given; None where the file has none, as up to format 4.

    Up to format 5 there is no background: columns are taken as independent.
    """
    if effects is None or "remainder_shares" not in tensors:
        return None
    background, triples = None, None
    if "remainder_weights" in tensors:
        lengths = tensors["remainder_weights_lengths"].tolist()
        background = Background(tuple(tensors["remainder_weights"].split(lengths)))
    if "remainder_triple_members" in tensors:
        members, columns = tensors["remainder_triple_members"], tensors["remainder_triple_columns"]
        tables = tuple(tensors[f"remainder_triple_{k}"] for k in range(len(members)))
        shares = None
        if "remainder_triple_0_shares" in tensors:
            shares = tuple(tensors[f"remainder_triple_{k}_shares"] for k in range(len(members)))
        triples = Triples(effects.axes, members, columns, tables, shares)
    unexplained = tensors.get("remainder_unexplained")
    return Remainder(tensors["remainder_constants"], tensors["remainder_shares"], triples, background, unexplained)
