"""Metrics of OpenXAI (Agarwal and others, 2022): noise on some columns, and on all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import RandomState
from sklearn.utils import check_random_state

from agop_tabular.evaluation.changed_inputs import dtype_with, scores_of
from agop_tabular.evaluation.removal import Predict

SMALLEST = 1e-3
"""Least relative change of a row that is divided by, and least absolute value that a change is relative to."""


def prediction_gap(
    predict: Predict,
    X: np.ndarray,
    attributions: np.ndarray,
    k: int,
    *,
    important: bool = True,
    noise: float | np.ndarray = 0.1,
    discrete: np.ndarray | None = None,
    flip: float = 0.3,
    n_perturbations: int = 100,
    random_state: int | RandomState | None = None,
) -> np.ndarray:
    """Mean absolute change of the score when the k most important columns are perturbed (PGI), or the others (PGU).

    Parameters
    ----------
    predict : callable
        Maps rows (n, d) to scores (n,), for OpenXAI a probability.
    X : ndarray of shape (n, d)
    attributions : ndarray of shape (n, d)
        Columns of the largest absolute values are the important ones.
    k : int
        How many of them.
    important : bool
        True for PGI, higher is better; False for PGU, lower is better.
    noise : float or ndarray of shape (d,)
        Standard deviation of the normal noise; OpenXAI's 0.1 is for columns between 0 and 1.
    discrete : ndarray of bool, shape (d,), optional
        Columns of zeros and ones, which are flipped in place of getting noise.
    flip : float
        How often they are.
    n_perturbations : int
    random_state : int, RandomState or None

    Returns
    -------
    ndarray of shape (n,)
    """
    X, a = np.asarray(X), np.abs(np.asarray(attributions, dtype=float))
    if X.ndim != 2 or a.shape != X.shape:
        raise ValueError(f"Rows of shape {X.shape} and attributions of shape {a.shape} must both be (n, d).")
    if not 0 <= k <= X.shape[1]:
        raise ValueError(f"k={k} is not between 0 and the {X.shape[1]} columns.")
    top = np.zeros(X.shape, dtype=bool)
    np.put_along_axis(top, np.argsort(-a, axis=1, kind="stable")[:, :k], True, axis=1)
    perturb = top if important else ~top
    rng, before = check_random_state(random_state), scores_of(predict, X)
    total = np.zeros(len(X))
    for _ in range(n_perturbations):
        changed = np.where(perturb, _perturbed(X, rng, noise, discrete, flip), X)
        total += np.abs(scores_of(predict, changed) - before)
    return total / n_perturbations


def relative_input_stability(
    explain: Callable[[np.ndarray], np.ndarray],
    classify: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    *,
    noise: float | np.ndarray = 0.05,
    discrete: np.ndarray | None = None,
    flip: float = 0.3,
    n_perturbations: int = 100,
    random_state: int | RandomState | None = None,
) -> np.ndarray:
    """RIS: largest relative change of a row's attributions over that of the row; lower is better.

    Parameters
    ----------
    explain : callable
        Maps rows (n, d) to attributions (n, d).
    classify : callable
        Maps rows (n, d) to predicted classes (n,); perturbations that change a row's class do not count.
    X : ndarray of shape (n, d)
    noise, discrete, flip, n_perturbations, random_state : as in :func:`prediction_gap`

    Returns
    -------
    ndarray of shape (n,)
        NaN where every perturbation changed the class.
    """
    X = np.asarray(X)
    rng, before, classes = check_random_state(random_state), np.asarray(explain(X), dtype=float), classify(X)
    largest = np.full(len(X), np.nan)
    for _ in range(n_perturbations):
        changed = _perturbed(X, rng, noise, discrete, flip)
        moved = _relative(np.asarray(explain(changed), dtype=float), before)
        ratio = moved / _relative(changed, X).clip(min=SMALLEST)
        largest = np.fmax(largest, np.where(classify(changed) == classes, ratio, np.nan))
    return largest


def _perturbed(
    X: np.ndarray, rng: RandomState, noise: float | np.ndarray, discrete: np.ndarray | None, flip: float
) -> np.ndarray:
    """Changed rows: in the dtype of X, float64 for whole numbers to which noise was added."""
    changed = X + noise * rng.standard_normal(X.shape)
    if discrete is None:
        return changed.astype(dtype_with(X, changed))
    whole = np.asarray(discrete, dtype=bool)
    flipped = np.where(rng.uniform(size=X.shape) < flip, 1 - X, X)
    return np.where(whole, flipped, changed).astype(X.dtype if whole.all() else dtype_with(X, changed))


def _relative(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """L2 norm of the relative changes of each row's values; those near zero count as SMALLEST."""
    size = np.where(np.abs(before) < SMALLEST, SMALLEST, np.abs(before))
    found: np.ndarray = np.linalg.norm((np.asarray(after, dtype=float) - before) / size, axis=1)
    return found
