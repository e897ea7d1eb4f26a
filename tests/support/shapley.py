"""Exact Shapley values of small games, by enumeration."""

import itertools
import math

import numpy as np


def shapley_by_enumeration(value, d):
    """Exact Shapley values from the value of every set of columns."""
    out = np.zeros(d)
    for j in range(d):
        others = [k for k in range(d) if k != j]
        for size in range(d):
            weight = math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)
            for chosen in itertools.combinations(others, size):
                out[j] += weight * (value((*chosen, j)) - value(chosen))
    return out


def enumerated(scores, x, B):
    """Interventional Shapley values of one row, every class: (d, C)."""

    def value(present):
        Z = B.copy()
        Z[:, list(present)] = x[list(present)]
        return scores(Z).mean(axis=0)

    cache = {s: value(s) for k in range(len(x) + 1) for s in itertools.combinations(range(len(x)), k)}
    classes = range(len(cache[()]))
    return np.stack([shapley_by_enumeration(lambda s, c=c: cache[tuple(sorted(s))][c], len(x)) for c in classes], 1)
