"""How attributions of a study are scored: every metric, as the mean over rows."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def chosen(every: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Attributions (n, d) of each row's class, from those of all classes (n, d, C)."""
    return every[np.arange(len(every)), :, target]


def centred(every: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The same, minus the mean over classes."""
    return chosen(every, target) - every.mean(axis=2)


def metrics(
    values: np.ndarray, truth: np.ndarray, origin: Any, rows: Any, seed: int, *, signed: bool = True
) -> dict[str, float]:
    """Means over rows; signed metrics only where signs mean something, zeros only where the truth has them."""
    informative = origin.informative
    found = {
        "spearman": _ranked(spearman(values, truth), truth),
        "spearman_random_zeros": _ranked(spearman(values, truth, zeros="random", random_state=seed), truth),
        "spearman_informative": _ranked(spearman(values, truth, columns=informative), truth[:, informative]),
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


def _ranked(correlation: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """An attribution that orders nothing has a rank correlation of 0 where the truth has an order."""
    size = np.abs(truth)
    return np.where(np.isnan(correlation) & (np.ptp(size, axis=1) > 0), 0.0, correlation)


def _mean(values: np.ndarray | float) -> float:
    """Over rows where the metric is defined."""
    values = np.atleast_1d(values)
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
