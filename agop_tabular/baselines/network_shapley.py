"""The network's own Shapley values, by sampling: the oracle that explainers of predictions are held to."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.baselines.base import Baseline

EVALUATED = 2**17
"""Rows that the network scores at a time."""


class NetworkShapley(Baseline):
    """Interventional Shapley values of the scores by antithetic permutation sampling (Štrumbelj and Kononenko, 2014).

    The columns that are absent are taken from a background row, drawn anew for each pair of a permutation and its
    reverse. All scores come from the same evaluations. Unbiased; the spread between two seeds is its error.

    Parameters
    ----------
    n_permutations : int
        For each row, even; the network is evaluated ``n_permutations · (d + 1)`` times.
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
        out = np.zeros((len(x), d, self.adapter_.n_scores))
        at_once = max(1, EVALUATED // (2 * (d + 1)))
        for i in range(len(x)):
            drawn = self._background_rows(pairs)
            orders = torch.from_numpy(self.random_state_.random_sample((pairs, d)).argsort(axis=1))
            for start in range(0, pairs, at_once):
                part = slice(start, start + at_once)
                out[i] += self._contributions(x[i], self.background_[drawn[part]], orders[part]) / self.n_permutations
        return out

    def _background_rows(self, n: int) -> Tensor:
        """Indices of n background rows, as evenly spread over them as can be."""
        m = len(self.background_)
        rounds = [self.random_state_.permutation(m) for _ in range(-(-n // m))]
        return torch.from_numpy(np.concatenate(rounds)[:n])

    def _contributions(self, x: Tensor, absent: Tensor, orders: Tensor) -> np.ndarray:
        """Summed over permutations and their reverses: what each column adds when it joins, (d, C)."""
        n, d = orders.shape
        place = torch.empty_like(orders).scatter_(1, orders, torch.arange(d).expand(n, d))
        total = np.zeros((d, self.adapter_.n_scores))
        column = torch.from_numpy(self.feature_map_.column_of)
        for joined in (place, d - 1 - place):
            present = torch.arange(d + 1)[None, :, None] > joined[:, None, :]  # (n, d + 1, d)
            if not self.feature_map_.is_identity:
                present = present[..., column.clamp_min(0)]
            hybrid = torch.where(present.to(x.device), x, absent[:, None, :])
            scores = self.network_(hybrid.reshape(n * (d + 1), -1)).double().reshape(n, d + 1, -1)
            gains = scores.diff(dim=1).cpu()  # of the column that joins at each place
            of_column = gains.gather(1, joined[:, :, None].expand(n, d, gains.shape[2]))
            total += of_column.sum(dim=0).numpy()
        return total
