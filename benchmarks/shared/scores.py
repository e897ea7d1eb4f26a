"""Scores of attributions against a truth: each metric as its mean over rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular.datasets.truth import in_contrast
from agop_tabular.evaluation import (
    average_precision,
    cosine,
    noise_feature_mass,
    relative_error,
    sign_agreement,
    spearman,
    top_k_precision,
    top_one,
)


def of_class(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Attributions (n, d) of each row's class, from those of all classes (n, d, C)."""
    return values[np.arange(len(values)), :, target]


def centred(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Attributions (n, d) of each row's class minus the others' mean, from (n, d, C); of one score as they are."""
    # the scores (-s, s) of one logit s are its contrasts already
    is_one_logit = values.shape[2] == 2 and np.array_equal(values[..., 0], -values[..., 1])
    return of_class(values if is_one_logit or values.shape[2] == 1 else in_contrast(values.T).T, target)


def error_without_noise(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Relative error over all rows against the mean of two samples of the truth, without their noise.

    The product of the differences from either sample has the squared error as its mean, since the samples' errors are
    independent of each other; where it is negative, the error is 0.
    """
    squared = ((values - first) * (values - second)).sum() / (first * second).sum()
    return float(np.sqrt(max(0.0, squared)))


def scores(
    values: np.ndarray, truth: np.ndarray, origin: Any, rows: Any, seed: int, *, signed: bool = True
) -> dict[str, float]:
    """Score attributions against true ones.

    Parameters
    ----------
    values, truth : ndarray of shape (n, d)
    origin : object with ``informative`` and ``relevant(rows)``
        The task's truth, as :class:`agop_tabular.datasets.Truth`.
    rows : ndarray or DataFrame of shape (n, d)
        The explained rows.
    seed : int
        Orders ties of ``spearman_random_zeros``.
    signed : bool
        Whether the signs of the values mean something; otherwise metrics of signs are left out.

    Returns
    -------
    dict
        Means over rows. Metrics that need irrelevant columns are left out if the truth has no zeros.
    """
    informative = origin.informative
    found = {
        "spearman": _zero_if_constant(spearman(values, truth), truth),
        "spearman_random_zeros": _zero_if_constant(spearman(values, truth, zeros="random", random_state=seed), truth),
        "spearman_informative": _zero_if_constant(spearman(values, truth, columns=informative), truth[:, informative]),
        "top_one": top_one(values, truth),
        "noise_mass": noise_feature_mass(values, informative),
    }
    if (truth == 0).any():
        found |= {
            "top_k": top_k_precision(values, truth),
            "auprc": average_precision(values, truth),
            "relevant_auprc": average_precision(values, origin.relevant(rows)),
        }
    if signed:
        found |= {
            "cosine": cosine(values, truth),
            "relative_error": relative_error(values, truth),
            "signs": sign_agreement(values, truth),
        }
    return {name: _mean(value) for name, value in found.items()}


def _zero_if_constant(correlation: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Replace NaN by 0 in rows whose truth has an order: attributions that are all equal order nothing."""
    size = np.abs(truth)
    return np.where(np.isnan(correlation) & (np.ptp(size, axis=1) > 0), 0.0, correlation)


def _mean(values: np.ndarray | float) -> float:
    """Mean over the rows in which the metric is defined; NaN if there are none."""
    values = np.atleast_1d(values)
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
