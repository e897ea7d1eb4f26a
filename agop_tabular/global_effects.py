"""What one fit says of the network as a whole: effects, their importances and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from agop_tabular.results.column_effects import ColumnEffects

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agop_tabular.attribution.fitted_method import Attribution
    from agop_tabular.fitting.statistics import Gathered


class GlobalEffects:
    """The part of the explainer that shows effects over all rows."""

    _gathered: Gathered
    _attribution: Attribution

    @property
    def effects_(self) -> ColumnEffects:
        """Main and pair effects in the user's columns; only for ``method="agop"``."""
        check_is_fitted(self, "n_samples_seen_")
        return column_effects(self._gathered, self._attribution)

    @property
    def interaction_importances_(self) -> np.ndarray:
        """Share of the variance of all main and pair effects that each pair has, (d, d), symmetric.

        The diagonal is the share of each main effect; the diagonal and the upper triangle sum to 1.
        """
        variances = self.effects_.variances()
        total = np.trace(variances) + np.triu(variances, 1).sum()
        return variances / total if total > 0 else variances

    def plot_effects(self, features: Sequence[Any] | None = None, *, target: Any = None, n: int = 6) -> Figure:
        """Draw main effects: curves over numbers, bars over categories.

        Parameters
        ----------
        features : sequence of str or int, optional
            Columns; by default the ``n`` whose main effects vary most.
        target : str or int, optional
            One class, by name or place; by default the positive one of two, otherwise the first eight.
        n : int, default=6

        Returns
        -------
        matplotlib.figure.Figure
        """
        from agop_tabular.results.effect_plots import draw_main_effects

        effects = self.effects_
        if features is None:
            order = np.argsort(-np.diagonal(effects.variances()), kind="stable")
            features = [effects.feature_names[j] for j in order[: _positive(n)]]
        return draw_main_effects(effects, _some(features), target)

    def plot_interactions(
        self, pairs: Sequence[tuple[Any, Any]] | None = None, *, target: Any = None, n: int = 4
    ) -> Figure:
        """Draw pair effects as maps.

        Parameters
        ----------
        pairs : sequence of pairs of str or int, optional
            Columns; by default the ``n`` pairs whose effects vary most.
        target : str or int, optional
            The class, by name or place; by default the last one, which is the positive one of two.
        n : int, default=4

        Returns
        -------
        matplotlib.figure.Figure
        """
        from agop_tabular.results.effect_plots import draw_pair_effects

        effects = self.effects_
        if pairs is None:
            d = len(effects.feature_names)
            if d < 2:
                raise ValueError("A table of one column has no pairs.")
            first, second = np.triu_indices(d, 1)
            order = np.argsort(-effects.variances()[first, second], kind="stable")[: _positive(n)]
            pairs = [(effects.feature_names[first[i]], effects.feature_names[second[i]]) for i in order]
        return draw_pair_effects(effects, _some(pairs), target)


def column_effects(gathered: Gathered, fitted: Attribution) -> ColumnEffects:
    """The effects that a fit has, in the user's columns."""
    if fitted.effects is None:
        raise AttributeError(f'method="{fitted.method.name}" gathers no effects; fit with method="agop".')
    feature_map = gathered.feature_map
    return ColumnEffects(feature_map.names, gathered.score_names, gathered.columns, fitted.effects, feature_map)


def _positive(n: int) -> int:
    if n < 1:
        raise ValueError(f"n={n!r} is not a positive whole number.")
    return int(n)


def _some(things: Sequence[Any]) -> list[Any]:
    found = list(things)
    if not found:
        raise ValueError("Nothing to draw: give at least one column or pair.")
    return found
