"""Axes of states: one-hot blocks, and coordinates of one column that take few combinations of values."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.effects.axis import Axis, most_states

JOINT_STATES = 64
"""Coordinates of one column that take at most this many combinations of values form one axis of states, unless there
are more than FREQUENT and they follow a curve, or have a one-hot block among them. Every state costs evaluations of the
network, and more of them would leave few rows to compare on."""

KEY_GAP = 1e-4
"""Least distance between the keys of two states, as a share of the range of all keys. Numerical: well above the
rounding of a key in float32, which would otherwise put rows into a neighbouring state."""

FREQUENT = 16
"""Levels of an axis that have pair effects of their own; rarer ones share one group. It keeps a category of many levels
from filling the matrix of pair effects, and rare levels have too few rows for cells of their own."""

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""Tolerances when an indicator is compared with its values for on and off: float32 rounding after a scaler."""


def is_one_hot(rows: Tensor, coordinates: Tensor, low: Tensor, high: Tensor) -> bool:
    """Whether every one of these m coordinates of rows (n, p) is on or off, and at most one of a row is on."""
    x, low, high = rows[:, coordinates].double(), low.double(), high.double()
    off, on = (torch.isclose(x, value, rtol=RELATIVE, atol=ABSOLUTE) for value in (low, high))
    return bool((off | on).all()) and bool((on.sum(dim=1) <= 1).all())


def block_axis(rows: Tensor, coordinates: Tensor, low: Tensor, high: Tensor) -> Axis:
    """Axis of a one-hot block: a state for each level, and one for a row without any, as new data may have."""
    x, low, high, m = rows[:, coordinates].double(), low.double(), high.double(), len(coordinates)
    states = low.repeat(m + 1, 1)
    states[torch.arange(m) + 1, torch.arange(m)] = high
    # Switching indicator j on moves the key by j + 1, whatever the scaling, so keys of states are one apart.
    direction = torch.arange(1, m + 1, dtype=torch.float64) / (high - low)
    keys, order = (states @ direction).sort()
    edges = (keys[1:] + keys[:-1]) / 2
    place = torch.bucketize((x @ direction).contiguous(), edges, right=True)
    share = torch.bincount(place, minlength=m + 1).double() / len(x)
    return Axis(coordinates, direction, edges, keys, _state_groups(share), states[order], share)


def joint_axis(rows: Tensor, coordinates: Tensor) -> Axis | None:
    """Axis with a state for each combination of values; None if there are too many, or their keys are too close."""
    x = rows[:, coordinates].double()
    if len(torch.unique(x[:, 0])) > JOINT_STATES:  # cheaper than sorting whole rows, and decides most columns
        return None
    states, place = torch.unique(x, dim=0, return_inverse=True)
    if not 1 < len(states) <= most_states(JOINT_STATES, len(rows)):
        return None
    # A fixed projection tells the states apart: square roots of distinct numbers, so that differences between two
    # states in several coordinates do not cancel, in units of each coordinate's standard deviation.
    deviation = x.std(dim=0, unbiased=False)
    weights = torch.linspace(1.0, 2.0, len(coordinates), dtype=torch.float64).sqrt()
    direction = torch.where(deviation > 0, weights / deviation.clamp_min(torch.finfo(torch.float64).tiny), 0.0)
    keys, order = (states @ direction).sort()
    if keys.diff().min() <= KEY_GAP * (keys[-1] - keys[0]):
        return None
    share = (torch.bincount(place, minlength=len(states)).double() / len(rows))[order]
    edges = (keys[1:] + keys[:-1]) / 2
    return Axis(coordinates, direction, edges, keys, _state_groups(share), states[order], share)


def _state_groups(share: Tensor) -> Tensor:
    """Group of each state in pair effects: frequent ones have their own, all others share the last."""
    if len(share) <= FREQUENT:
        return torch.arange(len(share))
    groups = torch.full((len(share),), FREQUENT)
    groups[share.argsort(descending=True, stable=True)[:FREQUENT]] = torch.arange(FREQUENT)
    return groups
