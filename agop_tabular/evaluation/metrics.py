"""Metrics of attributions (n, d) against a truth (n, d), one value for each row, for the caller to average.

The truth is the exact Shapley values of a synthetic task, or those of the network.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from scipy.stats import rankdata
from sklearn.utils import check_random_state


def _as_floats(attributions: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float arrays; raises ValueError unless they are finite and of one shape (n, d)."""
    a, t = np.asarray(attributions, dtype=float), np.asarray(truth, dtype=float)
    if a.ndim != 2 or a.shape != t.shape:
        raise ValueError(f"Attributions of shape {a.shape} and truth of shape {t.shape} must both be (n, d).")
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
        Attributions that are exactly zero share a rank, or are ranked at random below all others. Where the truth is
        zero too, "tied" rewards an explainer for its zeros; the difference between the two shows by how much.
    random_state : int, RandomState or None
        For that random order.

    Returns
    -------
    ndarray of shape (n,)
        NaN where the attributions or the truth are constant.
    """
    a, t = (np.abs(v) for v in _as_floats(attributions, truth))
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
    """Signed cosine of each row, (n,); 0 where only one of the two is all zero, 1 where both are."""
    a, t = _as_floats(attributions, truth)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(t, axis=1)
    both_zero = ~a.any(axis=1) & ~t.any(axis=1)
    return np.where(both_zero, 1.0, (a * t).sum(1) / np.where(norms > 0, norms, 1.0))


def relative_error(attributions: np.ndarray, truth: np.ndarray) -> float:
    """``‖s·attributions - truth‖ / ‖truth‖`` over all rows, with the scale s that makes it smallest.

    Returns
    -------
    float
        Between 0 and 1; 1 where the attributions are all zero.
    """
    a, t = _as_floats(attributions, truth)
    energy = (a**2).sum()
    scale = (a * t).sum() / energy if energy > 0 else 0.0
    return float(np.linalg.norm(scale * a - t) / np.linalg.norm(t))


def sign_agreement(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of the features with non-zero truth whose attribution has its sign, (n,); NaN without such features."""
    a, t = _as_floats(attributions, truth)
    nonzero = t != 0
    with np.errstate(invalid="ignore"):
        return np.asarray(((np.sign(a) == np.sign(t)) & nonzero).sum(1) / nonzero.sum(1))


def top_one(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether the feature of largest absolute truth has the largest absolute attribution, (n,); 1/m in ties of m."""
    a, t = (np.abs(v) for v in _as_floats(attributions, truth))
    top = a == a.max(axis=1, keepdims=True)
    return np.asarray(top[np.arange(len(a)), t.argmax(axis=1)] / top.sum(axis=1))


def top_k_precision(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of the k largest absolute attributions whose truth is not zero, with k the row's number of non-zero truths.

    Ties at the k-th place count by their expectation under a random order.

    Returns
    -------
    ndarray of shape (n,)
        NaN where the truth is all zero.
    """
    a, t = _as_floats(attributions, truth)
    a, nonzero = np.abs(a), t != 0
    k = nonzero.sum(axis=1)
    ordered = -np.sort(-a, axis=1)
    last = ordered[np.arange(len(a)), np.maximum(k, 1) - 1][:, None]
    above, tied = a > last, a == last
    places_left = k - above.sum(axis=1)
    hits = (above & nonzero).sum(axis=1) + places_left * (tied & nonzero).sum(axis=1) / tied.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(k > 0, hits / np.where(k > 0, k, 1), np.nan))


def average_precision(attributions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve of the absolute attribution for the features of non-zero truth.

    The result of ``sklearn.metrics.average_precision_score`` on each row, computed for all rows at once.

    Returns
    -------
    ndarray of shape (n,)
        NaN where the row's truths are all zero or all non-zero.
    """
    a, t = _as_floats(attributions, truth)
    fallen = np.argsort(-np.abs(a), axis=1)
    size, nonzero = np.take_along_axis(np.abs(a), fallen, axis=1), np.take_along_axis(t != 0, fallen, axis=1)
    last_tied = rankdata(-size, method="max", axis=1).astype(int)  # rank of the last of the features that tie with it
    found = np.take_along_axis(nonzero.cumsum(axis=1), last_tied - 1, axis=1)
    positive = nonzero.sum(axis=1)
    with np.errstate(invalid="ignore"):
        area = (nonzero * found / last_tied).sum(axis=1) / positive
    return np.where((positive > 0) & (positive < a.shape[1]), area, np.nan)


def noise_feature_mass(attributions: np.ndarray, informative: np.ndarray) -> np.ndarray:
    """Share of the absolute attributions on features that no class depends on; lower is better.

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
