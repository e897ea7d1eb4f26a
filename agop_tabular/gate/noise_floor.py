"""The noise floor: columns that a network uses no more, and no otherwise, than it uses noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EVIDENCE = 8.0
"""Evidence, in log units, above which there is a floor; more for wide tables, :data:`PER_COLUMN` each."""

PER_COLUMN = 0.4
"""Evidence that chance can gather for each column of a table."""

DIFFUSE = 0.3
"""Added to a column's log ratio of diffuse to own effects before it counts as evidence."""

BOUND = 1.5
"""Evidence of one column's effects, at most, for or against."""

ABOVE = 1.0
"""Log ratio by which the largest importance must exceed the floor."""

SMALLEST = 3
"""Columns of a floor, at least."""

USEFUL = 2.5
"""Standard errors by which a column must lower the loss on labelled rows to be no noise."""


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """Which columns stand above the noise floor of a network.

    Attributes
    ----------
    mask : ndarray of bool, shape (d,)
        True where a column stands above it; all of them where no floor was found.
    floor : float
        Largest of ``feature_importances_`` below it; NaN where there is none.
    margin : float
        Smallest importance above the floor, as a multiple of it; NaN where there is none.
    evidence : float
        Log-likelihood ratio for the best floor; one is taken from :data:`EVIDENCE` on.
    """

    mask: np.ndarray
    floor: float
    margin: float
    evidence: float


@dataclass(frozen=True, eq=False)
class Gate(NoiseFloor):
    """A noise floor, and what the model loses without the columns below it.

    Attributes
    ----------
    mask, floor, margin, evidence : as in :class:`NoiseFloor`
    predictions_changed : float
        Share of rows that are predicted otherwise with those columns at the baseline.
    variance_changed : float
        Mean square of what that changes in the scores, centred over classes, as a share of their variance.
    labelled : bool
        Whether labels were used.
    """

    predictions_changed: float
    variance_changed: float
    labelled: bool


def noise_floor(importances: np.ndarray, variances: np.ndarray, useful: np.ndarray | None = None) -> NoiseFloor:
    """Find the noise floor of a network, if it has one.

    What a network does with columns of noise is alike for all of them: their importances lie close together, below all
    others; and they act through whatever else is there, so that their effects are spread over pairs with many columns,
    while a column that was learned acts by itself or with few others. For every cut of the ordered importances two
    kinds of evidence are added up: the log-likelihood ratio of two uniform densities, one on either side of the cut,
    against a single one; and, over the columns below, the log ratio of diffuse to own effects. The cut with most
    evidence is the floor if it has enough. It does not matter how many columns are noise; none may be.

    Parameters
    ----------
    importances : ndarray of shape (d,)
        diag M in variance units, folded to the user's columns.
    variances : ndarray of shape (d, d)
        Variances of main effects (diagonal) and pair effects.
    useful : ndarray of shape (d,), optional
        Standard errors by which each column lowers the loss on labelled rows.

    Returns
    -------
    NoiseFloor
        A column without any gradient is below every floor only where one is found.
    """
    d = len(importances)
    none = NoiseFloor(np.ones(d, dtype=bool), np.nan, np.nan, 0.0)
    there = np.flatnonzero(importances > 0)
    if len(there) <= SMALLEST:
        return none
    order = there[np.argsort(importances[there], kind="stable")]
    level = np.log(importances[order])
    below = np.arange(1, len(level))
    evidence = _densities(level, below) + np.cumsum(_diffuse(variances)[order])[:-1]
    keep = np.zeros(d, dtype=bool)
    if useful is not None:
        keep = useful > USEFUL
        evidence = evidence - (BOUND + 4.0) * np.cumsum(keep[order])[:-1]
    evidence[(below < SMALLEST) | (level[-1] - level[below - 1] < ABOVE)] = -np.inf
    best = int(np.argmax(evidence))
    found = float(evidence[best])
    if found < max(EVIDENCE, PER_COLUMN * len(level)):
        return NoiseFloor(none.mask, np.nan, np.nan, found)
    mask = np.ones(d, dtype=bool)
    mask[order[: best + 1]] = False
    mask |= keep
    floor = float(importances[order[best]])
    return NoiseFloor(mask, floor, float(importances[order[best + 1]] / floor), found)


def _densities(level: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Log-likelihood ratio of two uniform densities, the denser one below each cut, against a single one."""
    n, span = len(level), max(level[-1] - level[0], 1e-9)
    width = level[below - 1] - level[0]
    width = width + width / np.maximum(below - 1, 1)  # of where they come from, not of those that came
    width = np.clip(width, min(0.1, span / 2), span * 0.999)
    left, right = below / n, 1 - below / n
    ratio = below * np.log(left * span / width) + (n - below) * np.log(right * span / (span - width))
    return np.where(left * span > width, ratio, -np.inf)


def _diffuse(variances: np.ndarray) -> np.ndarray:
    """Evidence for noise in each column's effects: those with its best partner and alone against all the others."""
    pairs = np.maximum(variances, 0.0) / max(float(variances.max()), 1e-300)
    main = np.diagonal(pairs).copy()
    pairs = pairs - np.diag(main)
    largest = pairs.max(axis=1)
    ratio = np.log((pairs.sum(axis=1) - largest + 1e-12) / (main + largest + 1e-12))
    return np.clip(ratio + DIFFUSE, -BOUND, BOUND)
