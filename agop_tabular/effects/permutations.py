"""What columns add to the scores when they join one after the other: the samples that Shapley values are means of."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores

EVALUATED, NUMBERS = 2**17, 2**24
"""Rows that the network scores at a time, and numbers in them."""


def rows_at_a_time(p: int) -> int:
    """Rows of p coordinates that are scored at a time."""
    return max(1, min(EVALUATED, NUMBERS // max(1, p)))


@torch.no_grad()
def permutation_gains(scores: Scores, x: Tensor, absent: Tensor, orders: Tensor, column_of: Tensor) -> Tensor:
    """Gains of the columns of rows when they take the place of another row's, in an order and in its reverse.

    Parameters
    ----------
    scores : callable
        Maps coordinates (m, p) to scores (m, C).
    x : Tensor of shape (b, p)
    absent : Tensor of shape (n, p)
        The row that columns are taken from before they join, one for each order.
    orders : Tensor of int, shape (n, d)
    column_of : Tensor of int, shape (p,)
        The column of each coordinate; -1 joins with the first.

    Returns
    -------
    Tensor of shape (b, n, 2, d, C), float64, on the CPU
    """
    (b, p), (n, d) = x.shape, orders.shape
    step = max(1, rows_at_a_time(p) // (2 * (d + 1) * b))
    if step < n:
        parts = [
            permutation_gains(scores, x, absent[i : i + step], orders[i : i + step], column_of)
            for i in range(0, n, step)
        ]
        return torch.cat(parts, dim=1)
    place = torch.empty_like(orders).scatter_(1, orders, torch.arange(d).expand(n, d))
    both = []
    for joined in (place, d - 1 - place):
        present = torch.arange(d + 1)[None, :, None] > joined[:, None, :]  # (n, d + 1, d)
        present = present[..., column_of.clamp_min(0)].to(x.device)
        hybrid = torch.where(present, x[:, None, None], absent[:, None])
        gains = scores(hybrid.reshape(-1, p)).double().cpu().reshape(b, n, d + 1, -1).diff(dim=2)
        both.append(gains.gather(2, joined[None, :, :, None].expand(gains.shape)))
    return torch.stack(both, dim=2)
