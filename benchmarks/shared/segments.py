"""How well objects are found by thresholds of maps, and by the segments that maps are the seed of."""

from __future__ import annotations

import numpy as np

from agop_tabular.evaluation import box_overlap, mask_overlap
from agop_tabular.image.segmentation import boxes, segment

FOUND = 0.5
"""IoU of the boxes from which an object is found; ILSVRC's."""

QUANTILES = np.array([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95])
"""Thresholds of a map, of which the best on training pictures, whose masks are looked at, is taken."""

COLUMNS = {
    ("threshold", "iou"): "IoU, best threshold",
    ("graph cut", "iou"): "IoU, graph cut",
    ("threshold", "missed"): "boxes missed, best threshold",
    ("graph cut", "missed"): "boxes missed, graph cut",
}
"""Titles of what :func:`both_ways` returns."""


def both_ways(
    images: np.ndarray, maps: np.ndarray, masks: np.ndarray, training_maps: np.ndarray, training_masks: np.ndarray
) -> dict[str, dict[str, float]]:
    """Scores of the pixels above the best threshold, and of the graph cut.

    Parameters
    ----------
    images : ndarray of shape (n, channels, height, width)
    maps, masks : ndarray of shape (n, height, width)
    training_maps, training_masks : ndarray of shape (m, height, width)
        That the threshold is chosen on.

    Returns
    -------
    dict
        "iou", and the share of "missed" boxes, by "threshold" and "graph cut".
    """
    quantile = best_quantile(training_maps, training_masks)
    return {
        "threshold": scores(thresholded(maps, quantile), masks),
        "graph cut": scores(segment(images, maps), masks),
    }


def thresholded(maps: np.ndarray, quantile: float) -> np.ndarray:
    """Pixels of each map above its quantile."""
    return maps > np.quantile(maps, quantile, axis=(1, 2), keepdims=True)


def best_quantile(maps: np.ndarray, masks: np.ndarray) -> float:
    """The threshold whose masks overlap most with the truth."""
    return float(max(QUANTILES, key=lambda q: mask_overlap(thresholded(maps, q), masks).mean()))


def scores(found: np.ndarray, masks: np.ndarray) -> dict[str, float]:
    """IoU of the masks, and share of objects whose box is missed."""
    overlap = box_overlap(boxes(found), boxes(masks))
    return {"iou": float(mask_overlap(found, masks).mean()), "missed": float((overlap < FOUND).mean())}
