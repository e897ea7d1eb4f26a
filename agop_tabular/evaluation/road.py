"""ROAD: remove pixels of images in the order of maps, and debias (Rong and others, 2022); written from memory.

A pixel that is removed says nothing, but the shape of what was removed may give the class away. Removed pixels are
therefore replaced by a weighted mean of their neighbours, all at once, which can hardly be told from the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import RandomState
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve
from sklearn.utils import check_random_state

from agop_tabular.evaluation.changed_inputs import in_kind_of, scores_of
from agop_tabular.evaluation.masks import as_mask

PredictImages = Callable[[np.ndarray], np.ndarray]
"""Maps images (n, channels, height, width) to the explained score (n,) of each; called with all, in their order."""

NEIGHBOURS = tuple(
    (down, right, 1 / 6 if down * right == 0 else 1 / 12)
    for down in (-1, 0, 1)
    for right in (-1, 0, 1)
    if down or right
)
"""Steps to a pixel's neighbours, with the authors' weights: of those on diagonals half as much as of the others."""

SHARES = (0.2, 0.4, 0.6, 0.8)
"""Shares of the pixels that are removed; those of the implementation in pytorch-grad-cam."""

NOISE = 0.01
"""Standard deviation of the noise on removed pixels, which a mean would be too smooth without; of the same source."""


def noisy_linear_imputation(
    images: np.ndarray, removed: np.ndarray, *, noise: float = NOISE, random_state: int | RandomState | None = None
) -> np.ndarray:
    """Replace pixels by the weighted mean of their neighbours, which may be replaced as well, and noise.

    Parameters
    ----------
    images : ndarray of shape (n, channels, height, width)
    removed : ndarray of bool, shape (n, height, width)
        At least one pixel of each image has to stay.
    noise : float
        Standard deviation, in units of the images.
    random_state : int, RandomState or None

    Returns
    -------
    ndarray of shape (n, channels, height, width)
        In the dtype of the images, float64 for integers.
    """
    images, removed = np.asarray(images), as_mask(removed, "Removed pixels")
    if images.ndim != 4 or removed.shape != (len(images), *images.shape[2:]):
        raise ValueError(
            f"Images {images.shape} and removed {removed.shape} must be (n, channels, height, width) and (n, height, "
            "width)."
        )
    if removed.all(axis=(1, 2)).any():
        raise ValueError("Of an image whose pixels are all removed nothing is left to replace them by.")
    rng = check_random_state(random_state)
    out = images.astype(images.dtype if images.dtype.kind == "f" else float)
    for image, mask in zip(out, removed, strict=True):
        if mask.any():
            image[:, mask] = _solved(image, mask).T + noise * rng.standard_normal((len(image), int(mask.sum())))
    return out


def _solved(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Values (m, channels) of m pixels, of which each is the weighted mean of those around it."""
    height, width = mask.shape
    number = np.full(mask.shape, -1)
    number[mask] = np.arange(mask.sum())
    y, x = np.nonzero(mask)
    total, known = np.zeros(len(y)), np.zeros((len(y), len(image)))
    rows, columns, values = [np.arange(len(y))], [np.arange(len(y))], [total]
    for down, right, weight in NEIGHBOURS:
        inside = (y + down >= 0) & (y + down < height) & (x + right >= 0) & (x + right < width)
        place = np.flatnonzero(inside)
        there = y[place] + down, x[place] + right
        total[place] += weight  # the diagonal, filled as neighbours are found
        other = number[there]
        given = other < 0
        known[place[given]] += weight * image[:, there[0][given], there[1][given]].T
        rows.append(place[~given])
        columns.append(other[~given])
        values.append(np.full(len(rows[-1]), -weight))
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return np.asarray(spsolve(coo_array(entries).tocsc(), known)).reshape(len(y), len(image))


def road_curve(
    predict: PredictImages,
    images: np.ndarray,
    maps: np.ndarray,
    *,
    first: str = "most",
    shares: Sequence[float] = SHARES,
    noise: float = NOISE,
    random_state: int | RandomState | None = None,
) -> np.ndarray:
    """Score of each image after shares of its pixels are removed and imputed.

    Parameters
    ----------
    predict : callable
        Maps images (n, channels, height, width) to scores (n,). It is given bytes where the images are.
    images : ndarray of shape (n, channels, height, width)
    maps : ndarray of shape (n, height, width)
        Of the explained score; the largest, with their sign, are the most influential. Ties in the order of pixels.
    first : {"most", "least"}
        Which are removed.
    shares : sequence of float
        Each from 0, but below 1.
    noise : float
        Of the imputation, in units of the images.
    random_state : int, RandomState or None

    Returns
    -------
    ndarray of shape (n, n_shares)
    """
    images, a = np.asarray(images), np.asarray(maps, dtype=float)
    if images.ndim != 4 or a.shape != (len(images), *images.shape[2:]):
        raise ValueError(
            f"Images {images.shape} and maps {a.shape} must be (n, channels, height, width) and (n, height, width)."
        )
    if first not in ("most", "least"):
        raise ValueError(f'first={first!r} is not "most" or "least".')
    if not np.isfinite(a).all():
        raise ValueError("Maps must be finite.")
    if not len(shares) or not all(0 <= share < 1 for share in shares):
        raise ValueError(f"shares={shares!r} are not one or more numbers from 0 and below 1.")
    rng, flat = check_random_state(random_state), a.reshape(len(a), -1)
    order = np.argsort(-flat if first == "most" else flat, axis=1, kind="stable")
    scores = []
    for share in shares:
        removed = np.zeros(flat.shape, dtype=bool)
        np.put_along_axis(removed, order[:, : round(share * flat.shape[1])], True, axis=1)
        imputed = noisy_linear_imputation(images, removed.reshape(a.shape), noise=noise, random_state=rng)
        scores.append(scores_of(predict, in_kind_of(images, imputed)))
    return np.stack(scores, axis=1)


def road(
    predict: PredictImages,
    images: np.ndarray,
    maps: np.ndarray,
    *,
    shares: Sequence[float] = SHARES,
    noise: float = NOISE,
    random_state: int | RandomState | None = None,
) -> np.ndarray:
    """ROAD: score with the least influential pixels removed minus that with the most, over shares; higher is better.

    Parameters
    ----------
    predict, images, maps, shares, noise, random_state : as in :func:`road_curve`

    Returns
    -------
    ndarray of shape (n,)
        Between -1 and 1 for probabilities; about 0 for a random map.
    """
    seed = check_random_state(random_state).randint(2**31)  # the same noise in both orders
    least, most = (
        road_curve(predict, images, maps, first=first, shares=shares, noise=noise, random_state=seed)
        for first in ("least", "most")
    )
    return np.asarray((least - most).mean(axis=1))
