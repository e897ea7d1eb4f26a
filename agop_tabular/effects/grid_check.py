"""Axes along which gradients do not add up to what the scores do from one grid point to the next.

Effects are integrated from gradients. Where the score does something that its gradients at the grid points do not show,
such as a step, a steep stretch beside a value that many rows share, wide stretches with few rows, or a part of the
network that is cut off from the gradient, the scores themselves have to be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.shuffling import shuffled_values

POINTS = 2**12
"""Rows whose gradients are taken for the check of all axes together: a sixteenth of those that effects are gathered
on. In a wide table the most important axes are checked."""

NUMBERS = 2**22
"""Numbers in these rows together, so that wide tables get fewer of them."""

MOST_ROWS = 16
"""Rows that are moved along an axis, at most; what they disclose they disclose in a few."""

LEAST = 0.1
"""Standard deviations of a score by which integrated gradients must miss it at a grid point. Smooth networks on
development seeds miss it by .07 at most, most of them by less than .04; Credit Default's payments by up to .14."""


Gradients = Callable[[Tensor], Iterable[Tensor]]
"""Maps rows (b, p) to the gradients of each score, (b, p)."""


def axes_missed_by_gradients(
    axes: tuple[Axis, ...],
    importance: Tensor,
    rows: Tensor,
    column_of: Tensor,
    scores: Scores,
    gradients: Gradients,
    generator: torch.Generator,
) -> list[int]:
    """Numbers of the axes along which scores have to be compared.

    Parameters
    ----------
    axes : tuple of Axis
    importance : Tensor of shape (n_axes,)
        The most important are checked where not all can be.
    rows : Tensor of shape (m, p)
        Training rows; the columns of the rows that are moved are drawn from them one by one.
    column_of : Tensor of int, shape (p,)
    scores, gradients : callable
        Of rows (b, p): scores (b, C), and the gradients of each of them, (b, p).
    generator : torch.Generator
    """
    order = importance.argsort(descending=True, stable=True).tolist()
    wanted = [i for i in order if axes[i].compared_at is None]
    budget = min(POINTS, NUMBERS // max(1, rows.shape[1]))
    n_rows = min(MOST_ROWS, max(1, budget // max(1, sum(axes[i].n_bins for i in wanted))))
    n_moved = n_rows * torch.tensor([axes[i].n_bins for i in wanted], dtype=torch.long).cumsum(0)
    wanted = wanted[: int((n_moved <= budget).sum())]
    if not wanted:
        return []
    few = scores(shuffled_values(rows, column_of, max(MOST_ROWS, budget // 8), generator))
    spread = few.double().std(dim=0, correction=0).cpu().clamp_min(NEVER_ZERO)
    drawn = torch.split(shuffled_values(rows, column_of, n_rows * len(wanted), generator), n_rows)
    moved = [_moved(axes[i], x) for i, x in zip(wanted, drawn, strict=True)]
    sizes = [len(x) for x in moved]
    x = torch.cat(moved)
    s = torch.split(scores(x).double().cpu(), sizes)
    most = max(len(axes[i].coordinates) for i in wanted)
    own = torch.cat([_padded(axes[i].coordinates, most).expand(n, -1) for i, n in zip(wanted, sizes, strict=True)])
    along = torch.cat([_padded(axes[i].tangents, most).repeat_interleave(n_rows, dim=0) for i in wanted])
    own, along = own.to(x.device), along.to(x.device, x.dtype)
    slope = torch.stack([(g.gather(1, own) * along).sum(dim=1) for g in gradients(x)], dim=1)
    slopes = torch.split(slope.double().cpu(), sizes)
    return [
        i
        for i, values, slope in zip(wanted, s, slopes, strict=True)
        if (_largest_miss(axes[i], values, slope) > LEAST * spread).any()
    ]


def _moved(axis: Axis, rows: Tensor) -> Tensor:
    """Rows (n, p) at every grid point of an axis, (k * n, p), one grid point after the other."""
    x = rows.repeat(axis.n_bins, 1, 1)
    x[:, :, axis.coordinates.to(x.device)] = axis.grid[:, None].to(x.device, x.dtype)
    return x.flatten(0, 1)


def _padded(each: Tensor, m: int) -> Tensor:
    """Something (..., k) of the k coordinates of an axis, with zeros for those that it has fewer than m, (..., m)."""
    return torch.nn.functional.pad(each, (0, m - each.shape[-1]))


def _largest_miss(axis: Axis, scores: Tensor, slopes: Tensor) -> Tensor:
    """Largest root mean square over rows, at any grid point, of scores minus integrated slopes (k * n, C), (C,)."""
    s, slope = (t.reshape(axis.n_bins, -1, t.shape[1]) for t in (scores, slopes))
    integrated = 0.5 * (slope[1:] + slope[:-1]) * axis.nodes.diff()[:, None, None]
    missed = torch.cat((torch.zeros_like(s[:1]), (s.diff(dim=0) - integrated).cumsum(dim=0)))
    # Effects are known up to a constant, so the miss counts from the grid point in the middle of the rows.
    middle = min(int(torch.searchsorted(axis.share.cumsum(0), 0.5)), axis.n_bins - 1)
    return (missed - missed[middle]).square().mean(dim=1).sqrt().amax(dim=0)
