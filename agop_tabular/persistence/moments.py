"""A moment of the gradients as plain tensors for a file, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment, GradientMoment
from agop_tabular.core.sketch import SketchedMoment


def to_tensors(moment: GradientMoment) -> dict[str, Tensor]:
    """Tensors by name, ``agop_…``; which there are tells the kind."""
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


def from_tensors(p: int, n: int, tensors: Mapping[str, Tensor]) -> GradientMoment:
    """The moment of n rows of p coordinates that :func:`to_tensors` was given."""
    total = tensors["agop_total"]
    if "agop_weight" in tensors:
        return FactoredMoment(p, n, total, tensors["agop_weight"])
    if "agop_rows" in tensors:
        size, lost = int(tensors["agop_size"]), float(tensors["agop_lost"])
        return SketchedMoment(p, n, total, size, tensors["agop_rows"], lost)
    return DenseMoment(p, n, total) if total.ndim == 2 else DiagonalMoment(p, n, total)
