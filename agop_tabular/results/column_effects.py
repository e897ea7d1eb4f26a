"""Main and pair effects in the user's columns: the look-up tables as curves and maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.effects.halves import Halves
from agop_tabular.effects.tables import Effects, main_effects
from agop_tabular.effects.triples import Triples
from agop_tabular.results.column_values import ColumnValues
from agop_tabular.results.importance_intervals import importance_intervals
from agop_tabular.results.one_target import place_among

NUMBERS = 2**22
"""Coordinates of rows at which effects are computed at a time: 32 MB."""


@dataclass(frozen=True, eq=False)
class ColumnEffects:
    """Main and pair effects of the scores on the user's columns, and effects of three where there are some.

    The tables approximate a score by its mean plus the main effects of all columns plus the effects of all pairs and of
    some triples. All effects have mean zero over the training rows, with the columns taken as independent.

    Attributes
    ----------
    feature_names : tuple of str, length d
    target_names : tuple of str, length n_scores
    columns : tuple of ColumnValues, length d
    target_labels : tuple of str, length n_scores
        What ``target=`` calls the scores.
    unit : str
        Of the effects: that of the explained scores.
    """

    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    columns: tuple[ColumnValues, ...]
    _effects: Effects
    _feature_map: FeatureMap
    _triples: Triples | None = None
    _unexplained: Tensor | None = None
    target_labels: tuple[str, ...] = ()
    unit: str = "score"
    _halves: Halves | None = None

    def main(self, feature: Any) -> pd.DataFrame:
        """Main effect of a column.

        Parameters
        ----------
        feature : str or int
            Name of the column, or its position if no column has that name.

        Returns
        -------
        DataFrame of shape (k, n_scores)
            Indexed by the column's values, with one column for each target.
        """
        return self._main(self._index(feature))

    def main_band(self, feature: Any) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """The main effect of a column by either half of the rows that effects were gathered on: the band between them.

        It has about the width of two standard errors. None where the halves are not there, as in files up to format 6.

        Parameters
        ----------
        feature : str or int

        Returns
        -------
        low, high : DataFrame of shape (k, n_scores)
        """
        j = self._index(feature)
        if self._halves is None:
            return None
        halves = [replace(self._effects, nodes=n, share=s, mains=m) for n, s, m in map(main_effects, self._halves.sums)]
        first, second = (self._main(j, half) for half in halves)
        return first.where(first < second, second), first.where(first > second, second)

    def _main(self, j: int, effects: Effects | None = None) -> pd.DataFrame:
        total = self._main_at(j, self._rows(j), effects)
        return pd.DataFrame(total.T.numpy(), index=self._labels(j), columns=list(self.target_names))

    def _main_at(self, j: int, x: Tensor, effects: Effects | None = None) -> Tensor:
        """Main effect of column j at rows x (k, p), (n_scores, k)."""
        total = torch.zeros(len(self.target_names), len(x), dtype=torch.float64)
        for i in self._axes(j):
            total += (self._effects if effects is None else effects).main(i, x)
        if len(self._axes(j)) > 1:  # pair effects inside a column belong to its main effect
            total += self._pairs_inside(self._axes(j), x)
        return total

    def _pairs_inside(self, axes: list[int], x: Tensor) -> Tensor:
        """Pair effects of the axes of one column at rows x (k, p), summed over all pairs, (n_scores, k)."""
        sums = torch.zeros(len(self.target_names), len(x), self._effects.signs.shape[1], dtype=torch.float64)
        squares = torch.zeros_like(sums)
        for i in axes:
            factors = self._effects.factors_at(i, x)
            sums += factors
            squares += factors.square()
        return torch.einsum("ckr,cr->ck", sums.square() - squares, self._effects.signs) / 2  # it has each pair twice

    def pair(self, first: Any, second: Any, target: Any = None) -> pd.DataFrame:
        """Pair effect of two columns.

        Parameters
        ----------
        first, second : str or int
            Names or positions of the columns.
        target : label of a class, or index of an output, optional
            By default the last one, which is the positive class of two.

        Returns
        -------
        DataFrame of shape (k_first, k_second)
            Indexed by the values of both.
        """
        i, j = self._index(first), self._index(second)
        if i == j:
            raise ValueError(
                f"{self.feature_names[i]!r} has no pair effect with itself; main() gives its whole effect."
            )
        c = self.target_index(target)
        u, v = (self._sum_of_vectors(k)[c] for k in (i, j))
        values = (u * self._effects.signs[c]) @ v.T
        return pd.DataFrame(values.numpy(), index=self._labels(i), columns=self._labels(j))

    @property
    def triples(self) -> pd.DataFrame:
        """Triples of columns with an effect of three, the strongest first.

        Returns
        -------
        DataFrame of shape (t, 4)
            The three columns, and the variance of their effect, summed over scores.
        """
        names = ["first", "second", "third"]
        if self._triples is None:
            return pd.DataFrame(columns=[*names, "variance"])
        rows = [[self.feature_names[j] for j in columns] for columns in self._triples.columns.tolist()]
        found = pd.DataFrame(rows, columns=names).assign(variance=self._triples.variances().numpy())
        return found.sort_values("variance", ascending=False, ignore_index=True)

    def triple(self, first: Any, second: Any, third: Any, at: Any, target: Any = None) -> pd.DataFrame:
        """A slice of the effect of three columns: over two of them, with the third at one of its values.

        Parameters
        ----------
        first, second, third : str or int
            Names or positions of the columns.
        at : object
            Value of the third column; of numbers the nearest that effects are shown at.
        target : label of a class, or index of an output, optional
            The last one by default, which is the positive class of two.

        Returns
        -------
        DataFrame of shape (k_first, k_second)
            Indexed by the values of both; zero where the three have no effect of their own.
        """
        i, j, k = (self._index(feature) for feature in (first, second, third))
        if len({i, j, k}) < 3:
            raise ValueError("An effect of three needs three different columns.")
        c, column = self.target_index(target), self.columns[k]
        if column.is_numeric:
            place = int(np.nanargmin(np.abs(column.values - float(at))))
        elif str(at) in column.values.tolist():
            place = column.values.tolist().index(str(at))
        else:
            known = ", ".join(map(repr, column.values.tolist()[:20]))
            raise ValueError(f"{at!r} is not a value of {self.feature_names[k]!r} that effects are shown at: {known}.")
        values = np.zeros((len(self.columns[i].values), len(self.columns[j].values)))
        if self._triples is not None:
            rows = self._rows(i)[:, None] + self._rows(j) + self._rows(k)[place]  # each has its own coordinates only
            own = [n for n, three in enumerate(self._triples.columns.tolist()) if set(three) == {i, j, k}]
            effects = self._triples.effects(rows.flatten(0, 1), c)[:, own].sum(dim=1)
            values = effects.reshape(values.shape).numpy()
        return pd.DataFrame(values, index=self._labels(i), columns=self._labels(j))

    @property
    def unexplained(self) -> pd.Series:
        """Share of each score's variance that all these effects leave, by target.

        It is measured on shuffled rows, where columns are independent; NaN in files of formats before 6.
        """
        shares = [np.nan] * len(self.target_names) if self._unexplained is None else self._unexplained.tolist()
        return pd.Series(shares, index=list(self.target_names), name="unexplained")

    def target_index(self, target: Any) -> int:
        """Position of the score of a class or output, by its label or else by its name; of the last one for None."""
        names = self.target_names
        if target is None:
            return len(names) - 1
        place = place_among(target, self.target_labels, names)
        if place is not None:
            return place
        raise ValueError(f"target {target!r} is not one of {', '.join(map(repr, names))}.")

    def variances(self) -> np.ndarray:
        """Variances (d, d) of main effects (diagonal) and pair effects for independent columns, summed over scores."""
        axes = [self._effects.axes[i] for i in self._effects.interacting]
        column = [int(self._feature_map.column_of[int(axis.coordinates[0])]) for axis in axes]
        d = len(self.feature_names)
        out = np.zeros((d, d))
        np.add.at(out, np.ix_(column, column), self._effects.pair_variances.sum(dim=0).numpy())
        out = (out + out.T) / 2  # the axes of two columns were added up in two orders
        np.fill_diagonal(out, 0.0)
        for j in range(d):
            inside = self._axes(j)
            if len(inside) == 1:
                main, share = self._effects.mains[inside[0]], self._effects.share[inside[0]]
                out[j, j] = float((main.square() @ share).sum())
            elif inside:
                out[j, j] = self._variance_of_several_axes(j)
        return out

    def _variance_of_several_axes(self, j: int) -> float:
        """Variance of the main effect of a column of several axes, summed over scores."""
        column = self.columns[j]
        rows = column.coordinates if column.spread is None else column.spread
        weights = np.ones(len(rows)) if column.spread is not None else column.share
        parts = torch.split(rows, max(1, NUMBERS // self._feature_map.n_coordinates))
        h = torch.cat([self._main_at(j, self._rows(j, part)) for part in parts], dim=1).numpy()
        own = weights / weights.sum()
        return float((np.square(h - (h @ own)[:, None]) @ own).sum())

    def variance_shares(self) -> np.ndarray:
        """Share of the variance of all effects that each main effect (diagonal) and each pair has, (d, d), symmetric.

        The diagonal and the upper triangle sum to 1.
        """
        variances = self.variances()
        total = np.trace(variances) + np.triu(variances, 1).sum()
        return variances / total if total > 0 else variances

    def importances(self) -> np.ndarray:
        """Share of each column in the variance of all effects, (d,): its main effects, half of its pairs', and so on.

        These are the Shapley effects of the score that the effects make up, with the columns taken as independent
        (Owen 2014). They sum to 1, or are zero where there are no effects.
        """
        parts = self._own_variances
        total = parts.sum()
        return parts.sum(axis=0) / total if total > 0 else parts.sum(axis=0)

    def importance_intervals(self) -> np.ndarray:
        """95% intervals (d, 2) of the importances, from two halves of the rows that effects were gathered on.

        Raises
        ------
        AttributeError
            Where the halves are not there, as in files up to format 6.
        """
        if self._halves is None:
            raise AttributeError("There are no intervals of importances in a file of an earlier version: fit again.")
        column_of = torch.from_numpy(self._feature_map.column_of)
        columns = column_of[[int(axis.coordinates[0]) for axis in self._effects.axes]].long()
        halves = self._halves.importances(columns, len(self.feature_names)).numpy()
        of_pairs, of_triples = self._own_variances.sum(axis=1)
        share = of_pairs / (of_pairs + of_triples) if of_pairs > 0 else 0.0
        return importance_intervals(self.importances(), share * halves)

    @cached_property
    def _own_variances(self) -> np.ndarray:
        """Variance that is a column's own, of main effects and half of its pairs', and a third of triples', (2, d)."""
        variances = self.variances()
        mains = np.diagonal(variances)
        of_triples = np.zeros(len(mains))
        if self._triples is not None:
            each = np.repeat(self._triples.variances().numpy()[:, None], 3, axis=1)
            np.add.at(of_triples, self._triples.columns.numpy(), each / 3)
        return np.stack((mains + (variances.sum(axis=1) - mains) / 2, of_triples))

    def strongest_columns(self, n: int) -> list[str]:
        """The n columns whose main effects vary most."""
        order = np.argsort(-np.diagonal(self.variances()), kind="stable")
        return [self.feature_names[j] for j in order[:n]]

    def strongest_pairs(self, n: int) -> list[tuple[str, str]]:
        """The n pairs of columns whose effects vary most."""
        d = len(self.feature_names)
        if d < 2:
            raise ValueError("A table of one column has no pairs.")
        first, second = np.triu_indices(d, 1)
        order = np.argsort(-self.variances()[first, second], kind="stable")[:n]
        return [(self.feature_names[first[i]], self.feature_names[second[i]]) for i in order]

    def __repr__(self) -> str:
        return f"ColumnEffects({len(self.feature_names)} columns, {len(self.target_names)} scores)"

    def _index(self, feature: Any) -> int:
        if str(feature) in self.feature_names:
            return self.feature_names.index(str(feature))
        if isinstance(feature, (int, np.integer)) and 0 <= feature < len(self.feature_names):
            return int(feature)
        raise ValueError(f"{feature!r} is not a column of the table: {', '.join(self.feature_names[:20])}.")

    def _labels(self, j: int) -> pd.Index:
        return pd.Index(self.columns[j].values, name=self.feature_names[j])

    def _axes(self, j: int) -> list[int]:
        """Axes of the effects that belong to column j."""
        return self._axes_of_columns.get(j, [])

    @cached_property
    def _axes_of_columns(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for i, axis in enumerate(self._effects.axes):
            found.setdefault(int(self._feature_map.column_of[int(axis.coordinates[0])]), []).append(i)
        return found

    def _rows(self, j: int, coordinates: Tensor | None = None) -> Tensor:
        """Rows (k, p): coordinates (k, p_j) of a column, by default those of its values; all others zero."""
        coordinates = self.columns[j].coordinates if coordinates is None else coordinates
        own = torch.from_numpy(np.flatnonzero(self._feature_map.column_of == j))
        x = torch.zeros(len(coordinates), self._feature_map.n_coordinates, dtype=torch.float64)
        x[:, own] = coordinates
        return x

    def _sum_of_vectors(self, j: int) -> Tensor:
        """Vectors (n_scores, k, r) of the column's axes, summed: a pair effect is the product of two such sums."""
        x = self._rows(j)
        total = torch.zeros(len(self.target_names), len(x), self._effects.signs.shape[1], dtype=torch.float64)
        for i in self._axes(j):
            total += self._effects.factors_at(i, x)
        return total
