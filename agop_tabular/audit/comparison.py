"""Attributions beside sampled Shapley values, with the noise of the samples taken out of every figure."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import DegenerateDataWarning, bootstrap

from agop_tabular.audit.sampled_values import SampledValues

CONFIDENCE = 0.95
"""Of the intervals of cosine and relative error."""

RESAMPLES = 2000
"""Resamples of the rows for an interval: its ends are then known to a few per cent of its width."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Attributions of n rows for m scores each, beside unbiased estimates of what they should be.

    With a the attributions, T the estimates and v their variances, ``Σ (a - T)² - v`` is an unbiased estimate of the
    squared error, as the product of the errors of two halves of the samples is, averaged over all ways to halve them.

    Attributes
    ----------
    attributions : ndarray of shape (n, d, m)
    sampled : SampledValues
        Of the same rows and scores.
    """

    attributions: np.ndarray
    sampled: SampledValues

    def of(self, index: np.ndarray) -> Comparison:
        """For one score of each row, (n,)."""
        rows = np.arange(len(index))
        parts = (self.attributions, self.sampled.values, self.sampled.variances)
        attributions, values, variances = (part[rows, :, index][:, :, None] for part in parts)
        return Comparison(attributions, SampledValues(values, variances, self.sampled.n_evaluations))

    @property
    def noise(self) -> np.ndarray:
        """Sum of the estimates' variances, (n, m)."""
        return np.asarray(self.sampled.variances.sum(axis=1))

    @property
    def squared_errors(self) -> np.ndarray:
        """Squared distance of the attributions from the Shapley values, without bias, (n, m); it may be negative."""
        return np.asarray(np.square(self.attributions - self.sampled.values).sum(axis=1) - self.noise)

    @property
    def squared_sizes(self) -> np.ndarray:
        """Squared length of the Shapley values, without bias, (n, m); it may be negative."""
        return np.asarray(np.square(self.sampled.values).sum(axis=1) - self.noise)

    @property
    def cosines(self) -> np.ndarray:
        """Cosine of each row's attributions with its Shapley values, (n, m); 1 where both are zero, 0 where one is."""
        products = (self.attributions * self.sampled.values).sum(axis=1)
        sizes = np.where(self.squared_sizes > 0, self.squared_sizes, np.square(self.sampled.values).sum(axis=1))
        lengths = np.linalg.norm(self.attributions, axis=1) * np.sqrt(sizes)
        found = np.clip(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0), -1, 1)
        nothing = ~self.attributions.any(axis=1) & ~self.sampled.values.any(axis=1)
        return np.where(nothing, 1.0, found)

    @property
    def relative_errors(self) -> np.ndarray:
        """Distance of a row's attributions from its Shapley values, over the length of these, (n, m).

        Infinite where there are attributions but no Shapley values, 0 where there are neither.
        """
        errors, sizes = np.sqrt(np.maximum(self.squared_errors, 0)), np.sqrt(np.maximum(self.squared_sizes, 0))
        found = np.divide(errors, sizes, out=np.full_like(errors, np.inf), where=sizes > 0)
        return np.where(errors == 0, 0.0, found)

    @property
    def noise_share(self) -> float:
        """Variance of the samples, as a multiple of the squared error: with much of it figures are uncertain."""
        error = self.squared_errors.sum()
        return float(self.noise.sum() / error) if error > 0 else np.inf * bool(self.noise.any())

    def cosine(self) -> tuple[float, tuple[float, float]]:
        """Mean cosine, and its interval over rows."""
        return _with_interval(np.mean, self.cosines.mean(axis=1))

    def relative_error(self) -> tuple[float, tuple[float, float]]:
        """Root of all rows' squared errors over their squared sizes, and its interval over rows."""
        return _with_interval(_pooled, self.squared_errors.sum(axis=1), self.squared_sizes.sum(axis=1))

    def column_errors(self) -> np.ndarray:
        """Root mean squared error of each column, (d,)."""
        squares = np.square(self.attributions - self.sampled.values) - self.sampled.variances
        return np.sqrt(np.maximum(squares.mean(axis=(0, 2)), 0))


def _pooled(errors: np.ndarray, sizes: np.ndarray, axis: int = -1) -> np.ndarray:
    """Root of the sum of squared errors over the sum of squared sizes."""
    error, size = np.maximum(errors.sum(axis=axis), 0), np.asarray(sizes.sum(axis=axis))
    return np.sqrt(np.divide(error, size, out=np.zeros_like(size), where=size > 0))


def _with_interval(statistic: Callable[..., np.ndarray], *rows: np.ndarray) -> tuple[float, tuple[float, float]]:
    """A statistic of rows, and its bootstrap interval."""
    value = float(statistic(*rows))
    if all(np.ptp(part) == 0 for part in rows):  # no resample differs
        return value, (value, value)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # where rows hardly differ: the value is the interval
        found = bootstrap(
            rows,
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(0),
        ).confidence_interval
    low, high = (float(end) if np.isfinite(end) else value for end in found)
    return value, (min(low, value), max(high, value))
