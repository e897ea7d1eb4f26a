"""Samplers of shapiq, which evaluate a network on coalitions: rows whose absent columns come from background rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import RandomState

from agop_tabular.baselines import NetworkShapley
from benchmarks.shared.scores import centred

FRESH = 0
"""In place of a number of background rows: each coalition gets one of its own, which is new."""

BACKGROUNDS = (FRESH, 10, 50)
"""Background rows of a coalition; those with the lowest mean error at a budget count, which favours the samplers."""


def kernel_shap(d: int, seed: int) -> Any:
    """KernelSHAP whose coalitions come with their complements (Covert and Lee, 2021)."""
    from shapiq.approximator import KernelSHAP

    return KernelSHAP(d, pairing_trick=True, random_state=seed)


def leverage_shap(d: int, seed: int) -> Any:
    """The same with every size of coalition as likely: their leverage scores (Musco and Witter, 2025)."""
    from shapiq.approximator import KernelSHAP

    return KernelSHAP(d, pairing_trick=True, sampling_weights=np.ones(d + 1), random_state=seed)


def svarm(d: int, seed: int) -> Any:
    """Coalitions with a column and without it, by their size (Kolpaczki and others, 2024)."""
    from shapiq.approximator import SVARM

    return SVARM(d, random_state=seed)


SAMPLERS: dict[str, Callable[[int, int], Any]] = {
    "KernelSHAP, paired": kernel_shap,
    "Leverage SHAP": leverage_shap,
    "SVARM": svarm,
}
"""By the number of columns and a seed. shapiq's kADDSHAP with effects of two columns is left out: with coalitions in
pairs it gives the same values as KernelSHAP."""


class Coalitions:
    """A network's contrast of the explained class on coalitions of one row's columns.

    Parameters
    ----------
    network : NetworkShapley
        Fitted; it has the network, its background rows and the user's columns.
    x : Tensor of shape (1, p)
        The explained row.
    target : int
    n_background : int
        Rows that supply absent columns; ``FRESH`` for a new one with each coalition.
    seed : int
    """

    def __init__(self, network: NetworkShapley, x: torch.Tensor, target: int, n_background: int, seed: int):
        self.network, self.x, self.target = network, x, target
        self.n_background, self.rng = n_background, RandomState(seed)
        self.column_of = torch.from_numpy(network.feature_map_.column_of)
        self.rows = self._drawn(n_background)

    def __call__(self, coalitions: np.ndarray) -> np.ndarray:
        """Values (n,) of coalitions (n, d), True where a column is present."""
        present = torch.from_numpy(np.asarray(coalitions, dtype=bool))[:, self.column_of]
        absent = self._drawn(len(present))[:, None] if self.n_background == FRESH else self.rows[None]
        hybrid = torch.where(present[:, None], self.x, absent)
        values = self._contrast(hybrid.reshape(-1, hybrid.shape[-1])).reshape(hybrid.shape[:2]).mean(axis=1)
        if self.n_background == FRESH:  # the mean of all background rows costs nothing: it is the same for every row
            values[~np.asarray(coalitions, dtype=bool).any(axis=1)] = self._contrast(self.network.background_).mean()
        return values

    def _drawn(self, n: int) -> torch.Tensor:
        return self.network.background_[self.rng.randint(len(self.network.background_), size=n)]

    @torch.no_grad()
    def _contrast(self, x: torch.Tensor) -> np.ndarray:
        scores = np.concatenate([self.network.network_(part).double().numpy() for part in x.split(2**14)])
        return centred(scores[:, None, :], np.full(len(scores), self.target))[:, 0]


def sampled(
    name: str, network: NetworkShapley, rows: Any, target: np.ndarray, evaluations: int, n_background: int, seed: int
) -> np.ndarray | None:
    """Shapley values (n, d) of rows by one of the samplers; None if the budget is too small for it.

    Parameters
    ----------
    name : str
        A key of ``SAMPLERS``.
    network : NetworkShapley
        Fitted.
    rows : ndarray or DataFrame of shape (n, d)
    target : ndarray of int, shape (n,)
        The explained class of each row.
    evaluations : int
        Of the network for each row.
    n_background : int
        As in :class:`Coalitions`.
    seed : int
    """
    d, x = network.feature_map_.n_columns, network.adapter_.tensor(network.adapter_.encode(rows))
    n_coalitions = evaluations // max(1, n_background)
    if n_coalitions < d + 2:  # fewer coalitions than unknowns leave a regression undetermined
        return None
    out = np.empty((len(x), d))
    for i in range(len(x)):
        game = Coalitions(network, x[i : i + 1], int(target[i]), n_background, seed + i)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = SAMPLERS[name](d, seed + i).approximate(budget=n_coalitions, game=game)
        out[i] = found.get_n_order_values(1)
    return out
