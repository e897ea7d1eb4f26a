"""Gradients of one score averaged over noise around a row, or along the path to it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from torch import Tensor

from agop_tabular.core.gradients import Scores, score_gradient


def smoothed_gradient(scores: Scores, x: Tensor, target: Tensor, noise: Tensor) -> Tensor:
    """Mean gradient over noisy copies of each row (SmoothGrad; Smilkov and others, 2017); not multiplied by the input.

    Parameters
    ----------
    scores : callable
        Maps (b, p) to (b, C), row by row.
    x : Tensor of shape (b, p)
    target : Tensor of int, shape (b,)
    noise : Tensor of shape (k, p)
        Added to every row, one after the other; the same for all rows, so that batch sizes do not change the result.

    Returns
    -------
    Tensor of shape (b, p)
    """
    return _mean(scores, (x + shift for shift in noise), target, [1 / len(noise)] * len(noise))


def path_gradient(scores: Scores, x: Tensor, target: Tensor, start: Tensor, n_steps: int) -> Tensor:
    """Mean gradient along the straight path to each row, by Gauss-Legendre quadrature.

    Times ``x - start`` it is Integrated Gradients (Sundararajan and others, 2017).

    Parameters
    ----------
    scores, x, target : as in :func:`smoothed_gradient`
    start : Tensor of shape (p,)
    n_steps : int

    Returns
    -------
    Tensor of shape (b, p)
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    points = (start + (1 + node) / 2 * (x - start) for node in nodes.tolist())
    return _mean(scores, points, target, (weights / 2).tolist())


def _mean(scores: Scores, points: Iterable[Tensor], target: Tensor, weights: list[float]) -> Tensor:
    total = None
    for point, weight in zip(points, weights, strict=True):
        # Not in place: torch may return one number for all pixels, as the gradient of their sum.
        gradient = score_gradient(scores, point, lambda _: target)[0] * weight
        total = gradient if total is None else total.add_(gradient)
    assert total is not None
    return total
