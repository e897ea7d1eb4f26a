"""Objects cut out of images by their maps: weakly supervised segmentation and localisation (Simonyan and others, 2014).

The map of a class says where colours of its object are sure to be found, and where those of the background are; a graph
cut gives every pixel to one of them. That foreground colours come from pixels above the 95% quantile of an image's map,
and background colours from those below the 30% quantile, both as Gaussian mixtures, is the paper's, as public notes
quote it. That the object is the largest connected component, in a box around it, is from memory. The number of
components and the weights of neighbours are not in any text found: they are GrabCut's (Rother and others, 2004), from
memory.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
import scipy.ndimage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow
from sklearn.mixture import GaussianMixture

from agop_tabular.evaluation.masks import as_mask

FOREGROUND, BACKGROUND = 0.95, 0.30
"""Quantiles of a map above, and below, which pixels are sure enough to take colours from; the paper's."""

COMPONENTS = 5
"""Gaussians of a colour model, at most; GrabCut's."""

SMOOTHNESS = 50.0
"""Cost of a border between two neighbours of the same colour, against log-densities of colours; GrabCut's."""

LEAST_VARIANCE = 1e-4
"""Added to variances of colours between 0 and 1, so that a flat colour has a density: the hundredth of the span, about
three steps of 255, that compression alone moves a colour by."""

UNITS, SMOOTHEST = 1000, 1e5
"""Costs are rounded to thousandths, since the library's flows are whole numbers; at most this smoothness, so that the
borders of a pixel fit 32 bits."""

STEPS = ((0, 1, 1.0), (1, 0, 1.0), (1, 1, 2**-0.5), (1, -1, 2**-0.5))
"""Neighbours right, below and on the diagonals, with the length of the border that a cut between them stands for."""


def segment(images: np.ndarray, maps: np.ndarray, *, smoothness: float = SMOOTHNESS) -> np.ndarray:
    """Cut an object out of each image, by the colours of the pixels where its map is largest and smallest.

    Parameters
    ----------
    images : ndarray of shape (n, channels, height, width)
        Any scale; every image's colours are measured in shares of its own span.
    maps : ndarray of shape (n, height, width)
        Absolute values count.
    smoothness : float
        Cost of a border between two neighbours of the same colour.

    Returns
    -------
    ndarray of bool, shape (n, height, width)
        True on the object; nowhere for a map that is the same everywhere.

    Raises
    ------
    ValueError
        For other shapes, values that are not finite, and a smoothness below 0 or above 100,000.
    """
    images, maps = np.asarray(images, dtype=float), np.abs(np.asarray(maps, dtype=float))
    if images.ndim != 4 or maps.shape != (len(images), *images.shape[2:]):
        raise ValueError(
            f"Images of shape {images.shape} and maps of shape {maps.shape} must be (n, channels, height, width) and "
            "(n, height, width)."
        )
    if not (np.isfinite(images).all() and np.isfinite(maps).all()):
        raise ValueError("Images and maps must be finite to be segmented.")
    if not isinstance(smoothness, Real) or not 0 <= smoothness <= SMOOTHEST:
        raise ValueError(f"smoothness={smoothness!r} is not a number from 0 to {SMOOTHEST:.0f}.")
    parts = [_one_segment(image, a, smoothness) for image, a in zip(images, maps, strict=True)]
    return np.stack(parts) if parts else np.zeros(maps.shape, dtype=bool)


def boxes(masks: np.ndarray) -> np.ndarray:
    """The box around the largest connected component of each mask; pixels that touch at a corner are connected.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, height, width)

    Returns
    -------
    ndarray of int, shape (n, 4)
        Top, left, bottom and right: rows from top to before bottom, columns from left to before right. All 0 for a mask
        without a pixel.
    """
    masks = as_mask(masks)
    if masks.ndim != 3:
        raise ValueError(f"Masks have shape {masks.shape}; they must be (n, height, width).")
    found = np.zeros((len(masks), 4), dtype=int)
    for i, mask in enumerate(masks):
        labels, n = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
        if n:
            largest = np.bincount(labels.ravel())[1:].argmax()
            rows, columns = scipy.ndimage.find_objects(labels)[largest]
            found[i] = rows.start, columns.start, rows.stop, columns.stop
    return found


def _one_segment(image: np.ndarray, a: np.ndarray, smoothness: float) -> np.ndarray:
    """The object of one image (channels, height, width), by its map (height, width)."""
    # Of a map that is zero on half of the image all zeros are background; of one with a plateau above the quantile, all
    # of that is foreground.
    low, high = np.quantile(a, [BACKGROUND, FOREGROUND])
    inside, outside = (a > high) | ((a == high) & (a == a.max())), a <= low
    inside &= ~outside
    if not inside.any() or not outside.any():
        return np.zeros(a.shape, dtype=bool)
    span = np.ptp(image) or 1.0
    colours = np.moveaxis((image - image.min()) / span, 0, -1)
    pixels = colours.reshape(-1, colours.shape[-1])
    is_object, is_background = (_colour_model(colours[where]).score_samples(pixels) for where in (inside, outside))
    return minimum_cut(colours, (is_object - is_background).reshape(a.shape), smoothness)


def _colour_model(colours: np.ndarray) -> GaussianMixture:
    """Gaussian mixture of colours (m, channels), of as many components as there are different ones, up to five."""
    n = min(COMPONENTS, len(np.unique(colours, axis=0)), max(1, len(colours) // 2))
    if len(colours) == 1:  # a mixture needs two
        colours = np.repeat(colours, 2, axis=0)
    return GaussianMixture(n, reg_covar=LEAST_VARIANCE, random_state=0).fit(colours)


def minimum_cut(colours: np.ndarray, evidence: np.ndarray, smoothness: float) -> np.ndarray:
    """The labels of least cost: evidence given up, and borders between neighbours of a like colour (Boykov and Jolly).

    Parameters
    ----------
    colours : ndarray of shape (height, width, channels)
    evidence : ndarray of shape (height, width)
        Log-density of a pixel's colour in the object minus that in the background.
    smoothness : float
        A border between neighbours of colours c and c' costs ``smoothness · exp(-‖c - c'‖² / (2 · mean ‖c - c'‖²))``
        times its length, 1 or 1/√2 on a diagonal.

    Returns
    -------
    ndarray of bool, shape (height, width)
        Of several cuts of the same cost the one with the fewest pixels.
    """
    height, width = evidence.shape
    n = height * width
    place = np.arange(n).reshape(height, width)
    first, second, difference, length = [], [], [], []
    for down, right, border in STEPS:
        here = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
        there = (slice(down, height), slice(max(0, right), width - max(0, -right)))
        first.append(place[here].ravel())
        second.append(place[there].ravel())
        difference.append(np.square(colours[here] - colours[there]).sum(axis=-1).ravel())
        length.append(np.full(first[-1].shape, border))
    i, j, d = np.concatenate(first), np.concatenate(second), np.concatenate(difference)
    usual = d.mean() if d.any() else 1.0
    weight = np.rint(UNITS * smoothness * np.exp(-d / (2 * usual)) * np.concatenate(length)).astype(np.int64)
    # Evidence beyond all borders of a pixel decides it, however much there is: whole numbers of 32 bits hold the rest.
    most = np.bincount(i, weight, n) + np.bincount(j, weight, n) + 1
    gain = np.rint(np.clip(UNITS * evidence.ravel(), -most, most)).astype(np.int64)
    source, sink = n, n + 1
    tail = np.concatenate([i, j, np.full(n, source), place.ravel()])
    head = np.concatenate([j, i, place.ravel(), np.full(n, sink)])
    capacity = np.concatenate([weight, weight, gain.clip(min=0), (-gain).clip(min=0)]).astype(np.int32)
    graph = csr_array(coo_array((capacity, (tail, head)), shape=(n + 2, n + 2)))
    left = graph - maximum_flow(graph, source, sink).flow
    left.data = (left.data > 0).astype(np.int8)
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    cut = np.zeros(n + 2, dtype=bool)
    cut[reached] = True
    return cut[:n].reshape(height, width)
