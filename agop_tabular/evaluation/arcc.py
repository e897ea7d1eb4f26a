"""ARCC: how faithful, coherent and simple maps are, in one number, as far as it could be reconstructed.

ADCC (Poppi and others, 2021) is the harmonic mean of what is left of the score, coherency, and one minus complexity.
The authors of RefineCAM (arXiv 2605.14641) leave the first out for ROAD and call it ARCC. That the three are joined by
a harmonic mean as well, and how ROAD becomes a share, is this project's reading, since the formula could not be had.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agop_tabular.evaluation.changed_inputs import in_kind_of

ExplainImages = Callable[[np.ndarray], np.ndarray]
"""Maps images (n, channels, height, width) to maps (n, height, width), of the same classes at every call."""


def coherency(explain: ExplainImages, images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """How alike an image's map is to that of the image with all that the map says is unimportant faded out.

    ``(1 + r) / 2`` with r Pearson's correlation, over pixels, of the map of the image and that of the image times its
    map; both in absolute value, the factor scaled to between 0 and 1.

    Parameters
    ----------
    explain : callable
        Maps images to maps of fixed classes. It is given bytes where the images are.
    images : ndarray of shape (n, channels, height, width)
    maps : ndarray of shape (n, height, width)
        What ``explain`` makes of the images.

    Returns
    -------
    ndarray of shape (n,)
        1 is best; 0.5 where either map is the same everywhere.
    """
    images, a = np.asarray(images), _maps(maps)
    if images.ndim != 4 or a.shape != (len(images), *images.shape[2:]):
        raise ValueError(
            f"Images {images.shape} and maps {a.shape} must be (n, channels, height, width) and (n, height, width)."
        )
    b = _maps(explain(in_kind_of(images, images * _unit(a)[:, None])))
    if b.shape != a.shape:
        raise ValueError(f"explain returned maps of shape {b.shape} for images whose maps have shape {a.shape}.")
    a, b = (m.reshape(len(m), -1) - m.reshape(len(m), -1).mean(axis=1, keepdims=True) for m in (a, b))
    size = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    r = (a * b).sum(axis=1) / np.where(size > 0, size, 1.0)
    return np.asarray((1 + r.clip(-1, 1)) / 2)  # rounding may take r beyond 1


def complexity(maps: np.ndarray) -> np.ndarray:
    """Mean of the absolute map, scaled to between 0 and 1; lower is simpler.

    Parameters
    ----------
    maps : ndarray of shape (n, height, width)

    Returns
    -------
    ndarray of shape (n,)
        1 for a map that is the same everywhere.
    """
    return np.asarray(_unit(_maps(maps)).mean(axis=(1, 2)))


def arcc(road: np.ndarray, coherency: np.ndarray, complexity: np.ndarray) -> np.ndarray:
    """Harmonic mean of ROAD as a share, ``(1 + road) / 2``, coherency, and one minus complexity; see the module.

    Parameters
    ----------
    road : ndarray of shape (n,)
        Of probabilities, so that it lies between -1 and 1.
    coherency, complexity : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,)
        1 is best; 0 where one of the three is worst.
    """
    parts = np.stack([(1 + np.asarray(road, dtype=float)) / 2, coherency, 1 - np.asarray(complexity, dtype=float)])
    if ((parts < 0) | (parts > 1)).any():
        raise ValueError("ROAD must be from -1 to 1, as of probabilities, coherency and complexity from 0 to 1.")
    worst = (parts == 0).any(axis=0)
    return np.where(worst, 0.0, 3 / (1 / np.where(worst, 1.0, parts)).sum(axis=0))


def _maps(maps: np.ndarray) -> np.ndarray:
    """Absolute maps (n, height, width), which are finite."""
    a = np.abs(np.asarray(maps, dtype=float))
    if a.ndim != 3:
        raise ValueError(f"Maps have shape {a.shape}; they must be (n, height, width).")
    if not np.isfinite(a).all():
        raise ValueError("Maps must be finite.")
    return a


def _unit(a: np.ndarray) -> np.ndarray:
    """Maps with the smallest value 0 and the largest 1; 1 everywhere for one that is the same everywhere."""
    low, high = a.min(axis=(1, 2), keepdims=True), a.max(axis=(1, 2), keepdims=True)
    return np.where(high > low, (a - low) / np.where(high > low, high - low, 1.0), 1.0)
