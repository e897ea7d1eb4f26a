"""Whether the gradients that a network gives are those of its scores."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.core.warning import warn_user
from agop_tabular.models.explained_model import ExplainedModel

ROWS = 32
"""Rows that are moved a little, at most."""

STEP = 1e-3
"""By how many standard deviations: far less would drown in the rounding of float32, and more would meet kinks."""

LARGEST_ROUNDING = 0.05
"""Share of a score's change that may be rounding, so that the comparison means something."""

LARGEST_DIFFERENCE = 0.3
"""Relative difference of which nothing is said. Networks of kinked activations have up to a few hundredths, one that
cuts half of what it does off from the gradient has a half."""


def warn_of_false_gradients(model: ExplainedModel, scale: Tensor, most_rows: int = ROWS) -> None:
    """Warn where small moves of the rows do not change the scores as the gradients say.

    Parameters
    ----------
    model : ExplainedModel
        With rows to try it on.
    scale : Tensor of shape (p,)
        Standard deviation of each coordinate.
    most_rows : int
        That the network is given at a time.
    """
    x = model.probe
    if x is None or x.dtype not in (torch.float32, torch.float64):
        return
    x = x[: min(ROWS, most_rows)]
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    move = STEP * direction.to(x) * scale.to(x)
    with evaluating(model.network.module):
        with torch.no_grad():
            after, before = model.scores(x + move), model.scores(x - move)
        gradients = torch.stack([(g * move).sum(dim=1) for g in model.gradients(x)], dim=1)
    change, expected = (after - before).double().cpu(), 2 * gradients.double().cpu()
    rounding = torch.finfo(after.dtype).eps * float(after.double().norm())
    if rounding > LARGEST_ROUNDING * float(change.norm()):
        return
    difference = float((change - expected).norm() / change.norm().clamp_min(NEVER_ZERO))
    if difference > LARGEST_DIFFERENCE:
        warn_user(
            f"The network's gradients are not those of its scores: by small moves of {len(x)} rows they differ by "
            f"{difference:.0%}. A part of it is cut off from the gradient, changes it on the way back (detach, a hook, "
            "a backward of its own), or is made of steps (isotonic calibration). Attributions by gradients show what "
            'is left; method="agop" compares scores.'
        )
