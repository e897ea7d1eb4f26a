"""Values far outside the training rows, where no effect is known: the network is asked what they do.

A main effect continues with its last slope, which is right near the training rows and may be wrong by any factor far
from them. So there a value is looked up at a bound, and its column is credited with the change of the score from the
bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.curve_axes import HARDLY_ANY

FAR = 1.0
"""A value is far if it lies beyond the outermost grid points by more than this times their distance."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """Where each coordinate begins to be far.

    Attributes
    ----------
    lower, upper : Tensor of shape (p,)
        Infinite for coordinates that are no numbers.
    column_of : Tensor of int, shape (p,)
    """

    lower: Tensor
    upper: Tensor
    column_of: Tensor

    @classmethod
    def of(cls, axes: tuple[Axis, ...], column_of: Tensor, device: torch.device, dtype: torch.dtype) -> Bounds:
        """From the grid points of the axes; ``column_of`` (p,) has the column of each coordinate."""
        upper = torch.full((len(column_of),), torch.inf, dtype=torch.float64)
        lower = -upper
        for axis in axes:
            if axis.states is None:
                first, last = torch.aminmax(axis.grid[axis.share > HARDLY_ANY], dim=0)
                lower[axis.coordinates] = first - FAR * (last - first)
                upper[axis.coordinates] = last + FAR * (last - first)
        return cls(lower.to(device, dtype), upper.to(device, dtype), column_of.to(device))

    def has_far(self, x: Tensor) -> bool:
        """Whether any value of rows (b, p) is far."""
        return not torch.equal(self.clamped(x), x)  # a tenth of the time that a minimum over rows takes

    def changes(self, scores: Scores, x: Tensor, s: Tensor, n_columns: int) -> Tensor:
        """What far values change in the scores, as seen from the bounds, (b, n_columns, C).

        Parameters
        ----------
        scores : callable
            Maps coordinates (b, p) to scores (b, C).
        x : Tensor of shape (b, p)
        s : Tensor of shape (b, C)
            Their scores.
        n_columns : int
        """
        out = torch.zeros(len(x), n_columns, s.shape[1], device=s.device, dtype=s.dtype)
        far = (x < self.lower) | (x > self.upper)
        for j in torch.unique(self.column_of[far.any(dim=0)]).tolist():
            own = self.column_of == j
            rows = torch.nonzero(far[:, own].any(dim=1)).flatten()
            moved = torch.where(own, self.clamped(x[rows]), x[rows])
            out[rows, j] = s[rows] - scores(moved)
        return out

    def clamped(self, x: Tensor) -> Tensor:
        """Rows (b, p) with far values at the bounds."""
        return torch.clamp(x, self.lower, self.upper)
