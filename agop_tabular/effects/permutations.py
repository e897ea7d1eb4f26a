"""What columns add to the scores when they join one after the other: the samples whose means are Shapley values."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores

MAX_ROWS, MAX_NUMBERS = 2**14, 2**24
"""Limits of one call of the network, in rows and in numbers: large enough to keep it busy, small enough that what a
layer puts out stays in a processor's caches, and no more than 67 MB in float32, whatever the number of coordinates."""


def rows_at_a_time(p: int) -> int:
    """Rows of p coordinates that are passed to the network in one call."""
    return max(1, min(MAX_ROWS, MAX_NUMBERS // max(1, p)))


def pairs_at_a_time(b: int, p: int, d: int) -> int:
    """Permutations, with their reverses, of d columns of each of b rows that one call of the network can take."""
    return max(1, rows_at_a_time(p) // (2 * (d + 1) * b))


@torch.no_grad()
def permutation_gains(scores: Scores, x: Tensor, absent: Tensor, orders: Tensor, column_of: Tensor) -> Tensor:
    """Compute what each column adds to the scores when columns of x replace those of another row one by one.

    This is done in the given orders and in their reverses.

    Parameters
    ----------
    scores : callable
        Maps coordinates (m, p) to scores (m, C).
    x : Tensor of shape (b, p)
    absent : Tensor of shape (n, p), or (b, n, p)
        For each order, the row that supplies the columns that have not joined yet.
    orders : Tensor of int, shape (n, d), or (b, n, d)
        Permutations of the columns, the same for every row of x, or its own.
    column_of : Tensor of int, shape (p,), or (b, p)
        The column of each coordinate, the same for every row of x, or its own; a coordinate of none, -1, joins with the
        first column.

    Returns
    -------
    Tensor of shape (b, n, 2, d, C), float64, on the CPU
        By row, order, direction (given, reversed), column and score.
    """
    (b, p), (n, d) = x.shape, orders.shape[-2:]
    step = pairs_at_a_time(b, p, d)
    if step < n:
        parts = [
            permutation_gains(scores, x, absent[..., i : i + step, :], orders[..., i : i + step, :], column_of)
            for i in range(0, n, step)
        ]
        return torch.cat(parts, dim=1)
    if orders.ndim == 2:
        absent, orders = absent[None], orders[None]
    place = torch.empty_like(orders).scatter_(2, orders, torch.arange(d).expand_as(orders))  # of each in its order
    both = []
    for joins_at in (place, d - 1 - place):
        # Row k of the d + 1 has the first k columns of the order from x, so its difference to row k + 1 is the gain of
        # the column that joins at k.
        present = torch.arange(d + 1)[:, None] > joins_at[:, :, None, :]  # (1 or b, n, d + 1, d)
        present = _of_coordinates(present, column_of.clamp_min(0)).to(x.device)
        hybrid = torch.where(present, x[:, None, None], absent[:, :, None])
        gains = scores(hybrid.reshape(-1, p)).double().cpu().reshape(b, n, d + 1, -1).diff(dim=2)
        both.append(gains.gather(2, joins_at[..., None].expand(gains.shape)))
    return torch.stack(both, dim=2)


def _of_coordinates(present: Tensor, column_of: Tensor) -> Tensor:
    """Which coordinates are present, (1 or b, n, k, p), from columns (1 or b, n, k, d)."""
    if column_of.ndim == 1:
        return present[..., column_of]
    b, n, k = len(column_of), *present.shape[1:3]
    return present.expand(b, -1, -1, -1).gather(3, column_of[:, None, None].expand(b, n, k, -1))
