"""TrainingStatistics: sums over training rows. They know nothing of the network that they were computed from."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.moments import GradientMoment
from agop_tabular.effects.halves import Halves
from agop_tabular.effects.remainder import Remainder
from agop_tabular.effects.sums import EffectSums
from agop_tabular.fitting.moment_choice import empty_moment
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.results.column_values import ColumnValues


@dataclass(frozen=True, eq=False)
class TrainingStatistics:
    """Sums over training rows, gathered batch by batch and merged by addition.

    Attributes
    ----------
    gradients : GradientMoment
        Products of the gradients of the scores.
    coordinates : CoordinateMoment
        Mean and variance of the coordinates.
    score_total : Tensor of shape (n_scores,), float64
        Sum of the scores of the rows, where the method needs it.
    effects : EffectSums or None
        Conditional sums of gradients on shuffled rows, where the method looks effects up.
    halves : Halves or None
        What two halves of the shuffled rows say by themselves.
    remainder : Remainder or None
        What the effects leave of the scores, where it has been measured.
    columns : tuple of ColumnValues
        Values of the user's columns at which effects are shown, where there are effects.
    constants : Tensor of shape (p,) or None
        Values of the coordinates that are constant in the background rows, and so belong to no effect; NaN for the
        others. None without effects, and in files up to format 10.
    background : Tensor of shape (m, p) or None
        Coordinates of the training rows that shuffled rows are drawn from, in the order of
        :func:`~agop_tabular.effects.shuffling.sorted_rows`; a saved file does not hold them.
    """

    gradients: GradientMoment
    coordinates: CoordinateMoment
    score_total: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    effects: EffectSums | None = None
    halves: Halves | None = None
    remainder: Remainder | None = None
    columns: tuple[ColumnValues, ...] = ()
    constants: Tensor | None = None
    background: Tensor | None = None

    @classmethod
    def empty(cls, kind: str, model: ExplainedModel) -> TrainingStatistics:
        """Over no rows yet.

        Parameters
        ----------
        kind : "dense", "factored", "sketched" or "diagonal"
            Of the moment of the gradients.
        model : ExplainedModel
            Whose number of coordinates, and first layer, decide the sizes.
        """
        p = model.feature_map.n_coordinates
        return cls(empty_moment(kind, p, model.layer), CoordinateMoment(p))

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.gradients.n

    @property
    def mean_scores(self) -> Tensor:
        """Mean of the scores over the rows, (n_scores,), float64."""
        return self.score_total / self.n

    def merged(self, other: TrainingStatistics) -> TrainingStatistics:
        """With the sums over other rows, gathered from the same network; both stay as they are.

        Effects, columns, constants and background are those of ``self``.
        """
        gradients, coordinates = deepcopy(self.gradients), deepcopy(self.coordinates)
        gradients.merge(other.gradients)
        coordinates.merge(other.coordinates)
        return replace(
            self, gradients=gradients, coordinates=coordinates, score_total=self.score_total + other.score_total
        )
