"""Methods that give every row the same attributions, without a call of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.attribution.method import FittedMethod, Method, Run, Settings, Statistics
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.rows import result_dtype
from agop_tabular.models.targets import Target, asks_for_all, asks_for_predicted


@dataclass(frozen=True)
class ConstantMethod(Method):
    """diag M, folded to columns, for every row and every target."""

    @property
    def needs_network(self) -> bool:
        """False: a saved file is enough."""
        return False

    @property
    def ignores(self) -> frozenset[str]:
        """A column's share of diag M has no reference, and no kept components."""
        return super().ignores | {"rank", "baseline"}

    def fit(self, feature_map: FeatureMap, statistics: Statistics, settings: Settings) -> FittedConstantMethod:
        """Read the diagonal of M; see :meth:`Method.fit`."""
        summary = MomentSummary.of(feature_map, statistics.gradients, statistics.coordinates, **vars(settings))
        return FittedConstantMethod(self, feature_map, summary)


@dataclass(frozen=True, eq=False)
class FittedConstantMethod(FittedMethod):
    """The same attributions for every row."""

    def attribute(self, model: ExplainedModel, X: Any, target: Any, run: Run) -> Attributions:
        """Repeat the attributions for every row, and for every score where all are wanted.

        Which score is explained makes no difference, but one that there is not is refused, as by every method.
        """
        if not asks_for_predicted(target):
            Target.read(target, model, len(X))
        row, dtype = self.feature_map.fold(self.summary.diagonal).numpy(), result_dtype(X)
        if not (row <= np.finfo(dtype).max).all():
            raise ValueError(
                f"diag M is too large for {dtype}, the dtype of the rows; give them as float64, or scaled."
            )
        row = row.astype(dtype)
        if asks_for_all(target):
            return Attributions(np.tile(row[:, None], (len(X), 1, model.n_scores)))
        return Attributions(np.tile(row, (len(X), 1)))

    def base_scores(self, model: ExplainedModel) -> None:
        """None: no score is explained."""
