"""Maps of test images that are shifted while the network and diag M stay."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import spearmanr
from skorch import NeuralNetClassifier

from agop_tabular.datasets import XaiTris, make_xai_tris
from agop_tabular.evaluation import intersection_over_union
from agop_tabular.image import AGOPImageExplainer
from benchmarks.images.maps import GRADIENT, GRADIENT_IMAGES

OFFSETS = ((0, 0), (0, 1), (1, 0), (1, 1))
SMOOTHINGS = (0.0, 0.5, 1.0, 2.0)
COPIES = (1, 2, 3)
"""Pixels by which shapes move, smoothing of the background, and copies of the shape; the first of each is no shift."""

IMAGES = 1000
"""Images at each level of a shift."""

SEED_OFFSET = 500
"""Added to a cell's seed, so that shifted images are not the training images."""

RIDGE = 1e-6
"""Added to the variance of each pixel: those of constant pixels are zero."""


def levels() -> list[tuple[str, float, dict[str, Any]]]:
    """Kind and level of each shift, and the arguments of the generator."""
    return [
        *(("places moved", float(sum(offset)), {"offset": offset}) for offset in OFFSETS),
        *(("background smoothed", level, {"smoothing": level}) for level in SMOOTHINGS),
        *(("shapes added", float(copies - 1), {"copies": copies}) for copies in COPIES),
    ]


def scores_under_shift(net: NeuralNetClassifier, train: XaiTris, scenario: str, seed: int) -> list[dict[str, Any]]:
    """A dict for each level: accuracy, support, distance from the training images, IoU of three methods."""
    weighted = AGOPImageExplainer(net).fit(train.X)
    explainers = {
        "agop-weighted": weighted,
        GRADIENT: AGOPImageExplainer(net, method="agop-local").fit(train.X[:GRADIENT_IMAGES]),
        "agop-adaptive": AGOPImageExplainer(net, method="agop-adaptive").fit(train.X),
    }
    mean, precision = _gaussian(train.X)
    out = []
    for kind, level, arguments in levels():
        images = make_xai_tris(scenario, "white", n_samples=IMAGES, random_state=seed + SEED_OFFSET, **arguments)
        correct = net.predict(images.X) == images.y
        support = weighted(images.X).support
        gap = images.X.reshape(len(images), -1) - mean
        distance = np.sqrt(np.einsum("ij,jk,ik->i", gap, precision, gap))
        row: dict[str, Any] = {"kind": kind, "level": level, "accuracy": float(correct.mean())}
        row |= {"support": float(np.nanmedian(support)), "distance": float(np.median(distance))}
        for name, explainer in explainers.items():
            iou = intersection_over_union(explainer.explain(images.X), images.own_masks, seed)
            row[name] = float(iou.mean())
            if name == "agop-weighted":
                known = np.isfinite(support)
                row["error_and_support"] = float(spearmanr(1 - iou[known], support[known]).statistic)
                row["error_and_distance"] = float(spearmanr(1 - iou, distance).statistic)
        out.append(row)
    return out


def _gaussian(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inverse covariance of images."""
    rows = X.reshape(len(X), -1).astype(float)
    return rows.mean(axis=0), np.linalg.inv(np.cov(rows, rowvar=False) + RIDGE * np.eye(rows.shape[1]))
