"""Main and pair effects in the user's columns: what the look-up tables say, as curves and maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.effects.tables import Effects

VALUES = 64
"""Values of a column at which its effects are given, at most."""

NUMBERS = ("integer", "floating", "mixed-integer-float", "boolean", "decimal")
"""Kinds of cells that are numbers; text that looks like them stays text."""


@dataclass(frozen=True, eq=False)
class ColumnValues:
    """Values of one column, and the coordinates that the preprocessing makes of them.

    Attributes
    ----------
    values : ndarray of shape (k,)
        Float64 for numbers, ascending, otherwise str; NaN and "nan" are missing values.
    share : ndarray of shape (k,)
        Share of the training rows nearest to each.
    coordinates : Tensor of shape (k, p_j)
        Of the column alone.
    """

    values: np.ndarray
    share: np.ndarray
    coordinates: Tensor

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.values.dtype.kind == "f"


def column_values(X: Any, x: Tensor, feature_map: FeatureMap) -> tuple[ColumnValues, ...]:
    """Values of every column of the rows X: quantiles of numbers, the most frequent categories.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    x : Tensor of shape (n, p)
        Their coordinates.
    feature_map : FeatureMap
    """
    out = []
    for j in range(feature_map.n_columns):
        cells = X.iloc[:, j] if isinstance(X, pd.DataFrame) else pd.Series(np.asarray(X)[:, j])
        values, first, count = _chosen(cells)
        own = torch.from_numpy(np.flatnonzero(feature_map.column_of == j))
        rows = x.cpu()[torch.from_numpy(first)][:, own].double()
        out.append(ColumnValues(values, count / count.sum(), rows))
    return tuple(out)


def _chosen(cells: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, the first row that has each, and the number of rows nearest to each."""
    try:
        if pd.api.types.infer_dtype(cells, skipna=True) not in NUMBERS:
            raise TypeError
        numbers = cells.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        try:
            codes, _ = pd.factorize(cells, use_na_sentinel=False)
        except TypeError:  # lists, say
            cells = cells.map(repr)
            codes, _ = pd.factorize(cells, use_na_sentinel=False)
        first = np.flatnonzero(~pd.Series(codes).duplicated())
        count = np.bincount(codes)
        names = cells.iloc[first].astype(object).where(cells.iloc[first].notna(), "nan").astype(str)
        kept = np.argsort(-count, kind="stable")[:VALUES]
        return names.to_numpy().astype(str)[kept], first[kept], count[kept]
    unique, first, count = np.unique(numbers, return_index=True, return_counts=True)  # NaN comes last, once
    finite = ~np.isnan(unique)
    if finite.sum() > VALUES:
        there = np.sort(numbers[~np.isnan(numbers)])
        steps = np.linspace(0, 1, VALUES // 2)  # half of them where the rows are, half over all that occurs
        of_rows = np.searchsorted(unique[finite], np.quantile(there, steps, method="nearest"))
        kept = np.union1d(of_rows, np.rint(steps * (finite.sum() - 1)).astype(int))
        middle = (unique[kept][1:] + unique[kept][:-1]) / 2
        near = np.bincount(np.searchsorted(middle, there), minlength=len(kept))
        kept, near = (np.append(a, b) for a, b in ((kept, np.flatnonzero(~finite)), (near, count[~finite])))
        return unique[kept], first[kept], near
    return unique, first, count


@dataclass(frozen=True, eq=False)
class ColumnEffects:
    """Main and pair effects of the scores on the user's columns.

    A score is, as far as the tables go, its mean plus the main effects of all columns plus the pair effects of all
    pairs; both have mean zero over the training rows, columns taken as independent. Units are those of the scores.

    Attributes
    ----------
    feature_names : tuple of str, length d
    target_names : tuple of str, length n_scores
    columns : tuple of ColumnValues, length d
    """

    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    columns: tuple[ColumnValues, ...]
    _effects: Effects
    _feature_map: FeatureMap

    def main(self, feature: Any) -> pd.DataFrame:
        """Main effect of a column.

        Parameters
        ----------
        feature : str or int
            Name of the column, or its place where no column has that name.

        Returns
        -------
        DataFrame of shape (k, n_scores)
            Indexed by the column's values, a column a target.
        """
        return self._main(self._index(feature))

    def _main(self, j: int) -> pd.DataFrame:
        x = self._rows(j)
        total = torch.zeros(len(self.target_names), len(x), dtype=torch.float64)
        inside = self._axes(j)
        for n, a in enumerate(inside):
            total += self._effects.main(a, x)
            for b in inside[n + 1 :]:  # pairs of coordinates that come from the same column are its own effect
                total += torch.einsum(
                    "ckr,cr,ckr->ck", self._effects.at(a, x), self._effects.signs, self._effects.at(b, x)
                )
        return pd.DataFrame(total.T.numpy(), index=self._labels(j), columns=list(self.target_names))

    def pair(self, first: Any, second: Any, target: Any = None) -> pd.DataFrame:
        """Pair effect of two columns.

        Parameters
        ----------
        first, second : str or int
            Names or places of the columns.
        target : label of a class, or index of an output, optional
            The last one by default, which is the positive class of two.

        Returns
        -------
        DataFrame of shape (k_first, k_second)
            Indexed by the values of both.
        """
        i, j = self._index(first), self._index(second)
        if i == j:
            raise ValueError(f"{self.feature_names[i]!r} makes no pair with itself; main() has all that it does alone.")
        c = self.target_index(target)
        u, v = (self._sum_of_vectors(k)[c] for k in (i, j))
        values = (u * self._effects.signs[c]) @ v.T
        return pd.DataFrame(values.numpy(), index=self._labels(i), columns=self._labels(j))

    def target_index(self, target: Any) -> int:
        """Place of a score by its class or output; the last one for None."""
        names = self.target_names
        if target is None:
            return len(names) - 1
        for name in (str(target), f"output {target}"):
            if name in names:
                return names.index(name)
        raise ValueError(f"target {target!r} is none of {', '.join(map(repr, names))}.")

    def variances(self) -> np.ndarray:
        """Variance of the main effects (diagonal) and pair effects, summed over scores, (d, d), columns independent."""
        axes = [self._effects.axes[i] for i in self._effects.interacting]
        column = [int(self._feature_map.column_of[int(axis.coordinates[0])]) for axis in axes]
        d = len(self.feature_names)
        out = np.zeros((d, d))
        np.add.at(out, np.ix_(column, column), self._effects.pair_variances().sum(dim=0).numpy())
        np.fill_diagonal(out, 0.0)
        for j in range(d):
            if self._axes(j):
                h, share = self._main(j).to_numpy(), self.columns[j].share
                out[j, j] = (share @ np.square(h - share @ h)).sum()
        return out

    def __repr__(self) -> str:
        return f"ColumnEffects({len(self.feature_names)} columns, {len(self.target_names)} scores)"

    # Inside -----------------------------------------------------------------------------------------------------

    def _index(self, feature: Any) -> int:
        if str(feature) in self.feature_names:
            return self.feature_names.index(str(feature))
        if isinstance(feature, (int, np.integer)) and 0 <= feature < len(self.feature_names):
            return int(feature)
        raise ValueError(f"{feature!r} is not a column of the table: {', '.join(self.feature_names[:20])}.")

    def _labels(self, j: int) -> pd.Index:
        return pd.Index(self.columns[j].values, name=self.feature_names[j])

    def _axes(self, j: int) -> list[int]:
        return self._of_column.get(j, [])

    @cached_property
    def _of_column(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for i, axis in enumerate(self._effects.axes):
            found.setdefault(int(self._feature_map.column_of[int(axis.coordinates[0])]), []).append(i)
        return found

    def _rows(self, j: int) -> Tensor:
        """Coordinates (k, p) that hold the column's, and zeros."""
        own = torch.from_numpy(np.flatnonzero(self._feature_map.column_of == j))
        x = torch.zeros(len(self.columns[j].values), self._feature_map.n_coordinates, dtype=torch.float64)
        x[:, own] = self.columns[j].coordinates
        return x

    def _sum_of_vectors(self, j: int) -> Tensor:
        """(n_scores, k, r)."""
        x = self._rows(j)
        total = torch.zeros(len(self.target_names), len(x), self._effects.signs.shape[1], dtype=torch.float64)
        for i in self._axes(j):
            total += self._effects.at(i, x)
        return total
