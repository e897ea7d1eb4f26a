"""The network's own Shapley values by sampling: the reference that explanations of the network are measured against."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.baselines.base import Baseline
from agop_tabular.effects.permutations import pairs_at_a_time, permutation_gains


class NetworkShapley(Baseline):
    """Interventional Shapley values of the scores by antithetic permutation sampling (Štrumbelj and Kononenko, 2014).

    Absent columns take the values of a background row, a new one for each pair of a permutation and its reverse. All
    scores come from the same evaluations. The values are unbiased; their error shows in the spread between two seeds.

    Parameters
    ----------
    n_permutations : int
        Permutations for each row, an even number; the network is evaluated ``n_permutations · (d + 1)`` times for it.
    """

    def __init__(self, *, n_permutations: int = 1000):
        self.n_permutations = n_permutations

    def _prepare(self, background: Any) -> None:
        if self.n_permutations < 2 or self.n_permutations % 2:
            raise ValueError(f"n_permutations={self.n_permutations} is not a positive even number.")
        self.background_ = self._coordinates(background).clone()

    def _one(self, X: Any, index: np.ndarray) -> np.ndarray:
        return self._every(X)[np.arange(len(X)), :, index]

    @torch.no_grad()
    def _every(self, X: Any) -> np.ndarray:
        x, d = self._coordinates(X), self.feature_map_.n_columns
        pairs = self.n_permutations // 2
        column = torch.from_numpy(self.feature_map_.column_of)
        out = np.zeros((len(x), d, self.adapter_.n_scores))
        step = max(1, pairs_at_a_time(1, x.shape[1], d) // pairs)
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            drawn = [self._draw(pairs, d) for _ in x[rows]]
            absent, orders = (torch.stack(part) for part in zip(*drawn, strict=True))
            gains = permutation_gains(self.network_, x[rows], self.background_[absent], orders, column)
            out[rows] = gains.mean(dim=(1, 2)).numpy()
        return out

    def _draw(self, pairs: int, d: int) -> tuple[Tensor, Tensor]:
        """Background rows (pairs,) and orders of the columns (pairs, d) of one explained row."""
        absent = self._background_rows(pairs)
        return absent, torch.from_numpy(self.random_state_.random_sample((pairs, d)).argsort(axis=1))

    def _background_rows(self, n: int) -> Tensor:
        """Indices of n background rows in random order; how often any two of them occur differs by at most one."""
        m = len(self.background_)
        rounds = [self.random_state_.permutation(m) for _ in range(-(-n // m))]
        return torch.from_numpy(np.concatenate(rounds)[:n])
