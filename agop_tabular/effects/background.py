"""Where the rows that attributions are differences from lie on the axes.

Effects have mean zero over the marginal distributions of the training rows. Attributions are differences from
background rows, the training rows or others, in which columns may depend on each other. The pair effect of two axes, a
product of their factors u and v with means ū and v̄ over the background rows, is ``(u-ū)(v-v̄) + ū v + v̄ u - ū v̄``: a
pair effect centred over these rows, and additions to the main effects. So other background rows take the same tables
with other means, and nothing of the network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agop_tabular.effects.axis import Axis
from agop_tabular.effects.tables import Effects, group_nodes, interpolate


@dataclass(frozen=True, eq=False)
class Background:
    """Mean weights, over background rows, of the points between which the factors of each axis are linear.

    Attributes
    ----------
    weights : tuple of Tensor of shape (k,)
        For each axis that interacts, of the mean keys of its groups, or of its states; their sum is 1. For the others
        there are none.
    """

    weights: tuple[Tensor, ...]

    @classmethod
    def of(cls, effects: Effects, x: Tensor) -> Background:
        """From background rows (m, p)."""
        x, none = x.cpu(), torch.zeros(0, dtype=torch.float64)
        interacting = set(effects.interacting)
        return cls(tuple(_weights(axis, x) if i in interacting else none for i, axis in enumerate(effects.axes)))

    def centred(self, effects: Effects) -> Effects:
        """The same effects, with pair effects of mean zero over the background rows."""
        means = torch.zeros(len(effects.axes), *effects.signs.shape, dtype=torch.float64)
        for i in effects.interacting:
            axis = effects.axes[i]
            points = axis.nodes if axis.states is not None else group_nodes(axis)
            at_points = interpolate(points, effects.knots[i], effects.factors[i])
            means[i] = torch.einsum("k,ckr->cr", self.weights[i], at_points)
        others = (means.sum(dim=0) - means) * effects.signs
        factors = [u - mean[:, None] for u, mean in zip(effects.factors, means, strict=True)]
        return replace(effects, factors=tuple(factors), others=others)


def _weights(axis: Axis, x: Tensor) -> Tensor:
    """Mean weights of an axis's states, or of its groups in the interpolation at rows (m, p)."""
    if axis.states is not None:
        return torch.bincount(axis.bins(x), minlength=axis.n_bins).double() / len(x)
    points, keys = group_nodes(axis), axis.keys(x).contiguous()
    if len(points) == 1:
        return torch.ones(1, dtype=torch.float64)
    k = (torch.searchsorted(points, keys) - 1).clamp(0, len(points) - 2)
    upper = ((keys - points[k]) / (points[k + 1] - points[k])).clamp(0, 1)
    lower = torch.bincount(k, 1 - upper, minlength=len(points))
    return (lower + torch.bincount(k + 1, upper, minlength=len(points))) / len(x)
