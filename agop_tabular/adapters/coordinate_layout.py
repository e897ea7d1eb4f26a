"""Which coordinates of an ensemble's members are kept, and how the others follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap

ROUNDING = 64
"""Relative tolerance when a coordinate is compared with another one, scaled and shifted, in units of machine epsilon: a
scaler rounds a few times, in the network's dtype."""


@dataclass(frozen=True)
class Layout:
    """How the coordinates of all members follow from those that are kept, ``x[:, source] * scale + offset``.

    Members read the same columns, each scaled by its own preprocessing; each such coordinate is kept once.

    Attributes
    ----------
    widths : Tensor of int, shape (m,)
        Number of coordinates of each member.
    kept : Tensor of int, shape (p,)
        Coordinates that do not follow from an earlier one.
    source : Tensor of int, shape (sum of widths,)
        Place among those kept.
    scale, offset : Tensor of shape (sum of widths,), float64
    """

    widths: Tensor
    kept: Tensor
    source: Tensor
    scale: Tensor
    offset: Tensor

    @classmethod
    def without_duplicates(cls, widths: list[int], x: Tensor, feature_map: FeatureMap) -> Layout:
        """Layout that leaves out a coordinate if, on a few rows, it is an earlier one scaled and shifted.

        Only coordinates of the same name and column are compared.

        Parameters
        ----------
        widths : list of int
            Number of coordinates of each member.
        x : Tensor of shape (b, sum of widths)
            A few rows of all coordinates.
        feature_map : FeatureMap
            Of all coordinates.
        """
        rows = x.double().cpu()
        n, tolerance = rows.shape[1], ROUNDING * torch.finfo(x.dtype).eps
        source, scale, offset = torch.arange(n), torch.ones(n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
        kept: list[int] = []
        places: dict[Any, int] = {}
        for j in range(n):
            key = (int(feature_map.column_of[j]), feature_map.coordinate_names[j])
            first = places.get(key)
            fit = None if first is None else _scale_and_offset(rows[:, kept[first]], rows[:, j], tolerance)
            if first is not None and fit is not None:
                source[j], scale[j], offset[j] = first, *fit
            else:
                source[j] = len(kept)
                places.setdefault(key, len(kept))
                kept.append(j)
        return cls(torch.tensor(widths), torch.tensor(kept), source, scale, offset)

    @classmethod
    def identity(cls, widths: list[int]) -> Layout:
        """Layout that keeps all coordinates."""
        every, ones = torch.arange(sum(widths)), torch.ones(sum(widths), dtype=torch.float64)
        return cls(torch.tensor(widths), every, every, ones, torch.zeros_like(ones))

    def members(self) -> Iterator[tuple[Tensor, ...]]:
        """Source, scale and offset of each member's coordinates."""
        widths = self.widths.tolist()
        return zip(*(every.split(widths) for every in (self.source, self.scale, self.offset)), strict=True)

    def coordinates_of_members(self, x: Tensor) -> tuple[Tensor, ...]:
        """Each member's coordinates, from those that are kept (b, p)."""
        return tuple(
            torch.addcmul(offset.to(x), _select(x, source), scale.to(x)) for source, scale, offset in self.members()
        )


def _select(x: Tensor, source: Tensor) -> Tensor:
    """Columns ``source`` of x, without a copy if they are all of x in order."""
    if torch.equal(source, torch.arange(x.shape[1])):
        return x
    return x.index_select(1, source.to(x.device))


def _scale_and_offset(x: Tensor, y: Tensor, tolerance: float) -> tuple[float, float] | None:
    """``scale`` and ``offset`` with ``y = scale * x + offset``, or None if there are no such numbers."""
    low, high = x.argmin(), x.argmax()
    if x[low] == x[high]:
        return (1.0, 0.0) if torch.equal(x, y) else None
    scale = (y[high] - y[low]) / (x[high] - x[low])
    offset = y[low] - scale * x[low]
    span = (y - y.mean()).abs().max()
    exact = scale != 0 and ((scale * x + offset - y).abs() <= tolerance * (span + y.abs().max())).all()
    return (float(scale), float(offset)) if exact else None
