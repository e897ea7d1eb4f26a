"""A module whose score is a function, and its Shapley values by all coalitions."""

import itertools
import math

import numpy as np
import torch
from torch import nn


class Function(nn.Module):
    """A module whose score is a function of its input."""

    def __init__(self, f):
        super().__init__()
        self.f, self.unused = f, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.f(x)[:, None] + 0 * self.unused


def brute_force(f, x, background):
    """Interventional Shapley values (n, d) of rows by all coalitions."""
    d = x.shape[1]
    worth = {}
    for size in range(d + 1):
        for present in itertools.combinations(range(d), size):
            hybrid = np.repeat(background[None], len(x), axis=0)
            hybrid[:, :, list(present)] = x[:, None, list(present)]
            scores = f(torch.from_numpy(hybrid.reshape(-1, d))).reshape(len(x), -1)
            worth[present] = scores.double().mean(dim=1).numpy()
    out = np.zeros(x.shape)
    for j, present in itertools.product(range(d), worth):
        if j not in present:
            weight = math.factorial(len(present)) * math.factorial(d - len(present) - 1) / math.factorial(d)
            out[:, j] += weight * (worth[tuple(sorted((*present, j)))] - worth[present])
    return out


def relative_error(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)
