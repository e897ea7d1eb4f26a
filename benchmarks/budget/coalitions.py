"""Samplers that evaluate a network on coalitions: shapiq's, and a regression that expects noisy values.

A coalition's value is the mean score of a row whose absent columns come from background rows. shapiq's samplers take
values for exact: a coalition that they count as known once is never evaluated again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
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


NOISY = "Leverage SHAP, noisy values"


def noisy_regression(game: Coalitions, d: int, n_coalitions: int, seed: int) -> np.ndarray:
    """Shapley values (d,) by a regression on pairs of coalitions, each with a background row of its own.

    Coalitions are drawn as by Leverage SHAP, but as often as the budget allows, and weighted by the kernel of SHAP.
    From each value is taken what its background row is expected to add: (1 - s / d) (f(b) - mean f) for s of d columns;
    the scores f(b) are the same for all explained rows.
    """
    rng, n = RandomState(seed), n_coalitions // 2
    sizes = rng.randint(1, d, size=n)
    present = rng.random_sample((n, d)).argsort(axis=1) < sizes[:, None]
    present, sizes = np.concatenate((present, ~present)), np.concatenate((sizes, d - sizes))
    rows = rng.randint(len(game.network.background_), size=2 * n)
    of_background = game.of_background
    values = game.contrast_of(present, rows) - of_background.mean()
    values -= (1 - sizes / d) * (of_background[rows] - of_background.mean())
    total = float(game.contrast_of(np.ones((1, d), dtype=bool), rows[:1])[0] - of_background.mean())
    weights = 1 / np.sqrt(sizes * (d - sizes))
    design = present[:, :-1].astype(float) - present[:, -1:]
    found = np.linalg.lstsq(design * weights[:, None], (values - present[:, -1] * total) * weights, rcond=None)[0]
    return np.append(found, total - found.sum())


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
        coalitions = np.asarray(coalitions, dtype=bool)
        if self.n_background == FRESH:
            values = self.contrast_of(coalitions, self._drawn(len(coalitions)))
            # the mean of all background rows costs nothing: it is the same for every row
            values[~coalitions.any(axis=1)] = self.of_background.mean()
            return values
        m = len(self.rows)
        return (
            self.contrast_of(np.repeat(coalitions, m, axis=0), np.tile(self.rows, len(coalitions)))
            .reshape(-1, m)
            .mean(axis=1)
        )

    @cached_property
    def of_background(self) -> np.ndarray:
        """The contrast of each background row."""
        return self._contrast(self.network.background_)

    def contrast_of(self, coalitions: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Values (n,) of coalitions (n, d), each with the background row of this index."""
        present = torch.from_numpy(coalitions)[:, self.column_of]
        return self._contrast(torch.where(present, self.x, self.network.background_[torch.from_numpy(rows)]))

    def _drawn(self, n: int) -> np.ndarray:
        return self.rng.randint(len(self.network.background_), size=n)

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
        A key of ``SAMPLERS``, or ``NOISY``.
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
        if name == NOISY:
            out[i] = noisy_regression(game, d, n_coalitions, seed + i)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = SAMPLERS[name](d, seed + i).approximate(budget=n_coalitions, game=game)
        out[i] = found.get_n_order_values(1)
    return out
