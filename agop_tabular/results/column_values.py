"""Values of the user's columns at which effects are shown: quantiles of numbers, the most frequent categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.frames import cells_of
from agop_tabular.models.rows import spread_rows, take_rows

MOST_VALUES = 64
"""Most values of a column at which its effects are given: fine enough for a curve, small enough for every column."""

CELLS, FEWEST_ROWS = 2**19, 256
"""Cells from which the values are chosen, so that of wide tables not all rows are sorted, and rows at least."""

NUMERIC_CELLS = ("integer", "floating", "mixed-integer-float", "decimal")
"""Kinds of cells, as pandas infers them, that are read as numbers; text that looks like a number stays text, and
booleans are the two categories "False" and "True"."""


@dataclass(frozen=True, eq=False)
class ColumnValues:
    """Values of one column, and the coordinates that the preprocessing makes of them.

    Attributes
    ----------
    values : ndarray of shape (k,)
        Ascending float64 for a column of numbers, str for any other; NaN and "nan" are missing values.
    share : ndarray of shape (k,)
        Share of the training rows whose value is nearest to each.
    coordinates : Tensor of shape (k, p_j)
        The p_j coordinates that are made of this column.
    """

    values: np.ndarray
    share: np.ndarray
    coordinates: Tensor

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.values.dtype.kind == "f"


def column_values(X: Any, x: Tensor, feature_map: FeatureMap) -> tuple[ColumnValues, ...]:
    """Choose values of every column at which its effects are given: quantiles of numbers, most frequent categories.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    x : Tensor of shape (n, p)
        Their coordinates.
    feature_map : FeatureMap
    """
    few = spread_rows(len(x), max(FEWEST_ROWS, CELLS // max(1, feature_map.n_columns)))
    if len(few) < len(x):
        X, x = take_rows(X, few), x[torch.from_numpy(few).to(x.device)]
    out, coordinates = [], _coordinates_of(feature_map)
    x = x.cpu()
    for j, own in enumerate(coordinates):
        cells = cells_of(X, j)
        values, first, count = _representative_values(cells)
        rows = x[torch.from_numpy(first)[:, None], own].double()
        out.append(ColumnValues(values, count / count.sum(), rows))
    return tuple(out)


def _coordinates_of(feature_map: FeatureMap) -> list[Tensor]:
    """Coordinates of each column."""
    column_of = torch.from_numpy(feature_map.column_of)
    known = column_of >= 0
    order = torch.nonzero(known).flatten()[column_of[known].argsort(stable=True)]
    sizes = torch.bincount(column_of[known], minlength=feature_map.n_columns).tolist()
    return list(torch.split(order, sizes))


def merged_values(
    old: tuple[ColumnValues, ...], new: tuple[ColumnValues, ...], share: float
) -> tuple[ColumnValues, ...]:
    """Values of two tables of the same columns, of whose rows ``share`` are in the second."""
    return tuple(_merged(*both, share) for both in zip(old, new, strict=True))


def _merged(old: ColumnValues, new: ColumnValues, share: float) -> ColumnValues:
    """Values of one column in two tables; those that both have are one."""
    parts = old.values, new.values
    if not (old.is_numeric and new.is_numeric):
        parts = old.values.astype(str), new.values.astype(str)
    values, first, place = np.unique(np.concatenate(parts), return_index=True, return_inverse=True)
    weights = np.concatenate((old.share * (1 - share), new.share * share))
    total = np.bincount(place.ravel(), weights)
    coordinates = torch.cat((old.coordinates, new.coordinates))[torch.from_numpy(first)]
    if values.dtype.kind == "f":
        kept, total = _thinned(values, total)
    else:
        kept = np.argsort(-total, kind="stable")[:MOST_VALUES]
        total = total[kept]
    return ColumnValues(values[kept], total / total.sum(), coordinates[torch.from_numpy(kept)])


def _representative_values(cells: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of a column, the first row that has each, and the number of rows whose value is nearest to each."""
    numbers = _as_numbers(cells)
    return _most_frequent(cells) if numbers is None else _spread_numbers(numbers)


def _as_numbers(cells: pd.Series) -> np.ndarray | None:
    """Cells as float64 with NaN for missing ones; None if they are not numbers."""
    try:
        if pd.api.types.infer_dtype(cells, skipna=True) not in NUMERIC_CELLS:
            return None
        return cells.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        return None


def _most_frequent(cells: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The most frequent categories as text, the first row and the number of rows of each."""
    try:
        codes, _ = pd.factorize(cells, use_na_sentinel=False)
    except TypeError:  # cells that cannot be hashed, such as lists
        cells = cells.map(repr)
        codes, _ = pd.factorize(cells, use_na_sentinel=False)
    first = np.flatnonzero(~pd.Series(codes).duplicated())
    count = np.bincount(codes)
    names = cells.iloc[first].astype(object).where(cells.iloc[first].notna(), "nan").astype(str)
    kept = np.argsort(-count, kind="stable")[:MOST_VALUES]
    return names.to_numpy().astype(str)[kept], first[kept], count[kept]


def _spread_numbers(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All distinct numbers if they are few, otherwise some of them; the first row and the number of rows of each."""
    unique, first, count = np.unique(numbers, return_index=True, return_counts=True)
    kept, nearest = _thinned(unique, count)
    return unique[kept], first[kept], nearest


def _thinned(unique: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of some of the distinct numbers, ascending and NaN last, and the weight of those nearest to each."""
    finite = ~np.isnan(unique)
    if finite.sum() <= MOST_VALUES:
        return np.arange(len(unique)), weight
    # Half of the values are quantiles of the rows, to be dense where rows are; the other half are evenly spread over
    # the distinct values, so that rare ones are shown as well.
    steps, known = np.linspace(0, 1, MOST_VALUES // 2), unique[finite]
    below = weight[finite].cumsum()
    at_quantiles = np.searchsorted(below, steps * below[-1])
    kept = np.union1d(at_quantiles.clip(max=len(known) - 1), np.rint(steps * (len(known) - 1)).astype(int))
    midpoints = (known[kept][1:] + known[kept][:-1]) / 2
    nearest = np.bincount(np.searchsorted(midpoints, known), weight[finite], minlength=len(kept))
    # The missing value, if there is one, keeps its own weight.
    return np.append(kept, np.flatnonzero(~finite)), np.append(nearest, weight[~finite])
