"""Shapley values of synthetic tasks by enumeration, and the functions that the tasks are made of."""

import itertools
import math

import numpy as np

from agop_tabular.datasets import (
    functions,
)

FUNCTIONS = [
    functions.identity(),
    functions.sine(2.0),
    functions.square(),
    functions.exponential(0.7),
    functions.tangent(2.0),
    functions.absolute(),
    functions.cube(),
    functions.above(0.3),
    functions.not_above(0.3),
]


def enumerated(truth, x, target, *, contrast):
    """Shapley values of one row by enumeration of all coalitions, expectations by factorised means."""
    weights = [
        t.weights - (t.weights.sum() - t.weights) / (len(t.weights) - 1) if contrast else t.weights for t in truth.terms
    ]

    def value(coalition):
        total = 0.0
        for term, w in zip(truth.terms, weights, strict=True):
            factors = [f(x[j : j + 1])[0] if j in coalition else f.mean for j, f in term.factors]
            total += w[target] * math.prod(factors)
        return total

    d, phi = truth.n_features, np.zeros(truth.n_features)
    for j in range(d):
        rest = [k for k in range(d) if k != j]
        for size in range(d):
            weight = math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)
            for s in itertools.combinations(rest, size):
                phi[j] += weight * (value({*s, j}) - value(set(s)))
    return phi
