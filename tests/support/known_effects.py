"""A table of independent columns, scores whose effects are known, and the sums over its shuffled rows."""

from functools import partial

import torch

from agop_tabular.core.gradients import class_gradients
from agop_tabular.core.states import scores_in_states
from agop_tabular.effects.shuffling import shuffled

BLOCK = (torch.tensor([4, 5, 6]), torch.zeros(3), torch.ones(3))
COLUMNS = torch.tensor([0, 1, 2, 3, 4, 4, 4])
SLOPES = torch.tensor([0.0, 1.0, -2.0], dtype=torch.float64)


def table(n=4000, seed=0):
    """Four numeric columns, the last heavy-tailed, and a category of three levels."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g, dtype=torch.float64)
    x[:, 3] = x[:, 3].exp()
    level = torch.multinomial(torch.tensor([0.6, 0.3, 0.1]), n, replacement=True, generator=g)
    return torch.cat((x, torch.eye(3, dtype=torch.float64)[level]), dim=1)


def scores(x):
    """Main effects, a product, a category that changes a slope, and none."""
    a, b, c, t = x[:, 0], x[:, 1], x[:, 2], x[:, 3]
    slope = x[:, 4:] @ SLOPES.to(x.dtype)
    return torch.stack((torch.sin(2 * a) + 0.1 * t, 2 * a * b, slope * c + b, 0 * a), dim=1)


def shapley(x, B):
    """Interventional Shapley values under independent columns, by hand: (n, 5, 4)."""
    out = torch.zeros(len(x), 5, 4, dtype=x.dtype)
    slope, means = x[:, 4:] @ SLOPES, B.mean(0)
    out[:, 0, 0] = torch.sin(2 * x[:, 0]) - torch.sin(2 * B[:, 0]).mean()
    out[:, 3, 0] = 0.1 * (x[:, 3] - means[3])

    def product(u, v, mu, mv):
        return 0.5 * ((u - mu) * v + (u - mu) * mv), 0.5 * ((v - mv) * u + (v - mv) * mu)

    first, second = product(x[:, 0], x[:, 1], means[0], means[1])
    out[:, 0, 1], out[:, 1, 1] = 2 * first, 2 * second
    out[:, 4, 2], out[:, 2, 2] = product(slope, x[:, 2], (B[:, 4:] @ SLOPES).mean(), means[2])
    out[:, 1, 2] = x[:, 1] - means[1]
    return out


def add_shuffled(sums, rows, n, batch_size=5000, seed=0):
    """Add n shuffled rows to the sums."""
    generator = torch.Generator().manual_seed(seed)
    for x, oversampled in shuffled(rows, sums.axes, COLUMNS, n, batch_size, generator):
        sums.update(partial(scores_in_states, scores), x, class_gradients(scores, x), oversampled)


def axis_of_column(effects_or_sums, column):
    """Number of the axis that a column of `shapley` has."""
    first = [int(axis.coordinates[0]) for axis in effects_or_sums.axes]
    return sorted(range(len(first)), key=first.__getitem__)[column]
