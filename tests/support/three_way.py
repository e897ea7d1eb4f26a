"""Scores with an effect of three columns, which tables of pairs leave out, and their Shapley values by brute force."""

import itertools
import math

import torch

D = 4
COLUMNS = torch.tensor([0, 1, 2, 3, 3])


def scores(x):
    """Pairs, and a product of three columns that no table holds; the last column has two coordinates."""
    a, b, c, s, t = x.unbind(1)
    return torch.stack((a * b + torch.sin(2 * c) + a * c * s, s * t + b * s, 0 * a), dim=1)


def table(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g, dtype=torch.float64)
    return torch.cat((x, (x[:, 3:] ** 2 - 1) / 2), dim=1)


def brute_force(f, x, background):
    """Interventional Shapley values by all coalitions, (b, D, C)."""
    values = {}
    for size in range(D + 1):
        for present in itertools.combinations(range(D), size):
            inside = torch.isin(COLUMNS, torch.tensor(present, dtype=torch.long))
            hybrid = torch.where(inside, x[:, None], background[None])
            values[present] = f(hybrid.reshape(-1, 5)).reshape(len(x), len(background), -1).mean(dim=1)
    out = torch.zeros(len(x), D, values[()].shape[1], dtype=torch.float64)
    for j in range(D):
        for present in values:
            if j not in present:
                weight = math.factorial(len(present)) * math.factorial(D - len(present) - 1) / math.factorial(D)
                out[:, j] += weight * (values[tuple(sorted((*present, j)))] - values[present])
    return out
