"""Maps of images by regions of a mask: how much of a map lies where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

OUTSIDE, INSIDE = "outside", "inside"
"""Regions of a mask that is True or False."""


def region_labels(
    masks: Any, shape: tuple[int, ...], names: Sequence[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Masks as whole numbers, and the names of these.

    Parameters
    ----------
    masks : array-like of bool or int, shape (n, height, width), or (height, width) for all images alike
        Numbers of regions count from 0.
    shape : (n, height, width)
    names : sequence of str, optional
        Of the regions 0, 1, …

    Returns
    -------
    labels : ndarray of int, shape (n, height, width)
    names : list of str

    Raises
    ------
    ValueError
        For another shape, numbers that are no regions, too few names, and the same name twice.
    TypeError
        For names that are no list.
    """
    labels = np.asarray(masks)
    if labels.shape not in (tuple(shape), tuple(shape[1:])):
        raise ValueError(
            f"masks= has shape {labels.shape}, for maps of shape {tuple(shape)}: give one mask an image, or one of "
            f"{shape[1]} × {shape[2]} pixels for all."
        )
    if labels.dtype.kind not in "biu" or (labels.size and labels.min() < 0):
        raise ValueError("masks= must be True and False, or whole numbers of regions that count from 0.")
    usual = [OUTSIDE, INSIDE] if labels.dtype.kind == "b" else [str(k) for k in range(int(labels.max(initial=0)) + 1)]
    if isinstance(names, (str, Mapping)):
        raise TypeError(f"names={names!r} is not a list of the names of regions 0, 1, ….")
    found = usual if names is None else [str(name) for name in names]
    if len(found) < len(usual):
        raise ValueError(f"names= has {len(found)} names for the {len(usual)} regions 0 to {len(usual) - 1} of masks=.")
    if len(set(found)) < len(found):
        raise ValueError(f"names={list(found)!r} has the same name twice; give each region its own.")
    return np.broadcast_to(labels.astype(int), shape), found


def region_table(maps: np.ndarray, labels: np.ndarray, names: list[str]) -> pd.DataFrame:
    """How much of each map lies in each region.

    Parameters
    ----------
    maps : ndarray of shape (n, height, width)
    labels : ndarray of int, shape (n, height, width)
    names : list of str

    Returns
    -------
    DataFrame
        A row for each image and region that it has: ``image``, ``region``, ``pixels``, the map's ``sum``, its ``share``
        of the absolute map, and ``density``, that over the region's share of the pixels: 1 is what a map has that says
        nothing. A map of zeros has the share NaN.
    """
    n, k = len(maps), len(names)
    place = (np.arange(n)[:, None, None] * k + labels).ravel()
    pixels, total, mass = (
        np.bincount(place, None if weights is None else weights.ravel().astype(float), n * k).reshape(n, k)
        for weights in (None, maps, np.abs(maps))
    )
    whole = mass.sum(axis=1, keepdims=True)
    share = np.where(whole > 0, mass / np.where(whole > 0, whole, 1), np.nan)
    density = share / (np.maximum(pixels, 1) / max(1, maps[0].size if n else 1))
    image, region = np.nonzero(pixels)
    return pd.DataFrame(
        {
            "image": image,
            "region": np.array(names, dtype=object)[region],
            "pixels": pixels[image, region].astype(int),
            "sum": total[image, region],
            "share": share[image, region],
            "density": density[image, region],
        }
    )
