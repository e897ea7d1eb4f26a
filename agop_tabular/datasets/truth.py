"""Ground truth of synthetic tasks: exact Shapley values of the function that generates the labels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from agop_tabular.datasets.functions import Function


@dataclass(frozen=True, eq=False)
class Term:
    """A product of functions of single features, with a weight for each class; a task is a sum of such terms.

    A term without factors is a constant, with one factor a main effect, with two an interaction. A factor ``above`` or
    ``not_above`` switches the rest of the term on and off.

    Attributes
    ----------
    factors : tuple of (int, Function)
        Features, all different, and their functions.
    weights : ndarray of shape (n_classes,)
    """

    factors: tuple[tuple[int, Function], ...]
    weights: np.ndarray

    def __post_init__(self) -> None:
        features = [j for j, _ in self.factors]
        if len(set(features)) != len(features):
            raise ValueError(
                f"A term has each feature once; got features {features}. Multiply their functions instead."
            )

    def values(self, X: np.ndarray) -> np.ndarray:
        """Product of the factors (n,), without weights; 1 where there are none."""
        return np.prod([np.ones(len(X)), *(f(X[:, j]) for j, f in self.factors)], axis=0)

    def shapley(self, X: np.ndarray) -> np.ndarray:
        """Exact interventional Shapley values of the product, (n, n_factors), under independent features.

        For factors u_i with means e_i, the contribution of factor i is (u_i - e_i) times a product of the others,
        averaged over all orders: factors before i enter with their value, factors after i with their mean.
        """
        u = np.empty((len(X), len(self.factors)))
        for i, (j, f) in enumerate(self.factors):
            u[:, i] = f(X[:, j])
        e = np.array([f.mean for _, f in self.factors])
        m = len(self.factors)
        out = np.empty_like(u)
        for i in range(m):
            others = [k for k in range(m) if k != i]
            average = np.zeros(len(X))
            for size in range(m):
                weight = math.factorial(size) * math.factorial(m - size - 1) / math.factorial(m)
                for before in itertools.combinations(others, size):
                    after = [k for k in others if k not in before]
                    average += weight * np.prod(u[:, list(before)], axis=1) * np.prod(e[after])
            out[:, i] = (u[:, i] - e[i]) * average
        return out


@dataclass(frozen=True, eq=False)
class Truth:
    """The function that generates the labels, and its exact Shapley values.

    Attributes
    ----------
    terms : tuple of Term
    n_features, n_classes : int
    """

    terms: tuple[Term, ...]
    n_features: int
    n_classes: int

    @classmethod
    def of(cls, terms: Iterable[Term], n_features: int, n_classes: int) -> Truth:
        """Make a truth from its terms."""
        return cls(tuple(terms), n_features, n_classes)

    @property
    def informative(self) -> np.ndarray:
        """Indices of the features that any class depends on, ascending."""
        return np.array(sorted({j for term in self.terms if np.any(term.weights) for j, _ in term.factors}), dtype=int)

    def relevant(self, X: np.ndarray) -> np.ndarray:
        """Features that the scores depend on around each row (n, n_features), bool.

        Where an indicator turns a term off, the term's other features are not relevant; the indicator's own feature
        always is.
        """
        X = np.asarray(X, dtype=float)
        out = np.zeros((len(X), self.n_features), dtype=bool)
        for term in self.terms:
            if np.any(term.weights):
                on = np.all([f(X[:, j]) != 0 for j, f in term.factors if f.switches] or [np.ones(len(X), bool)], axis=0)
                for j, f in term.factors:
                    out[:, j] |= f.switches | on
        return out

    def scores(self, X: np.ndarray) -> np.ndarray:
        """True scores (n, n_classes) before noise."""
        X = np.asarray(X, dtype=float)
        return sum((t.values(X)[:, None] * t.weights for t in self.terms), np.zeros((len(X), self.n_classes)))

    def attributions(self, X: np.ndarray, target: np.ndarray | int, *, contrast: bool = False) -> np.ndarray:
        """Exact interventional Shapley values of a true score under independent features.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
        target : int or ndarray of int, shape (n,)
            The class whose score is attributed, for all rows or for each row.
        contrast : bool
            Attribute the score minus the mean of the other classes' scores.

        Returns
        -------
        ndarray of shape (n, n_features), float64
        """
        X = np.asarray(X, dtype=float)
        target = np.broadcast_to(np.asarray(target, dtype=int), (len(X),))
        out = np.zeros((len(X), self.n_features))
        for term in self.terms:
            weights = in_contrast(term.weights) if contrast else term.weights
            out[:, [j for j, _ in term.factors]] += weights[target][:, None] * term.shapley(X)
        return out


def in_contrast(values: np.ndarray) -> np.ndarray:
    """Values of classes (C, …), each minus the mean of the other classes'.

    Parameters
    ----------
    values : ndarray of shape (C, …)
        Of two classes at least.
    """
    n = len(values)
    contrasts: np.ndarray = (values - values.mean(axis=0)) * (n / (n - 1))
    return contrasts
