"""Attributions of rows, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Attributions:
    """Attributions of n rows.

    Attributes
    ----------
    values : ndarray of shape (n, d), or (n, d, C) for all scores
    index : ndarray of int, shape (n,), or None for all scores
        The explained score of each row.
    support, scores : ndarray of shape (n,) or (n, C), or None
        How far each explanation is backed by the training rows, and the explained score, where they were asked for.
    base_values : ndarray of shape (n,) or (n, C), or None
        Scores that attributions are differences from.
    gap : ndarray of shape (n,) or (n, C), or None
        Score minus base value minus the sum of the row's attributions, where they have a sign.
    errors : ndarray of the shape of values, or None
        Standard errors, where attributions were refined.
    residual : ndarray of the shape of values, or None
        What a gate took away.
    distances : ndarray of shape (n,), or None
        Root mean square of a row's coordinates, standardised by the training rows, whose usual distance is 1; where
        support was asked for, of a method that looks effects up.
    predicted : ndarray of int, shape (n,), or of float, shape (n,) or (n, C), or None
        What the network predicts of each row: index of the class, or without classes the explained output, or all of
        them. Known where support was asked for, as probabilities are, of a method that looks at the network's scores.
    probabilities : ndarray of shape (n,) or (n, C), or None
        Probability of the explained class, or of all; None where scores stand for no probabilities.
    """

    values: np.ndarray
    index: np.ndarray | None = None
    support: np.ndarray | None = None
    scores: np.ndarray | None = None
    base_values: np.ndarray | None = None
    gap: np.ndarray | None = None
    errors: np.ndarray | None = None
    residual: np.ndarray | None = None
    distances: np.ndarray | None = None
    predicted: np.ndarray | None = None
    probabilities: np.ndarray | None = None

    def gated(self, mask: np.ndarray | None) -> Attributions:
        """With zeros for the columns where the mask (d,) is False, and their values as the residual."""
        if mask is None:
            return self
        keep = mask[None, :, None] if self.values.ndim == 3 else mask
        return replace(self, values=np.where(keep, self.values, 0), residual=np.where(keep, 0, self.values))
