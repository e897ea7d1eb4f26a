"""Gaps: wide stretches of the values of a column without rows, such as next to a code for missing values."""

from __future__ import annotations

import torch
from torch import Tensor

GAP = 2.0
"""A stretch without rows is a gap if it is longer than this times the spread of the rows next to it. Codes for missing
values such as -999 leave one; skewed and heavy-tailed columns do not (tests/effects/test_numeric_axes.py)."""

NEXT_TO_GAP = 0.1
"""Share of the rows, on either side of a stretch, that are next to it."""

FEWEST_NEXT = 4
"""Rows that these are at least, since one or two have hardly a spread."""

BEYOND_GAP = 0.002
"""Share of the rows that must lie on either side of a gap, so that a single outlier makes none."""


def gaps_of(values: Tensor, counts: Tensor) -> Tensor:
    """Middle of each wide stretch without rows, from distinct values, ascending, and the rows that have each."""
    line = torch.repeat_interleave(values, counts)
    return ((line[1:] + line[:-1]) / 2)[wide_stretches(line[None])[0]]


def wide_stretches(values: Tensor) -> Tensor:
    """Whether there is a gap after each of sorted values (k, n) but the last one, (k, n - 1)."""
    n = values.shape[1]
    below = torch.arange(1, n)
    # The spread of the rows next to the stretch, on either side of it: that of all rows would contain the stretch.
    near = max(FEWEST_NEXT, round(NEXT_TO_GAP * n))
    first = values[:, (below - near).clamp_min(0)]
    last = values[:, (below + near).clamp_max(n) - 1]
    spread = torch.maximum(values[:, :-1] - first, last - values[:, 1:])
    wide = values.diff(dim=1) > GAP * spread
    return wide & (below > BEYOND_GAP * n) & (below < (1 - BEYOND_GAP) * n)
