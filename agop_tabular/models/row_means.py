"""Means of scores and coordinates over rows: plain sums, streamed and added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.refusals import check_finite, check_scores


@dataclass(frozen=True, eq=False)
class RowMeans:
    """Sums over rows, whose means follow.

    Attributes
    ----------
    n : int
    score_total : Tensor of shape (C,), float64
    coordinate_total : Tensor of shape (p,), float64
    """

    n: int
    score_total: Tensor
    coordinate_total: Tensor

    @classmethod
    def of(cls, model: ExplainedModel, X: Any, batch_size: int | str, first_row: int = 0) -> RowMeans:
        """Over the user's rows (n, d), the first of which has the number ``first_row`` in its table.

        Raises
        ------
        ValueError
            Where a row or a score is not finite.
        """
        scores = torch.zeros(model.network.n_scores, dtype=torch.float64)
        coordinates = torch.zeros(model.feature_map.n_coordinates, dtype=torch.float64)
        with torch.inference_mode(False), evaluating(model.network.module):
            for rows, x in model.batches(X, batch_size):
                check_finite(x, model.feature_map, first_row + rows.start)
                raw = model.raw_scores(x)
                check_scores(raw, first_row + rows.start)
                scores += model.explained(raw).double().sum(dim=0).cpu()
                coordinates += x.double().sum(dim=0).cpu()
        return cls(len(X), scores, coordinates)

    def __add__(self, other: RowMeans) -> RowMeans:
        """Over both tables' rows."""
        return RowMeans(
            self.n + other.n, self.score_total + other.score_total, self.coordinate_total + other.coordinate_total
        )

    @property
    def scores(self) -> Tensor:
        """Mean of the explained scores, (C,)."""
        return self.score_total / self.n

    @property
    def coordinates(self) -> Tensor:
        """Mean of the coordinates, (p,)."""
        return self.coordinate_total / self.n
