"""Metrics that remove columns in the order of their attributions and watch the explained score."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from agop_tabular.evaluation.changed_inputs import dtype_with, scores_of

Predict = Callable[[np.ndarray], np.ndarray]
"""Maps rows (n, d) to the explained score (n,) of each; it is called with all rows, in their order."""


def removal_curve(
    predict: Predict,
    X: np.ndarray,
    attributions: np.ndarray,
    fill: np.ndarray,
    *,
    first: str = "most",
    n_steps: int | None = None,
) -> np.ndarray:
    """Score of each row after 0, 1, …, d columns are replaced, or several at a time.

    Parameters
    ----------
    predict : callable
        Maps rows (n, d) to scores (n,).
    X : ndarray of shape (n, d)
    attributions : ndarray of shape (n, d)
        Of the explained score; the largest, with their sign, are the most influential. Ties in the order of columns.
    fill : ndarray of shape (d,) or (n, d)
        What columns are replaced by, such as the training means.
    first : {"most", "least"}
        Which are replaced first.
    n_steps : int, optional
        Steps in which all columns are replaced, about as many in each; d by default. Images have too many pixels for
        one at a time.

    Returns
    -------
    ndarray of shape (n, d + 1), or (n, n_steps + 1)
    """
    X, a, fill = np.asarray(X), np.asarray(attributions, dtype=float), np.asarray(fill)
    if X.ndim != 2 or a.shape != X.shape or fill.shape not in (X.shape, X.shape[1:]):
        raise ValueError(
            f"Rows {X.shape}, attributions {a.shape} and fill {fill.shape} must be (n, d), (n, d), and (d,) or (n, d)."
        )
    _check_finite(a)
    places = _places(X.shape[1], n_steps)
    if first not in ("most", "least"):
        raise ValueError(f'first={first!r} is not "most" or "least".')
    order = np.argsort(-a if first == "most" else a, axis=1, kind="stable")
    rows, scores = X.astype(dtype_with(X, fill)), [scores_of(predict, X)]
    values = np.broadcast_to(fill, X.shape).astype(rows.dtype)
    for start, stop in pairwise(places):
        some = order[:, start:stop]
        np.put_along_axis(rows, some, np.take_along_axis(values, some, axis=1), axis=1)
        scores.append(scores_of(predict, rows))
    return np.stack(scores, axis=1)


def deletion_area(
    predict: Predict, X: np.ndarray, attributions: np.ndarray, fill: np.ndarray, *, n_steps: int | None = None
) -> np.ndarray:
    """Mean height of the curve when the most influential columns go first; lower is better (Petsiuk and others, 2018).

    Parameters
    ----------
    predict, X, attributions, fill, n_steps : as in :func:`removal_curve`

    Returns
    -------
    ndarray of shape (n,)
    """
    return _area(removal_curve(predict, X, attributions, fill, n_steps=n_steps), np.shape(X)[1])


def insertion_area(
    predict: Predict, X: np.ndarray, attributions: np.ndarray, fill: np.ndarray, *, n_steps: int | None = None
) -> np.ndarray:
    """Mean height of the curve when, from nothing, the most influential columns come first; higher is better.

    Parameters
    ----------
    predict, X, attributions, fill, n_steps : as in :func:`removal_curve`

    Returns
    -------
    ndarray of shape (n,)
    """
    return _area(removal_curve(predict, X, attributions, fill, first="least", n_steps=n_steps), np.shape(X)[1])


def symmetric_relevance_gain(
    predict: Predict, X: np.ndarray, attributions: np.ndarray, fill: np.ndarray, *, n_steps: int | None = None
) -> np.ndarray:
    """SRG: area with the least influential columns first minus that with the most; higher is better.

    The difference takes out how the model reacts to removal as such (Blücher and others, 2024, arXiv 2401.06654).

    Parameters
    ----------
    predict, X, attributions, fill, n_steps : as in :func:`removal_curve`

    Returns
    -------
    ndarray of shape (n,)
    """
    least = insertion_area(predict, X, attributions, fill, n_steps=n_steps)  # the same curve, from its other end
    return np.asarray(least - deletion_area(predict, X, attributions, fill, n_steps=n_steps))


def average_drop(predict: Predict, X: np.ndarray, attributions: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """Share of the score that is lost when each column is faded by its attribution; lower is better.

    A row becomes ``fill + m (x - fill)`` with m its attributions above zero over their largest, as a map is laid over
    an image (Chattopadhay and others, 2018). Scores have to be positive, as probabilities are.

    Parameters
    ----------
    predict, X, attributions, fill : as in :func:`removal_curve`

    Returns
    -------
    ndarray of shape (n,)
        0 where the score rises.
    """
    X, a, fill = np.asarray(X), np.asarray(attributions, dtype=float).clip(min=0), np.asarray(fill)
    if X.ndim != 2 or a.shape != X.shape or fill.shape != X.shape[1:]:
        raise ValueError(f"Rows {X.shape}, attributions {a.shape} and fill {fill.shape} must be (n, d), (n, d), (d,).")
    _check_finite(a)
    largest = a.max(axis=1, keepdims=True)
    m = a / np.where(largest > 0, largest, 1.0)
    faded_rows = fill + m * (X - fill)
    whole, faded = (scores_of(predict, rows) for rows in (X, faded_rows.astype(dtype_with(X, faded_rows))))
    if (whole <= 0).any():
        raise ValueError("average_drop is a share of the score, which must be above zero; predict probabilities.")
    return np.asarray((whole - faded).clip(min=0) / whole)


def _check_finite(a: np.ndarray) -> None:
    if not np.isfinite(a).all():
        raise ValueError("Attributions must be finite.")


def _places(d: int, n_steps: int | None) -> np.ndarray:
    """How many columns are replaced after each step, from 0 to d."""
    if n_steps is None:
        return np.arange(d + 1)
    if not 1 <= n_steps <= d:
        raise ValueError(f"n_steps={n_steps!r} is not between 1 and the {d} columns.")
    return np.rint(np.linspace(0, d, n_steps + 1)).astype(int)


def _area(curve: np.ndarray, d: int) -> np.ndarray:
    """Area under curves (n, steps + 1) over the unit interval, by trapezoids."""
    width = np.diff(_places(d, curve.shape[1] - 1)) / d
    return np.asarray((curve[:, :-1] + curve[:, 1:]) @ width / 2)
