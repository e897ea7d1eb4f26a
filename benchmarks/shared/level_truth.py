"""Additive truth of a table of numbers and categories."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agop_tabular.datasets.truth import in_contrast


class LevelTruth:
    """Scores that are linear in numbers and have an effect for each level of a category.

    The Shapley value of a level is its effect minus the mean effect; here effects have mean zero already.

    Parameters
    ----------
    effects : list of ndarray of shape (n_levels, n_classes)
        Of each category, mean zero over rows. Levels are named "v0", "v1", ...
    slopes : ndarray of shape (n_numbers, n_classes)
        Of the numbers, which are the first columns.
    """

    def __init__(self, effects: list[np.ndarray], slopes: np.ndarray):
        self.effects, self.slopes, self.n_numbers = effects, slopes, len(slopes)
        self.n_classes, self.n_features = slopes.shape[1], len(slopes) + len(effects)
        used = [*(np.abs(slopes).sum(axis=1) > 0), *(np.abs(e).sum() > 0 for e in effects)]
        self.informative = np.flatnonzero(used)

    def _contributions(self, X: pd.DataFrame) -> np.ndarray:
        """Of each column to each score, (n, d, C)."""
        parts = [X.iloc[:, j].to_numpy()[:, None] * self.slopes[j] for j in range(self.n_numbers)]
        parts += [e[X.iloc[:, self.n_numbers + k].str[1:].astype(int)] for k, e in enumerate(self.effects)]
        return np.stack(parts, axis=1)

    def scores(self, X: pd.DataFrame) -> np.ndarray:
        """True scores (n, C)."""
        return self._contributions(X).sum(axis=1)

    def attributions(self, X: pd.DataFrame, target: np.ndarray, *, contrast: bool = False) -> np.ndarray:
        """Exact Shapley values (n, d) of each row's class."""
        parts = self._contributions(X)
        if contrast:
            parts = in_contrast(parts.T).T
        return parts[np.arange(len(X)), :, target]

    def relevant(self, X: pd.DataFrame) -> np.ndarray:
        """Columns that the scores depend on (n, d)."""
        return np.isin(np.arange(self.n_features), self.informative)[None].repeat(len(X), axis=0)
