"""What a file holds of an explainer: a header and tensors, checked against each other before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.methods import method_named
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.models.adapter_state import AdapterState, infer_tags
from agop_tabular.persistence.adapter_specs import NAME, PREFIX, adapter_specs, check_adapter, check_tags
from agop_tabular.persistence.effect_specs import ROUNDING, check_effects, effect_specs
from agop_tabular.persistence.effects import (
    INTERACTING,
    columns_from_file,
    columns_to_file,
    effects_from_tensors,
    effects_to_tensors,
    halves_from_tensors,
    halves_to_tensors,
    remainder_from_tensors,
    remainder_to_tensors,
)
from agop_tabular.persistence.header import Header
from agop_tabular.persistence.moments import (
    check_moment,
    infer_kind,
    moment_from_tensors,
    moment_specs,
    moment_to_tensors,
)
from agop_tabular.persistence.network_record import PROBES
from agop_tabular.persistence.specs import SINGLE, Spec, check_shapes, demand, flags, real, shapes_of, single, whole

MAP_ARRAYS = ("column_of", "block_of", "low", "high")
"""Arrays of a FeatureMap, in the order of its fields."""

COORDINATE_TENSORS = ("mean", "squares", "first", "varies")
"""Tensors of a CoordinateMoment, in the order of its fields."""

CONSTANTS = "coordinate_constants"
"""Name of the values of constant coordinates, which files up to format 10 do not have."""

MOST_BLOCK_NUMBERS = 2**27
"""Numbers, blocks times coordinates, that one-hot blocks are centred by: 1 GB in float64."""


def declared(header: Header, tensors: Mapping[str, Tensor]) -> dict[str, Spec]:
    """What each tensor has to be, by its name; raises unless names, dtypes and shapes are what the header makes them.

    Parameters
    ----------
    header : Header
    tensors : mapping of str to Tensor

    Raises
    ------
    ValueError
    """
    d, p, found = len(header.names), len(header.coordinate_names), shapes_of(tensors)
    sizes = {"d": d, "p": p, "C": len(header.score_names)}
    gathers = method_named(header.fitted.get("method", "agop")).gathers_effects
    demand(gathers is (INTERACTING in found), "effects are those of another method")
    demand(gathers or not header.columns, "header has values of columns without effects")
    own = {name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX)}
    demand(all(NAME.fullmatch(name) for name in own), "adapter has a tensor whose name is none")
    tags = infer_tags({name: tensors[f"{PREFIX}{name}"] for name in own}) if header.adapter is None else header.adapter
    check_tags(tags)
    specs = {
        "probe_scores": real(PROBES, "C", free=True),
        "baseline": single("p"),
        "column_of": whole("p", low=-1, high=d - 1),
        "block_of": whole("p", low=-1, high=p - 1),
        "low": single("p"),
        "high": single("p"),
        "coordinate_mean": single("p"),
        "coordinate_squares": real("p", low=0, high=header.n * SINGLE**2),
        "coordinate_first": single("p"),
        "coordinate_varies": flags("p"),
        **moment_specs(kind_of(header, tensors)),
        **adapter_specs(tags, own, p),
    }
    if gathers:
        specs |= effect_specs(p, d, header.n, found)
        if CONSTANTS in found:
            specs[CONSTANTS] = real("p", free=True)
        for j, values in enumerate(header.columns):
            k = f"values of column {j}"
            specs |= {f"column_{j}_share": real(k, low=0, high=1), f"column_{j}_coordinates": real(k, f"column {j}")}
            if f"column_{j}_spread" in found:
                specs[f"column_{j}_spread"] = real(f"spread of column {j}", f"column {j}")
            if values is None:
                specs[f"column_{j}_values"] = real(k, free=True)
            else:
                sizes[k] = len(values)
    check_shapes(specs, found, sizes)
    return specs


def check_values(header: Header, specs: Mapping[str, Spec], tensors: Mapping[str, Tensor]) -> None:
    """Raise unless the values of the tensors, of the right shapes, are such as a fit makes.

    Parameters
    ----------
    header : Header
    specs : mapping of str to Spec
        From :func:`declared`.
    tensors : mapping of str to Tensor

    Raises
    ------
    ValueError
    """
    for name, spec in specs.items():
        spec.check_values(name, tensors[name])
    kind, method = kind_of(header, tensors), method_named(header.fitted.get("method", "agop"))
    demand(kind != "diagonal" or not method.needs_all_of_m, "gradients are too few for the method")
    check_moment(kind, tensors)
    column_of = tensors["column_of"].numpy()
    check_blocks(*(tensors[name].numpy() for name in MAP_ARRAYS))
    check_adapter(state_from(header, tensors), len(column_of))
    if INTERACTING not in tensors:
        return
    check_effects(tensors, column_of)
    if CONSTANTS in tensors:
        constants = tensors[CONSTANTS]
        demand((constants[~constants.isnan()].abs() < SINGLE).all(), "constant coordinates have values that are none")
    for j, values in enumerate(header.columns):
        width = int((column_of == j).sum())
        demand(tensors[f"column_{j}_coordinates"].shape[1] == width, "columns have values of other coordinates")
        whole = float(tensors[f"column_{j}_share"].sum())
        demand(0 < whole < 1 + ROUNDING, "columns have shares that add up to more than 1, or to nothing")
        if values is None:
            demand(abs(whole - 1) < ROUNDING, "columns of numbers have shares that do not add up to 1")
            numbers = tensors[f"column_{j}_values"]
            demand((numbers[~numbers.isnan()].diff() > 0).all(), "columns have values that do not ascend")


def check_blocks(column_of: np.ndarray, block_of: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Raise unless one-hot blocks are numbered from 0, each of one column, and switched on and off differ."""
    inside = block_of >= 0
    numbers, first = np.unique(block_of[inside], return_index=True)
    demand(np.array_equal(numbers, np.arange(len(numbers))), "one-hot blocks are not numbered from 0")
    owner = column_of[inside][first]
    demand(np.array_equal(owner[block_of[inside]], column_of[inside]), "one-hot blocks are of several columns")
    demand((owner >= 0).all() and (low != high)[inside].all(), "one-hot blocks have no values")
    demand(len(numbers) * len(block_of) <= MOST_BLOCK_NUMBERS, "one-hot blocks are too many")


def kind_of(header: Header, tensors: Mapping[str, Tensor]) -> str:
    """The kind of the moment, which earlier formats do not name.

    Parameters
    ----------
    header : Header
    tensors : mapping of str to Tensor
    """
    if header.moment is not None:
        return header.moment
    demand("agop_total" in tensors, "tensor agop_total is missing")
    return infer_kind(tensors)


def state_from(header: Header, tensors: Mapping[str, Tensor]) -> AdapterState:
    """The adapter's state in a file.

    Parameters
    ----------
    header : Header
    tensors : mapping of str to Tensor
    """
    own = {name.removeprefix(PREFIX): t for name, t in tensors.items() if name.startswith(PREFIX)}
    return AdapterState.from_tensors(own, infer_tags(own) if header.adapter is None else header.adapter)


def map_from(header: Header, tensors: Mapping[str, Tensor]) -> FeatureMap:
    """The map from coordinates to columns in a file.

    Parameters
    ----------
    header : Header
    tensors : mapping of str to Tensor
    """
    arrays = (tensors[name].numpy() for name in MAP_ARRAYS)
    return FeatureMap(tuple(header.names), tuple(header.coordinate_names), *arrays)


def statistics_to_file(statistics: TrainingStatistics) -> tuple[list[Any], dict[str, Tensor]]:
    """Text values of the columns, and tensors by name.

    Parameters
    ----------
    statistics : TrainingStatistics
    """
    tensors = moment_to_tensors(statistics.gradients)
    tensors |= {f"coordinate_{name}": getattr(statistics.coordinates, name) for name in COORDINATE_TENSORS}
    if statistics.effects is None:
        return [], tensors
    columns, of_columns = columns_to_file(statistics.columns)
    if statistics.constants is not None:
        tensors[CONSTANTS] = statistics.constants
    tensors |= {"score_total": statistics.score_total} | effects_to_tensors(statistics.effects) | of_columns
    return columns, tensors | halves_to_tensors(statistics.halves) | remainder_to_tensors(statistics.remainder)


def statistics_from_file(header: Header, tensors: Mapping[str, Tensor]) -> TrainingStatistics:
    """What :func:`statistics_to_file` was given.

    Parameters
    ----------
    header : Header
    tensors : mapping of str to Tensor
    """
    p = len(header.coordinate_names)
    of_coordinates = (tensors[f"coordinate_{name}"] for name in COORDINATE_TENSORS)
    effects = effects_from_tensors(tensors)
    return TrainingStatistics(
        moment_from_tensors(kind_of(header, tensors), p, header.n, tensors),
        CoordinateMoment(p, header.n, *of_coordinates),
        score_total=tensors.get("score_total", torch.zeros((), dtype=torch.float64)),
        effects=effects,
        halves=halves_from_tensors(tensors, effects),
        remainder=remainder_from_tensors(tensors, effects),
        columns=columns_from_file(header.columns, tensors),
        constants=tensors.get(CONSTANTS),
    )
