"""Stretches of an axis in which the training rows have values: what lies between and beyond them is not known."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.axis import ROWS_PER_STATE

FAR = 0.25
"""A stretch without rows is wide if it is longer than this times the spread of the values, and so is what lies beyond
the outermost of them by as much. Chosen on development networks: farther out errors of the last slope are twice those
of other rows (up to .45 against .16), and of normal values hardly any is as far."""

STEP = 0.1
"""The same of values that rows share, as whole numbers are, which may be codes: a step to one that no row has is far
if there are about ten of them or fewer."""

SPARSE = 8.0
"""Of few values no stretch is wide that is shorter than this times the mean distance of two."""

CENTRAL = (0.05, 0.95)
"""Quantiles of the distinct values that their spread is the distance of, so that one far out widens nothing."""

ROUNDING = 1e-6
"""By which a number may differ from the same in another batch, as a share of the spread."""


def stretches_of(values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Find the stretches of distinct values (k,), ascending, that so many rows have each.

    Returns
    -------
    reach : Tensor of shape (2s,)
        Where each stretch begins and ends, ascending; what lies between its begin and its end is known.
    places : Tensor of int, shape (2s,)
        Of the values that it begins and ends with.
    """
    first, last = torch.quantile(values, values.new_tensor(CENTRAL))
    spread = last - first
    shared = counts.sum() >= ROWS_PER_STATE * len(values)
    wide = (STEP if shared else max(FAR, SPARSE / len(values))) * spread
    after = torch.nonzero(values.diff() > wide).flatten()
    places = torch.cat((after.new_zeros(1), torch.stack((after, after + 1), dim=1).flatten(), after.new_tensor([-1])))
    places = places.remainder(len(values))
    reach = values[places]
    slack = torch.full_like(reach, float(ROUNDING * spread))
    slack[[0, -1]] = wide
    slack[::2] *= -1
    return reach + slack, places
