"""Masking by an adversarial counterpart: AIM (arXiv 2605.16905), as far as it could be reconstructed from its abstract.

Known is: the most, or the least, salient features are replaced by those of an adversarial counterpart of the input; how
the score degrades in both orders is compared; and the measure is judged by its bias under random attributions and by
how stable it ranks methods. The attack (projected gradient descent), its budget, and the scores made of the curves are
this project's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.random import RandomState
from scipy.stats import rankdata
from sklearn.utils import check_random_state
from torch import Tensor

from agop_tabular.evaluation.metrics import spearman
from agop_tabular.evaluation.removal import Predict, deletion_area, insertion_area

STEP = 2.5
"""A step of the attack, in radii over the number of steps: it can cross the ball, and more (Madry and others, 2018)."""

SPLITS = 100
"""Random halves of the rows in which methods are ranked."""


def adversarial_counterpart(
    scores: Callable[[Tensor], Tensor],
    X: np.ndarray,
    target: np.ndarray,
    *,
    radius: float | np.ndarray,
    n_steps: int = 20,
) -> np.ndarray:
    """Rows near the given ones whose explained score is as far below the others as can be found.

    Projected gradient descent on the score of the target minus the highest of the others, or on the only score, within
    a distance of each feature.

    Parameters
    ----------
    scores : callable
        Maps a tensor (n, …) to scores (n, C), row by row, with gradients; a network that is set to evaluate.
    X : ndarray of shape (n, …), float
    target : ndarray of int, shape (n,)
        Index of the explained score of each row.
    radius : float or ndarray that broadcasts to X
        Largest change of a feature.
    n_steps : int

    Returns
    -------
    ndarray of shape (n, …)
    """
    X = np.asarray(X)
    if X.dtype.kind != "f":
        raise ValueError(f"X is of type {X.dtype}, and an attack moves features by fractions; give it as floats.")
    if not (np.asarray(radius) >= 0).all() or n_steps < 1:
        raise ValueError(f"radius={radius!r} must not be negative, and n_steps={n_steps!r} must be at least 1.")
    start = torch.from_numpy(np.array(X))
    _check_target(np.asarray(target), len(X))
    reach = torch.from_numpy(np.broadcast_to(np.asarray(radius, dtype=X.dtype), X.shape).copy())
    chosen = torch.as_tensor(np.asarray(target)).long()[:, None]
    x, best, lowest = start.clone(), start.clone(), torch.full((len(start),), torch.inf, dtype=start.dtype)
    with torch.enable_grad():
        for _ in range(n_steps + 1):
            x = x.detach().requires_grad_()
            margin = _margin(_checked_scores(scores(x), chosen), chosen)
            lower = margin.detach() < lowest
            best[lower], lowest[lower] = x.detach()[lower], margin.detach()[lower].to(lowest.dtype)
            (gradient,) = torch.autograd.grad(margin.sum(), x)
            moved = x.detach() - STEP * reach / n_steps * gradient.sign()
            x = torch.minimum(torch.maximum(moved, start - reach), start + reach)
    return best.numpy()


def _check_target(target: np.ndarray, n: int) -> None:
    if target.dtype.kind not in "iu" or target.shape != (n,) or (n and target.min() < 0):
        raise ValueError(f"target must hold the index of a score, a whole number from 0, for each of the {n} rows.")


def _checked_scores(s: Tensor, chosen: Tensor) -> Tensor:
    """Scores (n, C) in which every target has its own."""
    if s.ndim != 2 or len(s) != len(chosen):
        raise ValueError(f"scores returned shape {tuple(s.shape)} for {len(chosen)} rows; it must be (n, C).")
    if len(chosen) and int(chosen.max()) >= s.shape[1]:
        raise ValueError(f"target has the index {int(chosen.max())}, but there are {s.shape[1]} scores, from 0.")
    return s


def _margin(s: Tensor, chosen: Tensor) -> Tensor:
    """Score of the target minus the highest of the others, or the only score."""
    of_target = s.gather(1, chosen)[:, 0]
    if s.shape[1] == 1:
        return of_target
    return of_target - s.scatter(1, chosen, -torch.inf).amax(dim=1)


@dataclass(frozen=True, eq=False)
class AdversarialMasking:
    """How methods order features, as their adversarial counterparts show.

    Attributes
    ----------
    table : DataFrame
        By method, means over rows: ``most_first`` and ``least_first``, the areas under the score when features are
        replaced in either order; their difference, ``gain``; and ``above_random``, the gain less the bias.
    gains : DataFrame of shape (n, n_methods)
        Of each row.
    bias : float
        Mean gain of random attributions; a sound measure has 0.
    rank_stability : float
        Mean Spearman correlation of the methods' order in two random halves of the rows; NaN for fewer than two
        methods.
    """

    table: pd.DataFrame
    gains: pd.DataFrame
    bias: float
    rank_stability: float


def adversarial_masking(
    predict: Predict,
    X: np.ndarray,
    attributions: Mapping[str, np.ndarray],
    counterpart: np.ndarray,
    *,
    n_steps: int | None = None,
    n_random: int = 10,
    random_state: int | RandomState | None = None,
) -> AdversarialMasking:
    """Replace features by those of an adversarial counterpart, in the order of each method's attributions.

    Parameters
    ----------
    predict : callable
        Maps rows (n, d) to the explained score (n,) of each.
    X : ndarray of shape (n, d)
        Rows, or images with their pixels as columns.
    attributions : dict of str to ndarray of shape (n, d)
        Of the explained score, by method.
    counterpart : ndarray of shape (n, d)
        See :func:`adversarial_counterpart`.
    n_steps : int, optional
        Steps in which all features are replaced; d by default.
    n_random : int
        Random orders that the bias is measured by.
    random_state : int, RandomState or None

    Returns
    -------
    AdversarialMasking
    """
    if not attributions:
        raise ValueError("attributions= has no method; give at least one, by name.")
    if np.shape(counterpart) != np.shape(X):
        raise ValueError(f"The counterpart has shape {np.shape(counterpart)}, for rows of shape {np.shape(X)}.")
    rng = check_random_state(random_state)

    def areas(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        how = (predict, X, a, counterpart)
        return deletion_area(*how, n_steps=n_steps), insertion_area(*how, n_steps=n_steps)

    found = {name: areas(a) for name, a in attributions.items()}
    random = [areas(rng.uniform(size=np.shape(X))) for _ in range(n_random)]
    bias = float(np.mean([least - most for most, least in random])) if random else float("nan")
    gains = pd.DataFrame({name: least - most for name, (most, least) in found.items()})
    table = pd.DataFrame(
        {name: {"most_first": most.mean(), "least_first": least.mean()} for name, (most, least) in found.items()}
    ).T
    table["gain"] = table["least_first"] - table["most_first"]
    table["above_random"] = table["gain"] - bias
    return AdversarialMasking(table, gains, bias, _stability(gains.to_numpy(), rng))


def _stability(gains: np.ndarray, rng: RandomState) -> float:
    """Mean correlation of the methods' order in two halves of the rows (n, n_methods)."""
    n, k = gains.shape
    if k < 2 or n < 2:
        return float("nan")
    halves = []
    for _ in range(SPLITS):
        order = rng.permutation(n)
        halves.append([gains[part].mean(axis=0) for part in (order[: n // 2], order[n // 2 :])])
    ranks = rankdata(np.array(halves), axis=2)
    found = spearman(ranks[:, 0], ranks[:, 1])
    return float(found[~np.isnan(found)].mean()) if not np.isnan(found).all() else float("nan")
