"""Attributor: all that it takes to attribute rows. Explainers use it, and dask workers are sent it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.attribution.method import FittedMethod, Refine, Run
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.row_means import RowMeans
from agop_tabular.models.row_order import check_row_order


@dataclass(frozen=True, eq=False)
class Attributor:
    """A model, a fitted method, a gate, and the sizes in which rows are worked on.

    Attributes
    ----------
    model : ExplainedModel
    method : FittedMethod
    mask : ndarray of bool, shape (d,), or None
        Columns where it is False get no attribution.
    refine : Refine or None
        Permutations that correct what was looked up.
    batch_size : int or "auto"
    verbose : int
        Above 0, show a progress bar.
    """

    model: ExplainedModel
    method: FittedMethod
    mask: np.ndarray | None = None
    refine: Refine | None = None
    batch_size: int | str = "auto"
    verbose: int = 0

    def attribute(self, X: Any, target: Any, *, with_support: bool = False, first_row: int = 0) -> Attributions:
        """Attribute the scores of rows.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)
            The user's rows.
        target : "predicted", "all", a label, or an array-like of n labels
        with_support : bool
            Whether support, scores, base values and gap are wanted, too.
        first_row : int
            Place of the first row in a larger table, for messages.
        """
        check_row_order(target, X, "target")
        progress = "AGOP explain" if self.verbose else None
        run = Run(self.batch_size, progress, with_support, self.refine, first_row)
        found = self.method.attribute(self.model, X, target, run).gated(self.mask)
        scores = self.method.base_scores(self.model) if with_support else None
        if scores is None:
            return found
        base = np.tile(scores, (len(X), 1)) if found.index is None else scores[found.index]
        gap = None
        if found.scores is not None and self.method.method.signed:
            gap = found.scores - base - found.values.sum(axis=1)
        return replace(found, base_values=base, gap=gap)

    def against(self, rows: Any, means: RowMeans | None = None) -> Attributor:
        """The same for attributions that are differences from the mean score of other rows.

        Parameters
        ----------
        rows : ndarray or DataFrame of shape (m, d)
            In the user's columns.
        means : RowMeans, optional
            Over a table of which these are some rows, from all over it.

        Raises
        ------
        ValueError
            Where a value is not finite, or the method's attributions are no differences.
        """
        x = self.model.coordinates(rows)
        refine = None if self.refine is None else replace(self.refine, background=x)
        means = RowMeans.of(self.model, rows, self.batch_size) if means is None else means
        return replace(self, method=self.method.against(self.model, x, means), refine=refine)

    def for_workers(self) -> Attributor:
        """The same without what other processes do not need."""
        return replace(self, model=self.model.for_workers(), method=self.method.for_workers(), verbose=0)
