"""Metrics of how clean attributions are: what lies outside the signal, and what occlusion does to the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agop_tabular.evaluation.changed_inputs import dtype_with
from agop_tabular.evaluation.masks import as_mask

Explain = Callable[[np.ndarray], np.ndarray]
"""Maps rows (n, d) to attributions (n, d), of the same classes at every call."""


def clean_score(attributions: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Share of the absolute attributions inside the region where the signal is known to be.

    The paper of XtrAIn (arXiv 2606.10877) has a CleanScore whose formula could not be had; this is one that rewards
    silence in the background, as it is said to. It is :func:`importance_mass` but for rows without attributions.

    Parameters
    ----------
    attributions : ndarray of shape (n, d), or maps (n, height, width)
    signal : ndarray of bool, of one row's shape or of that of the attributions
        True inside the region.

    Returns
    -------
    ndarray of shape (n,)
        1 is cleanest; 0 where all attributions of a row are zero.
    """
    a = np.abs(np.asarray(attributions, dtype=float))
    inside = as_mask(signal, "The signal")
    if inside.shape not in (a.shape, a.shape[1:]):
        raise ValueError(f"The signal has shape {inside.shape}, for attributions of shape {a.shape}; give one of it.")
    a, inside = a.reshape(len(a), -1), np.broadcast_to(inside, a.shape).reshape(len(a), -1)
    total = a.sum(axis=1)
    return np.asarray((a * inside).sum(axis=1) / np.where(total > 0, total, 1.0))


def attribution_shift(explain: Explain, X: np.ndarray, columns: Any, fill: np.ndarray) -> np.ndarray:
    """How far occluding some columns moves the attributions of the others.

    The paper of XtrAIn (arXiv 2606.10877) shows the effect on an example; the measure is this project's: the L1
    distance of the other columns' attributions before and after, over their L1 norm before. It is 0 for a model without
    interactions.

    Parameters
    ----------
    explain : callable
        Maps rows (n, d) to attributions (n, d), of the same classes at every call.
    X : ndarray of shape (n, d)
    columns : array-like of int or bool
        Which are occluded.
    fill : ndarray of shape (d,)
        What they are occluded by, such as the training means.

    Returns
    -------
    ndarray of shape (n,)
        NaN where the others' attributions are all zero before.
    """
    X, fill = np.asarray(X), np.asarray(fill)
    if X.ndim != 2 or fill.shape != X.shape[1:]:
        raise ValueError(f"fill has shape {fill.shape}, for rows of shape {X.shape}; give one value for each column.")
    occluded = np.zeros(X.shape[1], dtype=bool)
    occluded[columns] = True
    changed = np.where(occluded, fill, X).astype(dtype_with(X, fill))
    before, after = (np.asarray(explain(rows), dtype=float)[:, ~occluded] for rows in (X, changed))
    size = np.abs(before).sum(axis=1)
    return np.where(size > 0, np.abs(after - before).sum(axis=1) / np.where(size > 0, size, 1.0), np.nan)
