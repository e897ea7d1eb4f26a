"""Tasks with correlated Gaussian features and linear scores, after XAI-Bench: exact conditional Shapley values."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import RandomState
from sklearn.utils import check_random_state

from agop_tabular.datasets.truth import in_contrast

MOST_IN_BLOCK = 12
"""Most features that may depend on each other: their Shapley values are a sum over all 2^12 subsets of the block."""


@dataclass(frozen=True, eq=False)
class GaussianLinearTruth:
    """Linear scores of Gaussian features with mean zero, and their exact Shapley values.

    It has the interface of :class:`~agop_tabular.datasets.Truth`.

    Attributes
    ----------
    weights : ndarray of shape (n_features, n_classes)
    covariance : ndarray of shape (n_features, n_features)
        Block diagonal.
    blocks : tuple of tuple of int
        Groups of features that depend on each other; the blocks are independent of each other.
    conditional : bool
        True for conditional Shapley values, where absent features follow their distribution given the present ones;
        False for interventional ones, where they follow their own distribution.
    """

    weights: np.ndarray
    covariance: np.ndarray
    blocks: tuple[tuple[int, ...], ...]
    conditional: bool = True

    def __post_init__(self) -> None:
        largest = max(map(len, self.blocks))
        if largest > MOST_IN_BLOCK:
            raise ValueError(
                f"A block of {largest} features has too many subsets; at most {MOST_IN_BLOCK} can be enumerated."
            )

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.weights)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.weights.shape[1]

    @property
    def informative(self) -> np.ndarray:
        """Indices of features that a class depends on, ascending; with ``conditional`` also through correlated ones."""
        return np.flatnonzero(np.abs(self._maps).sum(axis=(0, 2)) > 1e-12)

    def relevant(self, X: np.ndarray) -> np.ndarray:
        """Features that the scores depend on around each row (n, n_features), bool: those with a weight."""
        return np.tile(np.any(self.weights != 0, axis=1), (len(X), 1))

    def scores(self, X: np.ndarray) -> np.ndarray:
        """True scores (n, n_classes) before noise."""
        return np.asarray(X, dtype=float) @ self.weights

    def attributions(self, X: np.ndarray, target: np.ndarray | int, *, contrast: bool = False) -> np.ndarray:
        """Exact Shapley values of a true score.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
        target : int or ndarray of int, shape (n,)
        contrast : bool
            Attribute the score minus the mean of the other classes' scores.

        Returns
        -------
        ndarray of shape (n, n_features), float64
        """
        X = np.asarray(X, dtype=float)
        maps = in_contrast(self._maps) if contrast else self._maps
        out = np.empty(X.shape)
        target = np.broadcast_to(np.asarray(target, dtype=int), (len(X),))
        for c in range(self.n_classes):
            out[target == c] = X[target == c] @ maps[c].T
        return out

    @cached_property
    def _maps(self) -> np.ndarray:
        """Matrices (n_classes, n_features, n_features) from a row to its attributions, which are linear in it."""
        out = np.zeros((self.n_classes, self.n_features, self.n_features))
        for block in self.blocks:
            rows = np.ix_(block, block)
            weights = self.weights[list(block)]
            for c in range(self.n_classes):
                out[c][rows] = (
                    np.einsum("jkl,k->jl", _shapley_maps(self.covariance[rows]), weights[:, c])
                    if self.conditional
                    else np.diag(weights[:, c])
                )
        return out


def _shapley_maps(covariance: np.ndarray) -> np.ndarray:
    """Maps (m, m, m): [j] maps a row to what feature j adds to the expected row, on average over orders of features."""
    m = len(covariance)
    expected = {}
    for size in range(m + 1):  # the expected row given the features in each subset
        for present in itertools.combinations(range(m), size):
            s = list(present)
            projection = np.zeros((m, m))
            projection[:, s] = np.linalg.solve(covariance[np.ix_(s, s)], covariance[s]).T
            expected[present] = projection
    out = np.zeros((m, m, m))
    for present, projection in expected.items():
        size = len(present)
        for j in set(range(m)) - set(present):
            weight = math.factorial(size) * math.factorial(m - size - 1) / math.factorial(m)
            out[j] += weight * (expected[tuple(sorted((*present, j)))] - projection)
    return out


def make_gaussian_linear(
    n_samples: int = 1000,
    n_features: int = 20,
    n_classes: int = 3,
    n_informative: int = 5,
    noise: float = 1.0,
    random_state: int | RandomState | None = None,
    *,
    correlation: float = 0.5,
    block_size: int = 5,
    conditional: bool = True,
) -> tuple[np.ndarray, np.ndarray, GaussianLinearTruth]:
    """Task of linear scores of Gaussian features that are equally correlated within blocks, after XAI-Bench.

    XAI-Bench (Liu, Khandagale, White, Neiswanger, 2021) has one block of five features.

    Parameters
    ----------
    n_samples, n_features, n_classes, n_informative : int
        Informative features are drawn at random over all blocks.
    noise : float
        Temperature of the Gumbel noise on the scores.
    random_state : int, RandomState or None
    correlation : float
        Within a block, above -1 / (block_size - 1) and below 1.
    block_size : int
        At most 12; the last block may be smaller.
    conditional : bool
        True for conditional Shapley values as truth, which credit a feature for its correlation with others; False for
        interventional ones, which do not.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
    y : ndarray of int64, shape (n_samples,)
    truth : GaussianLinearTruth

    Examples
    --------
    >>> from agop_tabular.datasets import make_gaussian_linear
    >>> X, y, truth = make_gaussian_linear(random_state=0, correlation=0.8)
    >>> truth.attributions(X, target=y).shape
    (1000, 20)
    """
    if not 1 <= n_informative <= n_features:
        raise ValueError(f"n_informative={n_informative} is not between 1 and n_features={n_features}.")
    if not 1 <= block_size <= MOST_IN_BLOCK:
        raise ValueError(f"block_size={block_size} is not between 1 and {MOST_IN_BLOCK}.")
    lowest = -1 / (block_size - 1) if block_size > 1 else -1.0
    if not lowest < correlation < 1:
        raise ValueError(f"correlation={correlation} is not between {lowest:.3g} and 1, so no covariance has it.")
    rng = check_random_state(random_state)
    blocks = tuple(tuple(range(i, min(i + block_size, n_features))) for i in range(0, n_features, block_size))
    covariance = np.eye(n_features)
    for block in blocks:
        covariance[np.ix_(block, block)] += correlation * (1 - np.eye(len(block)))
    weights = np.zeros((n_features, n_classes))
    weights[rng.permutation(n_features)[:n_informative]] = 2 * rng.standard_normal((n_informative, n_classes))
    truth = GaussianLinearTruth(weights, covariance, blocks, conditional)
    X = rng.standard_normal((n_samples, n_features)) @ np.linalg.cholesky(covariance).T
    scores = truth.scores(X) + noise * rng.gumbel(size=(n_samples, n_classes))
    return X, scores.argmax(axis=1).astype(np.int64), truth
