"""Metrics of how well maps (n, height, width) find the pixels of a truth (n, height, width), one value for each image.

Only absolute values count. A map that is zero everywhere counts as a uniform one. Masks are True and False, or whole
numbers, of which 0 is outside.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from sklearn.utils import check_random_state

from agop_tabular.evaluation.masks import as_mask
from agop_tabular.evaluation.metrics import average_precision


def _as_pixels(maps: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Absolute maps and masks as rows of pixels; raises ValueError for wrong shapes, empty masks, infinite maps."""
    a, truth = np.abs(np.asarray(maps, dtype=float)), as_mask(masks)
    if a.ndim != 3 or a.shape != truth.shape:
        raise ValueError(f"Maps of shape {a.shape} and masks of shape {truth.shape} must both be (n, height, width).")
    if not np.isfinite(a).all():
        raise ValueError("Maps must be finite.")
    a, truth = a.reshape(len(a), -1), truth.reshape(len(a), -1)
    if not truth.any(axis=1).all():
        raise ValueError("Every mask must hold a pixel that is True.")
    return np.where(a.any(axis=1, keepdims=True), a, 1.0), truth


def intersection_over_union(
    maps: np.ndarray, masks: np.ndarray, random_state: int | RandomState | None = None
) -> np.ndarray:
    """IoU of the truth and the same number of largest pixels of the map; ties are broken at random.

    Parameters
    ----------
    maps : ndarray of shape (n, height, width)
    masks : ndarray of bool, shape (n, height, width)
    random_state : int, RandomState or None

    Returns
    -------
    ndarray of shape (n,)
    """
    a, truth = _as_pixels(maps, masks)
    hits, size = _hits(a, truth, random_state)
    return np.asarray(hits / (2 * size - hits))


def rank_accuracy(maps: np.ndarray, masks: np.ndarray, random_state: int | RandomState | None = None) -> np.ndarray:
    """Share of the map's largest pixels, as many as the truth has, that lie on it; ties are broken at random.

    CLEVR-XAI's relevance rank accuracy (Arras, Osman and Samek, 2022); :func:`importance_mass` is its relevance mass
    accuracy.

    Parameters
    ----------
    maps, masks, random_state : as in :func:`intersection_over_union`

    Returns
    -------
    ndarray of shape (n,)
    """
    hits, size = _hits(*_as_pixels(maps, masks), random_state)
    return np.asarray(hits / size)


def _hits(a: np.ndarray, truth: np.ndarray, random_state: int | RandomState | None) -> tuple[np.ndarray, np.ndarray]:
    """Of the largest pixels, as many as the truth has, those that lie on it; and their number."""
    order = np.lexsort((check_random_state(random_state).uniform(size=a.shape), -a), axis=1)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(a.shape[1]), a.shape), axis=1)
    size = truth.sum(axis=1)
    return (truth & (rank < size[:, None])).sum(axis=1), size


def precision_recall_area(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve of the map's pixels, which needs no threshold.

    Parameters
    ----------
    maps, masks : as in :func:`intersection_over_union`

    Returns
    -------
    ndarray of shape (n,)
        NaN for a mask that is True everywhere.
    """
    a, truth = _as_pixels(maps, masks)
    return average_precision(a, truth.astype(float))


def importance_mass(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of the absolute map that lies on the truth.

    Parameters
    ----------
    maps, masks : as in :func:`intersection_over_union`

    Returns
    -------
    ndarray of shape (n,)
    """
    a, truth = _as_pixels(maps, masks)
    return np.asarray((a * truth).sum(axis=1) / a.sum(axis=1))


def mask_overlap(masks: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """IoU of masks, such as segments, with a truth of any size.

    Parameters
    ----------
    masks, truth : ndarray of bool, shape (n, height, width)

    Returns
    -------
    ndarray of shape (n,)
        1 where both are empty.
    """
    a, b = as_mask(masks), as_mask(truth)
    if a.ndim != 3 or a.shape != b.shape:
        raise ValueError(f"Masks of shape {a.shape} and {b.shape} must both be (n, height, width).")
    both, either = (a & b).sum(axis=(1, 2)), (a | b).sum(axis=(1, 2))
    return np.where(either > 0, both / np.where(either > 0, either, 1), 1.0)


def box_overlap(boxes: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """IoU of boxes. An object counts as found from 0.5 on in the localisation error of ILSVRC.

    Parameters
    ----------
    boxes, truth : ndarray of int, shape (n, 4)
        Top, left, bottom and right; the last two are beyond the box.

    Returns
    -------
    ndarray of shape (n,)
        0 where either box is empty.
    """
    # As floats: differences of unsigned numbers would be large ones in place of negative ones.
    a, b = np.asarray(boxes, dtype=float), np.asarray(truth, dtype=float)
    if a.ndim != 2 or a.shape[1] != 4 or a.shape != b.shape:
        raise ValueError(f"Boxes of shape {a.shape} and {b.shape} must both be (n, 4): top, left, bottom, right.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("Boxes must be finite.")
    shared = (np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])).clip(min=0).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).clip(min=0).prod(axis=1) for box in (a, b)]
    either = areas[0] + areas[1] - shared
    return np.where(shared > 0, shared / np.where(either > 0, either, 1), 0.0)


def earth_movers_distance(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Distance by which the absolute map must move to lie evenly on the truth, as a share of the image's diagonal.

    Parameters
    ----------
    maps, masks : as in :func:`intersection_over_union`

    Returns
    -------
    ndarray of shape (n,)
        0 is best; 1 means that everything moves from one corner to the opposite one.

    Notes
    -----
    Computed exactly with POT (Flamary and others, 2021).
    """
    try:
        import ot
    except ImportError as error:
        raise ImportError("earth_movers_distance needs the package POT: pip install pot") from error
    a, truth = _as_pixels(maps, masks)
    height, width = np.shape(maps)[1:]
    pixels = np.argwhere(np.ones((height, width), dtype=bool)).astype(float)
    cost = ot.dist(pixels, pixels, metric="euclidean") / max(np.hypot(height - 1, width - 1), 1.0)
    out = np.empty(len(a))
    for i, (values, mask) in enumerate(zip(a, truth, strict=True)):
        source = values / values.sum()
        from_ = np.flatnonzero(source)
        to = np.flatnonzero(mask)
        out[i] = ot.emd2(
            source[from_] / source[from_].sum(), np.full(len(to), 1 / len(to)), np.ascontiguousarray(cost[from_][:, to])
        )
    return out
