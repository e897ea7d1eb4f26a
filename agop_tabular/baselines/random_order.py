"""A control: attributions drawn at random, without looking at the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular.baselines.base import Baseline


class RandomOrder(Baseline):
    """Standard normal noise for every row, column and score: the level of chance for any metric."""

    def _prepare(self, background: Any) -> None:
        pass

    def _one(self, X: Any, index: np.ndarray) -> np.ndarray:
        return self.random_state_.standard_normal((len(X), self.feature_map_.n_columns))
