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

SPREAD_NUMBERS, SPREAD_ROWS = 2**18, 2048
"""Numbers (2 MB), and rows, of a column of several coordinates that stand for all of its values."""

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
        Share of the training rows that have each category, or whose number is nearest to each. The rows of categories
        that are not among the values are left out; in files up to format 9 the shares sum to 1 nevertheless.
    coordinates : Tensor of shape (k, p_j)
        The p_j coordinates that are made of this column.
    spread : Tensor of shape (m, p_j), optional
        The same of rows spread evenly over all values, where there are more than ``values``, and several coordinates
        that may not be one axis of the effects: what the effect varies over.
    """

    values: np.ndarray
    share: np.ndarray
    coordinates: Tensor
    spread: Tensor | None = None

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
        values, first, count, n_distinct = _representative_values(cells)
        rows = x[torch.from_numpy(first)[:, None], own].double()
        spread = None
        if len(own) > 1 and len(values) < n_distinct and not _is_one_axis(cells, feature_map.block_of[own.numpy()]):
            few = spread_rows(len(x), _rows_spread(len(own)))
            spread = x[torch.from_numpy(_order(cells)[few])[:, None], own].double()
        out.append(ColumnValues(values, count / len(cells), rows, spread))
    return tuple(out)


def _rows_spread(n_coordinates: int) -> int:
    """Rows, at most, that stand for all values of a column."""
    return min(SPREAD_ROWS, max(MOST_VALUES, SPREAD_NUMBERS // n_coordinates))


def _is_one_axis(cells: pd.Series, blocks: np.ndarray) -> bool:
    """Whether the coordinates of a column are one block of one-hot categories, each of which the effects know.

    Blocks of numbers may be splines.
    """
    return bool((blocks >= 0).all() and (blocks == blocks[0]).all()) and _as_numbers(cells) is None


def _order(cells: pd.Series) -> np.ndarray:
    """Places of the rows such that those of one value are next to each other, numbers ascending."""
    numbers = _as_numbers(cells)
    return np.argsort(_codes(cells) if numbers is None else numbers, kind="stable")


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
    n_distinct = len(values)
    if values.dtype.kind == "f":
        kept, total = _thinned(values, total)
    else:
        kept = np.argsort(-total, kind="stable")[:MOST_VALUES]
        total = total[kept]
    hides = len(kept) < n_distinct and coordinates.shape[1] > 1
    spread = _mixed(old, new, share) if hides or old.spread is not None or new.spread is not None else None
    return ColumnValues(values[kept], total, coordinates[torch.from_numpy(kept)], spread)


def _mixed(old: ColumnValues, new: ColumnValues, share: float) -> Tensor:
    """Rows spread over all values of two tables, of whose rows ``share`` are in the second."""
    most, parts = _rows_spread(old.coordinates.shape[1]), []
    for column, of in ((old, 1 - share), (new, share)):
        n = max(1, round(most * of))
        if column.spread is not None:
            places = np.linspace(0, len(column.spread) - 1, n)
            parts.append(column.spread[torch.from_numpy(np.rint(places).astype(int))])
        else:
            below = column.share.cumsum() / column.share.sum()
            places = np.searchsorted(below, (np.arange(n) + 0.5) / n).clip(max=len(below) - 1)
            parts.append(column.coordinates[torch.from_numpy(places)])
    return torch.cat(parts)


def _representative_values(cells: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Values of a column, the first row of each, the rows whose value is nearest, and how many values there are."""
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


def _codes(cells: pd.Series) -> np.ndarray:
    """The number of each cell's category."""
    try:
        return pd.factorize(cells, use_na_sentinel=False)[0]
    except TypeError:  # cells that cannot be hashed, such as lists
        return pd.factorize(cells.map(repr), use_na_sentinel=False)[0]


def _most_frequent(cells: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The most frequent categories as text, the first row and the number of rows of each, and how many there are."""
    codes = _codes(cells)
    first = np.flatnonzero(~pd.Series(codes).duplicated())
    count = np.bincount(codes)
    names = cells.iloc[first].astype(object).where(cells.iloc[first].notna(), "nan").astype(str)
    kept = np.argsort(-count, kind="stable")[:MOST_VALUES]
    return names.to_numpy().astype(str)[kept], first[kept], count[kept], len(count)


def _spread_numbers(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """All distinct numbers or, of many, some; the first row and the rows of each, and how many there are."""
    unique, first, count = np.unique(numbers, return_index=True, return_counts=True)
    kept, nearest = _thinned(unique, count)
    return unique[kept], first[kept], nearest, len(unique)


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
