"""A moment of the gradients as tensors for a file, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment, GradientMoment
from agop_tabular.core.sketch import SketchedMoment


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


def infer_kind(tensors: Mapping[str, Tensor]) -> str:
    """The kind of a moment in a file of format 4 or earlier, which does not name it."""
    if "agop_weight" in tensors:
        return "factored"
    if "agop_rows" in tensors:
        return "sketched"
    return "dense" if tensors["agop_total"].ndim == 2 else "diagonal"
