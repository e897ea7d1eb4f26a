"""Masks as people have them: True and False, or whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_mask(masks: Any, name: str = "Masks") -> np.ndarray:
    """Masks as True and False.

    Parameters
    ----------
    masks : array-like of bool, or of whole numbers, of which 0 is outside
    name : str
        What messages call them.

    Returns
    -------
    ndarray of bool, of the same shape

    Raises
    ------
    ValueError
        For values that are neither, such as fractions, missing ones, those below 0, and text.
    """
    found = np.asarray(masks)
    if found.dtype.kind == "b":
        return found
    if found.dtype.kind not in "iuf" or not ((found >= 0) & (found == np.floor(found)) & np.isfinite(found)).all():
        raise ValueError(
            f"{name} must be True and False, or whole numbers, of which 0 is outside; make them of other values by a "
            "threshold, such as masks > 0.5."
        )
    return np.asarray(found > 0)
