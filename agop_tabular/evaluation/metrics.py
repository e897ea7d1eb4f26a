"""Metrics of attributions (n, d) against a truth (n, d), a value a row; means over rows are left to the caller.

The truth is the exact Shapley values of a synthetic task, or the network's own.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from scipy.stats import rankdata
from sklearn.utils import check_random_state


def _checked(attributions: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, t = np.asarray(attributions, dtype=float), np.asarray(truth, dtype=float)
    if a.ndim != 2 or a.shape != t.shape:
        raise ValueError(f"Attributions of shape {a.shape} and truth of shape {t.shape} are not one (n, d) each.")
    if not (np.isfinite(a).all() and np.isfinite(t).all()):
        raise ValueError("Attributions and truth must be finite.")
    return a, t


def spearman(
    attributions: np.ndarray,
    truth: np.ndarray,
    *,
    columns: np.ndarray | None = None,
    zeros: str = "tied",
    random_state: int | RandomState | None = None,
) -> np.ndarray:
    """Spearman correlation of absolute attribution and absolute truth over the features of each row.

    Parameters
    ----------
    attributions, truth : ndarray of shape (n, d)
    columns : ndarray of int, optional
        Only these features, for example the informative ones.
    zeros : {"tied", "random"}
        Attributions that are exactly zero share a rank, or are put in random order below all others. Where the truth
        has zeros too, "tied" credits an explainer for zeros of its own; the difference shows how much.
    random_state : int, RandomState or None
        Draws the order.

    Returns
    -------
    ndarray of shape (n,)
        NaN where either side is constant.
    """
    a, t = (np.abs(v) for v in _checked(attributions, truth))
    if zeros not in ("tied", "random"):
        raise ValueError(f'zeros={zeros!r} is not "tied" or "random".')
    if zeros == "random":
        a = np.where(a == 0, -check_random_state(random_state).uniform(size=a.shape), a)
    if columns is not None:
        a, t = a[:, columns], t[:, columns]
    ranks = [rankdata(v, axis=1) for v in (a, t)]
    x, y = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1)))


def cosine(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Signed cosine of each row, (n,); 0 where one side is all zero, 1 where both are."""
    a, t = _checked(attributions, truth)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(t, axis=1)
    both = ~a.any(axis=1) & ~t.any(axis=1)
    return np.where(both, 1.0, (a * t).sum(1) / np.where(norms > 0, norms, 1.0))


def relative_error(attributions: np.ndarray, truth: np.ndarray) -> float:
    """``‖s·attributions - truth‖ / ‖truth‖`` over all rows, with the one scale s that makes it least.

    Returns
    -------
    float
        Between 0 and 1; 1 where the attributions are all zero.
    """
    a, t = _checked(attributions, truth)
    energy = (a**2).sum()
    scale = (a * t).sum() / energy if energy > 0 else 0.0
    return float(np.linalg.norm(scale * a - t) / np.linalg.norm(t))


def sign_agreement(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of the features of non-zero truth whose attribution has its sign, (n,); NaN without such features."""
    a, t = _checked(attributions, truth)
    there = t != 0
    with np.errstate(invalid="ignore"):
        return np.asarray(((np.sign(a) == np.sign(t)) & there).sum(1) / there.sum(1))


def top_one(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether the largest absolute attribution stands at the largest absolute truth, (n,); 1/m where m are largest."""
    a, t = (np.abs(v) for v in _checked(attributions, truth))
    top = a == a.max(axis=1, keepdims=True)
    return np.asarray(top[np.arange(len(a)), t.argmax(axis=1)] / top.sum(axis=1))


def top_k_precision(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of the k largest absolute attributions whose truth is not zero, k the number of non-zero truths of the row.

    Ties at the k-th place count by their expectation under a random order.

    Returns
    -------
    ndarray of shape (n,)
        NaN where the truth is all zero.
    """
    a, t = _checked(attributions, truth)
    a, there = np.abs(a), t != 0
    k = there.sum(axis=1)
    ordered = -np.sort(-a, axis=1)
    last = ordered[np.arange(len(a)), np.maximum(k, 1) - 1][:, None]
    above, level = a > last, a == last
    free = k - above.sum(axis=1)
    hits = (above & there).sum(axis=1) + free * (level & there).sum(axis=1) / level.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(k > 0, hits / np.where(k > 0, k, 1), np.nan))


def average_precision(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve of the absolute attribution for the features of non-zero truth.

    What ``sklearn.metrics.average_precision_score`` gives for each row, of all rows at once.

    Returns
    -------
    ndarray of shape (n,)
        NaN where all truths of the row are zero, or none is.
    """
    a, t = _checked(attributions, truth)
    fallen = np.argsort(-np.abs(a), axis=1)
    size, there = np.take_along_axis(np.abs(a), fallen, axis=1), np.take_along_axis(t != 0, fallen, axis=1)
    level_ends = rankdata(-size, method="max", axis=1).astype(int)  # of the ties that a feature is among
    found = np.take_along_axis(there.cumsum(axis=1), level_ends - 1, axis=1)
    positive = there.sum(axis=1)
    with np.errstate(invalid="ignore"):
        area = (there * found / level_ends).sum(axis=1) / positive
    return np.where((positive > 0) & (positive < a.shape[1]), area, np.nan)


def noise_feature_mass(attributions: np.ndarray, informative: np.ndarray) -> np.ndarray:
    """Share of the absolute attributions that lies on features no class depends on; lower is better.

    Parameters
    ----------
    attributions : ndarray of shape (n, d)
    informative : ndarray of int
        Features that some class depends on.

    Returns
    -------
    ndarray of shape (n,)
        1 where all attributions of the row are zero.
    """
    a = np.abs(np.asarray(attributions, dtype=float))
    noise = np.ones(a.shape[1], dtype=bool)
    noise[informative] = False
    total = a.sum(axis=1)
    return np.where(total > 0, a[:, noise].sum(axis=1) / np.where(total > 0, total, 1.0), 1.0)
