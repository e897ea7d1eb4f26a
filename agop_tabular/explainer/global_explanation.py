"""What a fitted explainer says of a network as a whole: importances, effects, and plots of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from agop_tabular.attribution.class_model import class_models
from agop_tabular.attribution.method import FittedMethod
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.fitting.fit import column_effects, column_importances
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.targets import ALL
from agop_tabular.results.column_effects import ColumnEffects
from agop_tabular.results.plots.importances import plot_importances
from agop_tabular.results.plots.main_effects import plot_main_effects
from agop_tabular.results.plots.pair_effects import plot_pair_effects

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class GlobalExplanation:
    """The part of a fitted :class:`~agop_tabular.AGOPExplainer` that needs no rows to explain."""

    model_: ExplainedModel
    statistics_: TrainingStatistics
    feature_map_: FeatureMap
    standardize: bool
    _fitted_method: FittedMethod

    @property
    def effects_(self) -> ColumnEffects:
        """Main and pair effects in the user's columns; only for ``method="agop"``."""
        check_is_fitted(self, "n_samples_seen_")
        return column_effects(self.model_, self.statistics_, self._fitted_method)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Share of each column in the variance of all effects; of the published methods, in diag M: (d,)."""
        check_is_fitted(self, "n_samples_seen_")
        return column_importances(self.model_, self.statistics_, self._fitted_method)

    @property
    def feature_importance_intervals_(self) -> np.ndarray:
        """95% intervals of ``feature_importances_`` for ``method="agop"``, as far as shuffled rows go: (d, 2)."""
        return self.effects_.importance_intervals()

    @property
    def interaction_importances_(self) -> np.ndarray:
        """Share of the variance of all effects that each pair, and on the diagonal each main effect, has: (d, d)."""
        return self.effects_.variance_shares()

    def plot_effects(
        self,
        features: Sequence[Any] | None = None,
        *,
        target: Any = None,
        n: int = 6,
        ax: Any = None,
        shared_scale: bool = True,
    ) -> np.ndarray:
        """Draw main effects: curves over numbers, bars over levels with their frequencies.

        Parameters
        ----------
        features : sequence of str or int, optional
            Columns; by default the ``n`` whose main effects vary most.
        target : str or int, optional
            One class, by name or place; by default the positive one of two, otherwise the first eight.
        n : int, default=6
        ax : Axes, or array of Axes, one a column, optional
            Those of a new figure by default, which is the caller's to close.
        shared_scale : bool, default=True
            Whether all panels have one scale of effects.

        Returns
        -------
        ndarray of matplotlib Axes, one a column
        """
        effects = self.effects_
        return plot_main_effects(effects, features, target, n, ax=ax, shared_scale=shared_scale, band=effects.main_band)

    def plot_interactions(
        self,
        pairs: Sequence[tuple[Any, Any]] | None = None,
        *,
        target: Any = None,
        n: int = 4,
        ax: Any = None,
        shared_scale: bool = True,
    ) -> np.ndarray:
        """Draw pair effects as maps.

        Parameters
        ----------
        pairs : sequence of pairs of str or int, optional
            Columns; by default the ``n`` pairs whose effects vary most.
        target : str or int, optional
            The class, by name or place; by default the last one, which is the positive one of two.
        n, ax, shared_scale : as in :meth:`plot_effects`, with a panel for each of 4 pairs, and one scale of colours

        Returns
        -------
        ndarray of matplotlib Axes, one a pair
        """
        return plot_pair_effects(self.effects_, pairs, target, n, ax=ax, shared_scale=shared_scale)

    def plot_importances(self, *, n: int = 15, ax: Axes | None = None) -> Axes:
        """Draw :attr:`feature_importances_`, of ``n`` columns by themselves and of the others together.

        Parameters
        ----------
        n : int, default=15
        ax : matplotlib Axes, optional
        """
        of = "the variance of all effects" if self._fitted_method.method.gathers_effects else "the diagonal of M"
        names, label = self.feature_map_.names, f"share of each column in {of}"
        intervals = getattr(self, "feature_importance_intervals_", None)
        return plot_importances(names, self.feature_importances_, label, ax, n=n, intervals=intervals)

    def class_model(self, target: Any = ALL, *, penalty: float | str = "auto", n_steps: int = 200) -> pd.DataFrame:
        """The most typical row of each class on the network's own terms (Simonyan and others, 2014).

        Gradient ascent on the network's own score, from the mean of the training rows; see
        :func:`~agop_tabular.attribution.class_model.class_models`.

        Parameters
        ----------
        target : "all" or a label of ``classes_``; an index of an output, for a regressor
        penalty : float or "auto"
            Of the squared distance from the mean; "auto" stays within the usual distance of a training row.
        n_steps : int

        Returns
        -------
        DataFrame of shape (n_classes, p)
            Coordinates at the network's input, named as in ``coordinate_names_``: indicators of a category may be
            anything. The index holds the labels.
        """
        check_is_fitted(self, "n_samples_seen_")
        how: Any = {"standardize": self.standardize, "penalty": penalty, "n_steps": n_steps}
        rows, labels = class_models(self.model_, self.statistics_, target, **how)
        return pd.DataFrame(
            rows, index=pd.Index(labels, name="class"), columns=list(self.feature_map_.coordinate_names)
        )
