"""The noise floor of the AGOP's diagonal: which columns the network hardly uses."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

TIGHT = 0.5
"""Largest standard deviation of log diag M within the lowest cluster for it to be a floor."""

APART = 1.2
"""Least distance of log diag M between the two lowest clusters' means."""


def above_noise_floor(diagonal: np.ndarray) -> np.ndarray:
    """Which columns stand above the noise floor of a network.

    What a network does with columns of noise is much alike for all of them, so their entries of diag M form a tight
    cluster at its low end. Gaussian mixtures of one to three components are fitted to log diag M and chosen by BIC; the
    lowest component is the floor if it is tight and apart from the next. Where there is none, every column stands.

    Parameters
    ----------
    diagonal : ndarray of shape (d,)
        diag M, in variance units, folded to the user's columns.

    Returns
    -------
    ndarray of bool, shape (d,)
        A column without any gradient is never above the floor.
    """
    diagonal = np.asarray(diagonal, dtype=float)
    above = diagonal > 0
    if above.sum() < 4:
        return above
    logs = np.log(diagonal[above])[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixtures = [
            GaussianMixture(k, n_init=5, reg_covar=1e-3, random_state=0).fit(logs) for k in (1, 2, 3) if k < len(logs)
        ]
    best = min(mixtures, key=lambda m: m.bic(logs))
    if best.n_components == 1:
        return above
    order = np.argsort(best.means_[:, 0])
    low, next_ = order[:2]
    if np.sqrt(best.covariances_[low, 0, 0]) > TIGHT or best.means_[next_, 0] - best.means_[low, 0] < APART:
        return above
    above[np.flatnonzero(above)[best.predict(logs) == low]] = False
    return above
