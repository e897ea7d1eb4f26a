"""A moment of the gradients as tensors for a file, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment, GradientMoment
from agop_tabular.core.sketch import SketchedMoment
from agop_tabular.persistence.specs import SINGLE, Spec, demand, real, whole

MOST_DIRECTIONS = 2**20
"""Directions of a sketch at most, far more than one keeps."""


def moment_to_tensors(moment: GradientMoment) -> dict[str, Tensor]:
    """Tensors by name, ``agop_…``; ``moment.kind`` is saved separately."""
    tensors = {"agop_total": moment.total}
    if isinstance(moment, FactoredMoment):
        tensors["agop_weight"] = moment.weight
    if isinstance(moment, SketchedMoment):
        tensors |= {
            "agop_rows": moment.rows,
            "agop_size": torch.tensor(moment.size),
            "agop_lost": torch.tensor(moment.lost, dtype=torch.float64),
        }
    return tensors


def moment_from_tensors(kind: str, p: int, n: int, tensors: Mapping[str, Tensor]) -> GradientMoment:
    """The moment of a kind, of n rows of p coordinates, that :func:`moment_to_tensors` was given."""
    total = tensors["agop_total"]
    if kind == "factored":
        return FactoredMoment(p, n, total, tensors["agop_weight"])
    if kind == "sketched":
        size, lost = int(tensors["agop_size"]), float(tensors["agop_lost"])
        return SketchedMoment(p, n, total, size, tensors["agop_rows"], lost)
    kinds = {"dense": DenseMoment, "diagonal": DiagonalMoment}
    if kind not in kinds:
        raise ValueError(f"The file holds a moment of the kind {kind!r}, which is unknown; save the explainer again.")
    return kinds[kind](p, n, total)


def moment_specs(kind: str) -> dict[str, Spec]:
    """Specs of the tensors of a moment, by name.

    Parameters
    ----------
    kind : str
    """
    if kind == "factored":
        return {"agop_total": real("h", "h"), "agop_weight": Spec(("F32", "F64", "F16", "BF16"), ("h", "p"))}
    if kind == "dense":
        return {"agop_total": real("p", "p")}
    specs = {"agop_total": real("p", low=0)}
    if kind == "sketched":
        specs |= {
            "agop_rows": Spec(("F32", "F64"), ("sketched", "p")),
            "agop_size": whole(low=1, high=MOST_DIRECTIONS),
            "agop_lost": real(low=0),
        }
    return specs


def check_moment(kind: str, tensors: Mapping[str, Tensor]) -> None:
    """Raise unless the tensors of a moment, of the right shapes, can be sums of squares.

    Parameters
    ----------
    kind : str
    tensors : mapping of str to Tensor

    Raises
    ------
    ValueError
    """
    if kind in ("dense", "factored"):
        demand((tensors["agop_total"].diagonal() >= 0).all(), "gradients have negative squares")
    if kind == "sketched":
        demand(len(tensors["agop_rows"]), "gradients have no direction")
        largest = float(tensors["agop_rows"].abs().max())
        demand(largest == 0 or 1 / SINGLE < largest < SINGLE, "gradients are too small or too large for float32")


def infer_kind(tensors: Mapping[str, Tensor]) -> str:
    """The kind of a moment in a file of format 4 or earlier, which does not name it."""
    if "agop_weight" in tensors:
        return "factored"
    if "agop_rows" in tensors:
        return "sketched"
    return "dense" if tensors["agop_total"].ndim == 2 else "diagonal"
