"""How well maps (n, height, width) find the pixels of a truth (n, height, width); a value an image.

Signs do not count. A map that is zero everywhere counts as a uniform one.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from sklearn.utils import check_random_state

from agop_tabular.evaluation.metrics import average_precision


def _checked(maps: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Absolute maps and masks as rows of pixels."""
    a, there = np.abs(np.asarray(maps, dtype=float)), np.asarray(masks, dtype=bool)
    if a.ndim != 3 or a.shape != there.shape:
        raise ValueError(f"Maps of shape {a.shape} and masks of shape {there.shape} are not one (n, h, w) each.")
    if not np.isfinite(a).all():
        raise ValueError("Maps must be finite.")
    a, there = a.reshape(len(a), -1), there.reshape(len(a), -1)
    if not there.any(axis=1).all():
        raise ValueError("Every mask must hold a pixel.")
    return np.where(a.any(axis=1, keepdims=True), a, 1.0), there


def intersection_over_union(
    maps: np.ndarray, masks: np.ndarray, random_state: int | RandomState | None = None
) -> np.ndarray:
    """IoU of the truth and as many of the map's largest pixels; ties are broken at random.

    Parameters
    ----------
    maps : ndarray of shape (n, height, width)
    masks : ndarray of bool, shape (n, height, width)
    random_state : int, RandomState or None

    Returns
    -------
    ndarray of shape (n,)
    """
    a, there = _checked(maps, masks)
    order = np.lexsort((check_random_state(random_state).uniform(size=a.shape), -a), axis=1)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(a.shape[1]), a.shape), axis=1)
    size = there.sum(axis=1)
    hits = (there & (place < size[:, None])).sum(axis=1)
    return np.asarray(hits / (2 * size - hits))


def precision_recall_area(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve of the map's pixels, which needs no threshold.

    Parameters
    ----------
    maps, masks : as in :func:`intersection_over_union`

    Returns
    -------
    ndarray of shape (n,)
    """
    a, there = _checked(maps, masks)
    return average_precision(a, there.astype(float))


def importance_mass(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of the absolute map that lies on the truth.

    Parameters
    ----------
    maps, masks : as in :func:`intersection_over_union`

    Returns
    -------
    ndarray of shape (n,)
    """
    a, there = _checked(maps, masks)
    return np.asarray((a * there).sum(axis=1) / a.sum(axis=1))


def earth_movers_distance(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """How far the absolute map must be moved to lie evenly on the truth, as a share of the image's diagonal.

    Parameters
    ----------
    maps, masks : as in :func:`intersection_over_union`

    Returns
    -------
    ndarray of shape (n,)
        0 is best; 1 would be all of it from one corner to the other.

    Notes
    -----
    By POT (Flamary and others, 2021), exactly.
    """
    try:
        import ot
    except ImportError as error:
        raise ImportError("earth_movers_distance needs the package POT: pip install pot") from error
    a, there = _checked(maps, masks)
    height, width = np.shape(maps)[1:]
    pixels = np.argwhere(np.ones((height, width), dtype=bool)).astype(float)
    cost = ot.dist(pixels, pixels, metric="euclidean") / max(np.hypot(height - 1, width - 1), 1.0)
    out = np.empty(len(a))
    for i, (values, truth) in enumerate(zip(a, there, strict=True)):
        source = values / values.sum()
        from_ = np.flatnonzero(source)
        to = np.flatnonzero(truth)
        out[i] = ot.emd2(
            source[from_] / source[from_].sum(), np.full(len(to), 1 / len(to)), np.ascontiguousarray(cost[from_][:, to])
        )
    return out
