"""A bound of each row's relative error, from errors that were measured on other rows (split conformal prediction).

The errors of audited rows are divided by a scale that is known of every row without sampling. A quantile of these
ratios, times the scale of a new row, bounds the new row's error with the stated coverage, whatever the scale is worth,
as long as new rows are drawn as the audited ones were (Vovk, Gammerman and Shafer 2005; Lei and others,
arXiv 1604.04173). Under shift it is no guarantee.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agop_tabular.attribution.attributions import Attributions

OWN_REST = 1 / 3
"""Weight of what was left of this row's score against what is usually left: chosen on development networks, as the form
of the scale was, by the mean width of bounds at equal coverage. They are 12% narrower than those of a constant scale,
and the scale has a rank correlation of .68 with the error within a network (medians of 29 networks)."""

LEAST = 0.01
"""Share of the length of a row's attributions that is added to what errors come from, since no row is without error."""


@dataclass(frozen=True)
class ErrorBound:
    """Quantiles of scaled errors, by explained score.

    Attributes
    ----------
    coverage : float
        Share of rows, drawn as the audited ones were, whose relative error is at most the bound.
    predicted : float
        Quantile over the audited rows' predicted classes, or outputs.
    each : tuple of float, length C
        The same for each score by itself.
    unexplained : tuple of float, length C
        Standard deviation of what effects leave of each score.
    """

    coverage: float
    predicted: float
    each: tuple[float, ...]
    unexplained: tuple[float, ...]

    @classmethod
    def of(
        cls, errors: np.ndarray, scales: np.ndarray, index: np.ndarray | None, unexplained: np.ndarray, coverage: float
    ) -> ErrorBound:
        """From the errors of audited rows.

        Parameters
        ----------
        errors, scales : ndarray of shape (n, C)
            Relative error, and :func:`row_scale`, of all scores of each row.
        index : ndarray of int, shape (n,), or None
            The predicted score of each row; None where none of several is.
        unexplained : ndarray of shape (C,)
        coverage : float
        """
        ratios = np.divide(errors, scales, out=np.where(errors > 0, np.inf, 0.0), where=scales > 0)
        each = tuple(conformal_quantile(ratio, coverage) for ratio in ratios.T)
        own = ratios.max(axis=1) if index is None else ratios[np.arange(len(ratios)), index]
        predicted = conformal_quantile(own, coverage)
        return cls(coverage, predicted, each, tuple(map(float, unexplained)))

    def bounds(self, found: Attributions, predicted: bool) -> np.ndarray:
        """Bound of the relative error of each row, (n,), or (n, C) for all scores.

        Parameters
        ----------
        found : Attributions
            With support and distances.
        predicted : bool
            Whether the scores are those that are predicted.
        """
        index = found.index
        scale = row_scale(found, self.unexplained)
        if predicted:
            return scale * self.predicted
        each = np.array(self.each)
        return scale * (each if index is None else each[index])


def fewest_rows(coverage: float) -> int:
    """Rows that a bound of this coverage takes at least."""
    return math.ceil(round(coverage / (1 - coverage), 9))


def conformal_quantile(ratios: np.ndarray, coverage: float) -> float:
    """The smallest number that a further ratio stays below with at least this probability; infinite for few ratios."""
    n = len(ratios)
    k = math.ceil(round((n + 1) * coverage, 9))
    return float(np.sort(ratios)[k - 1]) if k <= n else math.inf


def row_scale(found: Attributions, unexplained: Sequence[float] | np.ndarray) -> np.ndarray:
    """What relative errors are in proportion to, as far as it is known of a row without sampling.

    It is the root of a product: what was left of this row's score, and is left usually, over the length of the
    attributions; and 1 plus the row's squared distance from the training mean.

    Parameters
    ----------
    found : Attributions
        Of n rows, with support and distances.
    unexplained : sequence of float, length C
        Standard deviation of what effects leave of each score.

    Returns
    -------
    ndarray of shape (n,), or (n, C)
    """
    values, support, distances = (np.asarray(t, dtype=float) for t in (found.values, found.support, found.distances))
    left = np.array(unexplained) if found.index is None else np.array(unexplained)[found.index]
    length = np.linalg.norm(values, axis=1)
    own_rest = np.abs(values).sum(axis=1) * (1 - support) / np.maximum(support, np.finfo(float).tiny)
    source = OWN_REST * own_rest + left + LEAST * length
    outside = 1 + np.square(distances)
    outside = outside if length.ndim == 1 else outside[:, None]
    return np.sqrt(np.divide(source, length, out=np.zeros_like(length), where=length > 0) * outside)
