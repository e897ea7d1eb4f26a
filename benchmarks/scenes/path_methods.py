"""Integrated gradients along paths that are not straight: Guided IG and Spectral IG.

Both are written from their definitions; tests compare them with slow computations of these. Captum has neither.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Gradient = Callable[[Tensor], Tensor]
"""Maps images (b, channels, height, width) to the gradients of their explained scores, of the same shape."""

STEPS = 200
"""Points of a path, of both methods' authors."""

FRACTION, SPREAD = 0.25, 0.02
"""Guided IG: share of the coordinates that move in a step, and how far each may be from the straight path, as a share
of its way; the defaults of its authors' code (PAIR's saliency library)."""

CLOSE = 1e-9
"""Distances that differ by less, in shares of the whole, count as equal; the same code's."""

OVERLAP = 0.4
"""Spectral IG: share of the path in which one component is switched on; the authors' configuration of ImageNet."""


def guided_ig(
    gradient: Gradient,
    x: Tensor,
    start: Tensor,
    *,
    steps: int = STEPS,
    fraction: float = FRACTION,
    spread: float = SPREAD,
) -> Tensor:
    """Guided Integrated Gradients (Kapishnikov and others, 2021).

    In each step the distance to the image in L1 falls by one part in ``steps``, and only the coordinates with the
    smallest gradients move, none of them farther than ``spread`` from where it would be on the straight path.

    Parameters
    ----------
    gradient : callable
    x : Tensor of shape (b, channels, height, width)
    start : Tensor of shape (channels, height, width)
    steps : int
    fraction : float
    spread : float
        0 for the straight path: Integrated Gradients by a sum of gradients at the beginnings of steps.

    Returns
    -------
    Tensor of shape (b, channels, height, width), float64
    """
    way = (x - start).flatten(1).double()
    length = way.abs()
    done = torch.zeros_like(way)  # of each coordinate's way, 0 to 1
    out = torch.zeros_like(way)
    for step in range(1, steps + 1):
        point = start + (done * way).reshape(x.shape).to(x.dtype)
        g = gradient(point).flatten(1).double()
        moved = _guided_step(done, length, g.abs(), step / steps, fraction, spread)
        out += (moved - done) * way * g
        done = moved
    return out.reshape(x.shape)


def _guided_step(done: Tensor, length: Tensor, size: Tensor, goal: float, fraction: float, spread: float) -> Tensor:
    """Shares of their way (b, p) that coordinates have gone after a step; ``size`` is that of their gradients."""
    least, most = max(goal - spread, 0.0), min(goal + spread, 1.0)
    total = length.sum(dim=1, keepdim=True)
    wanted = total * (1 - goal)
    done = done.clamp_min(least)  # those that are left behind come along
    k = int(fraction * (length.shape[1] - 1)) + 1
    while True:
        left = (length * (1 - done)).sum(dim=1, keepdim=True)
        going = left - wanted > CLOSE * total.clamp_min(CLOSE)
        if not going.any():
            return done
        size = torch.where((done >= most) | (length == 0), torch.inf, size)
        chosen = (size <= size.kthvalue(k, dim=1, keepdim=True).values) & size.isfinite() & going
        room = (chosen * length * (most - done)).sum(dim=1, keepdim=True)
        share = torch.where(room > 0, (left - wanted) / room, torch.inf)
        # All of them together may not be enough: then they go as far as they may, and the next smallest follow.
        enough = share <= 1
        done = torch.where(chosen, torch.where(enough, done + share.clamp(max=1) * (most - done), most), done)


def spectral_ig(
    gradient: Gradient, x: Tensor, start: Tensor, *, steps: int = STEPS, overlap: float = OVERLAP
) -> Tensor:
    """Spectral Integrated Gradients (arXiv 2605.19607), by singular values of each channel.

    The difference from the start is split into its singular components; component k, of relative size r_k = s_k / s_1,
    is switched on between a = (1 - overlap) · (1 - r_k) and ``overlap`` later, so that large ones come first.

    Parameters
    ----------
    gradient : callable
    x : Tensor of shape (b, channels, height, width)
    start : Tensor of shape (channels, height, width)
    steps : int
        Points of the path, both ends among them.
    overlap : float
        1 for the straight path: Integrated Gradients by a sum of gradients at the beginnings of steps.

    Returns
    -------
    Tensor of shape (b, channels, height, width), float64
    """
    left, values, right = torch.linalg.svd((x - start).double(), full_matrices=False)
    relative = values / values[..., :1].clamp_min(torch.finfo(values.dtype).tiny)
    on_at = (1 - overlap) * (1 - relative)
    out = torch.zeros_like(x, dtype=torch.float64)
    here = torch.zeros_like(out)
    for step in range(1, steps):
        on = ((step / (steps - 1) - on_at) / overlap).clamp(0, 1)
        there = (left * (values * on)[..., None, :]) @ right
        g = gradient(start + here.to(x.dtype)).double()
        out += (there - here) * g
        here = there
    return out
