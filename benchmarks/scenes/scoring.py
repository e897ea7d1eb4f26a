"""How well maps find objects: IoU, relevance rank and mass, under every rule of pooling and for both truths."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular.evaluation import importance_mass, intersection_over_union, rank_accuracy
from benchmarks.scenes.pooling import POOLINGS, USUAL
from benchmarks.scenes.tasks import TaskScenes

TRUTHS = {"target": "the single object", "objects": "all objects"}
"""CLEVR-XAI's "GT Single Object" and "GT All Objects"."""

DIGITS = 4
"""Decimals of a record."""

SHOWN = 3
"""Images whose maps are kept for the picture."""

BRIGHTEST = 0.99
"""Quantile of a map from which it is drawn white: single pixels of a gradient are far above the others."""


def masks_of(data: TaskScenes) -> dict[str, np.ndarray]:
    """Pixels (n, height, width) of each truth."""
    return {"target": data.target_masks(), "objects": data.object_masks()}


def scores_of(values: np.ndarray, masks: dict[str, np.ndarray], seed: int) -> dict[str, Any]:
    """Scores of attributions.

    Parameters
    ----------
    values : ndarray of shape (n, channels, height, width)
    masks : dict of str to ndarray of bool, shape (n, height, width)
        By truth.
    seed : int
        Breaks ties.

    Returns
    -------
    dict
        By pooling rule and truth: ``iou`` of each image, and the means of ``rank`` and ``mass``.
    """
    found: dict[str, Any] = {}
    for rule, pooled in POOLINGS.items():
        a = pooled(np.asarray(values, dtype=float))
        found[rule] = {
            truth: {
                "iou": intersection_over_union(a, mask, seed).round(DIGITS).tolist(),
                "rank": float(rank_accuracy(a, mask, seed).mean()),
                "mass": float(importance_mass(a, mask).mean()),
            }
            for truth, mask in masks.items()
        }
    return found


def drawn(values: np.ndarray) -> list[list[list[int]]]:
    """Maps of the first images as they are drawn, pooled by the usual rule: whole numbers from 0 to 255."""
    a = POOLINGS[USUAL](np.asarray(values[:SHOWN], dtype=float))
    brightest = np.quantile(a, BRIGHTEST, axis=(1, 2), keepdims=True)
    brightest = np.where(brightest > 0, brightest, a.max(axis=(1, 2), keepdims=True))
    return (255 * a / np.where(brightest > 0, brightest, 1)).clip(max=255).round().astype(int).tolist()
