"""What metrics hand over in place of the rows and images that they were given, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

WHOLE = "biu"
"""Kinds of dtype that hold no fractions."""


def in_kind_of(images: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Changed images as floats of the images' own dtype; as bytes where these are bytes.

    Who is given bytes divides by 255, as :class:`~agop_tabular.image.AGOPImageExplainer` does, and would take the same
    values as floats to be 255 times as bright.

    Parameters
    ----------
    images : ndarray
    changed : ndarray
        Of any shape, in the units of the images.

    Returns
    -------
    ndarray
        Rounded, and cut to between 0 and 255, for bytes; float64 for other whole numbers.
    """
    if images.dtype == np.uint8:
        return np.rint(changed).clip(0, 255).astype(np.uint8)
    return changed.astype(images.dtype if images.dtype.kind == "f" else float)


def dtype_with(X: np.ndarray, values: Any) -> np.dtype[Any]:
    """The dtype of rows that also hold other values: that of the rows, but for whole numbers that meet fractions.

    Parameters
    ----------
    X : ndarray
    values : array-like
        What is put in the place of some of X.
    """
    return np.result_type(X, np.asarray(values)) if X.dtype.kind in WHOLE else X.dtype


def scores_of(predict: Callable[[np.ndarray], Any], inputs: np.ndarray) -> np.ndarray:
    """The explained score of each row or image, (n,), as float64.

    Parameters
    ----------
    predict : callable
    inputs : ndarray of shape (n, …)

    Raises
    ------
    ValueError
        Where it returns anything else than one score of each.
    """
    scores = np.asarray(predict(inputs), dtype=float)
    if scores.shape != (len(inputs),):
        raise ValueError(
            f"predict returned scores of shape {scores.shape} for {len(inputs)} rows; it must return one of each, "
            f"({len(inputs)},), that of the explained class."
        )
    return scores
