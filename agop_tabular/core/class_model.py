"""The input that a network scores highest for a class, by gradient ascent from the mean of the training rows."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores, score_gradient

STEP = 0.1
"""Share of the way to where the present gradient points that an ascent moves at a time: after 200 steps a linear score
is as near to its maximum as single precision shows (0.9²⁰⁰ = 7e-10), and kinks of a ReLU network are averaged over."""


def class_model(
    scores: Scores,
    targets: Tensor,
    start: Tensor,
    scale: Tensor,
    *,
    radius: float,
    penalty: float | None = None,
    n_steps: int = 200,
) -> Tensor:
    """Maximise the score of each target, by gradient ascent from one row (Simonyan and others, 2014).

    With z the distance from the start in units of the scale, ``score - penalty · ‖z‖²`` is maximised. Without a penalty
    the score is maximised where ``‖z‖ <= radius``, which is what a penalty of ``‖gradient‖ / (2 · radius)`` does at the
    maximum, so that no number has to be guessed that depends on how large scores are.

    Parameters
    ----------
    scores : callable
        Maps (b, p) to (b, C), row by row.
    targets : Tensor of int, shape (k,)
    start : Tensor of shape (p,)
    scale : Tensor of shape (p,)
        Coordinates where it is 0 stay as they are.
    radius : float
    penalty : float, optional
    n_steps : int

    Returns
    -------
    Tensor of shape (k, p)
        Of all rows that the ascent came by, those with the highest value.
    """
    z = torch.zeros(len(targets), len(start), dtype=start.dtype, device=start.device)
    best, highest = z.clone(), torch.full((len(z),), -torch.inf, dtype=z.dtype, device=z.device)
    for _ in range(n_steps + 1):
        gradient, _, s = score_gradient(scores, start + scale * z, lambda _: targets)
        value = s.gather(1, targets[:, None])[:, 0]
        value = value if penalty is None else value - penalty * z.square().sum(dim=1)
        higher = value > highest
        best[higher], highest[higher] = z[higher], value[higher]
        gradient = scale * gradient
        size = gradient.norm(dim=1, keepdim=True)
        goal = gradient / (2 * penalty) if penalty is not None else gradient * (radius / size.clamp_min(1e-30))
        z = z + STEP * (goal - z)
    return start + scale * best
