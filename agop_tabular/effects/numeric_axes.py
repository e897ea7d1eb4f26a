"""Axes of numeric coordinates: bins of about equally many rows, and the groups of bins that stand for them in pairs.

Constants without another reason here were chosen on development seeds, trading error against the time of a fit; see
docs/ablation.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from agop_tabular.effects.axis import SMALLEST_RANGE, Axis, most_states
from agop_tabular.effects.gaps import gaps_of, wide_stretches
from agop_tabular.effects.stretches import stretches_of

BINS = 24
"""Bins of a numeric axis, of equally many rows. Twice as many, with more groups and four times the rows, lowered the
error by 0 to 11% and took four times as long to fit (docs/ablation.md)."""

TAILS = (0.002, 0.005, 0.01, 0.02)
"""Quantiles at which the first bin is cut further, and the last one likewise: a long tail spreads few rows far, where
one mean gradient for the whole bin would be too coarse."""

GROUP_EDGES = {
    24: (0.01, 0.2, 0.4, 0.6, 0.8, 0.99),
    128: (0.05, 0.5, 0.95),
    math.inf: (0.1, 0.9),
}
"""Quantiles between the groups of neighbouring bins that stand for a numeric axis in pair effects, by the most axes
that a table with such groups has. Outer groups are small, so that outliers do not shape the others. The more axes, the
more pairs, over which as many shuffled rows are spread: then few groups, whose effects have less noise, leave less of
the scores than many do. Chosen on development networks: with 30, 61 and 100 columns seven groups were 2%, 18% and 7%
further off than four, with 12 to 20 columns four were up to 40% further off than seven; with 200 four were as far off
as three, which cost less, and seven, of which 146 columns may have some, were 60% further off."""

MOST_GROUPS = 16
"""Groups of a numeric axis at most, those that gaps make counted."""

BINS_A_GROUP = 2.5
"""An axis with no more bins than this for each group has a group for each bin: to merge two values saves little, and
with so few rows one of them may lie far out."""

FEW_VALUES = 12
"""Along a coordinate with at most this many values scores are compared: between so few values gradients say little
about the differences of the score."""


def coordinate_axes(coordinates: Tensor, values: Tensor, group_edges: Sequence[float]) -> Iterable[Axis]:
    """Axes of those coordinates that vary, from their sorted values (k, n); groups lie between these quantiles."""
    n = values.shape[1]
    few = (values.diff(dim=1) > 0).sum(dim=1) < most_states(FEW_VALUES, n)
    most = n // BINS  # more rows of one value would fill a bin alone
    heavy = (values[:, most:] == values[:, : n - most]).any(dim=1)
    edges = _quantiles(values)
    rising = (edges.diff(dim=1) > 0).all(dim=1) & (edges[:, 0] > values[:, 0]) & (edges[:, -1] <= values[:, -1])
    bounds = torch.nn.functional.pad(torch.searchsorted(values, edges.contiguous()), (1, 0))  # the first of each bin
    bounds = torch.nn.functional.pad(bounds, (0, 1), value=n)
    sizes = bounds.diff(dim=1)
    usual = ~few & ~heavy & rising & (sizes > 0).all(dim=1) & ~wide_stretches(values).any(dim=1)
    # Sums over bins are differences of running sums, of values that are near to zero.
    middle = values[:, n // 2, None]
    upto = torch.nn.functional.pad((values - middle).cumsum(dim=1), (1, 0))
    nodes = middle + upto.gather(1, bounds).diff(dim=1) / sizes
    usual &= (nodes.diff(dim=1) > 0).all(dim=1)  # not next to values that are larger by many powers of ten
    share = sizes.double() / n
    groups, one = groups_of(share, group_edges), torch.ones(1, dtype=torch.float64)
    own = (coordinates[:, None], edges, nodes, groups, share, values, usual.tolist(), few.tolist())
    for coordinate, edge, node, group, part, line, is_usual, is_few in zip(*own, strict=True):
        if not line[-1] - line[0] > SMALLEST_RANGE:
            continue
        distinct, counts = torch.unique_consecutive(line, return_counts=True)
        if is_usual:
            reach, places = stretches_of(distinct, counts)
            yield Axis(coordinate, one, edge, node, group, None, part, reach=reach, ends=distinct[places, None])
        elif is_few:
            yield few_valued_axis(coordinate, distinct, counts)
        else:
            yield numeric_axis(coordinate, distinct, counts, group_edges)


def few_valued_axis(coordinate: Tensor, values: Tensor, counts: Tensor) -> Axis:
    """Axis of a numeric coordinate with few values, each of which is a grid point and a group of its own."""
    share = counts.double() / counts.sum()
    edges = (values[1:] + values[:-1]) / 2
    reach, places = stretches_of(values, counts)
    one, groups = torch.ones(1, dtype=torch.float64), torch.arange(len(values))
    return Axis(coordinate, one, edges, values, groups, None, share, True, reach=reach, ends=values[places, None])


def numeric_axis(
    coordinate: Tensor, values: Tensor, counts: Tensor, group_edges: Sequence[float], missing: Tensor | None = None
) -> Axis:
    """Axis of a numeric coordinate, from its distinct values, ascending, and the rows that have each.

    There is a gap at ``missing``, beyond which the missing value lies, however few rows have it.
    """
    n = counts.sum()
    gaps = gaps_of(values, counts)
    if missing is not None:
        gaps = torch.unique(torch.cat((gaps, missing[(missing > values[0]) & (missing <= values[-1])])))
    edges = _numeric_edges(values, counts, gaps)
    place = torch.bucketize(values, edges, right=True)
    rows_in_bin, sums = torch.zeros(2, len(edges) + 1, dtype=torch.float64)
    rows_in_bin.index_add_(0, place, counts.double())
    sums.index_add_(0, place, counts * values)
    edges = edges[rows_in_bin[1:] > 0]  # an empty bin is joined to the one before
    nodes, share = (sums / rows_in_bin)[rows_in_bin > 0], rows_in_bin[rows_in_bin > 0] / n
    after = torch.searchsorted(nodes, gaps) - 1
    one, groups = torch.ones(1, dtype=torch.float64), groups_of(share, group_edges, after)
    reach, places = stretches_of(values, counts)
    ends = values[places, None]
    return Axis(coordinate, one, edges, nodes, groups, None, share, len(gaps) > 0, reach=reach, ends=ends)


def groups_of(share: Tensor, edges: Sequence[float], after: Tensor | None = None) -> Tensor:
    """Groups (..., n_bins) of bins with these shares of the rows, between quantiles of the rows.

    No group goes on beyond the bins with the numbers ``after``, which gaps follow.
    """
    if share.shape[-1] <= min(MOST_GROUPS, BINS_A_GROUP * (len(edges) + 1)):
        return torch.arange(share.shape[-1]).expand(share.shape)
    # A bin goes to the group in which its middle row lies; groups without a bin are left out by renumbering.
    middle = share.cumsum(-1) - share / 2
    groups = torch.bucketize(middle, torch.tensor(edges, dtype=torch.float64))
    begins = groups.diff(dim=-1, prepend=groups[..., :1]) > 0
    if after is not None:
        begins[after[: MOST_GROUPS - len(edges) - 1] + 1] = True
    return begins.long().cumsum(-1)


def _numeric_edges(values: Tensor, counts: Tensor, gaps: Tensor) -> Tensor:
    """Edges of bins of about equally many rows; a value that would fill a bin alone, such as zero income, gets one."""
    heavy = counts > counts.sum() / BINS
    between = (values[1:] + values[:-1]) / 2
    around_heavy = torch.cat((between[heavy[1:]], between[heavy[:-1]]))  # before and after each heavy value
    # Quantiles are those of the other values, which would otherwise be left with few bins.
    others = torch.repeat_interleave(values[~heavy], counts[~heavy])
    quantiles = _quantiles(others[None])[0] if len(others) else others
    edges: Tensor = torch.unique(torch.cat((quantiles, around_heavy, gaps)))
    return edges[(edges > values[0]) & (edges <= values[-1])]


def _quantiles(values: Tensor) -> Tensor:
    """Edges (k, n_bins - 1) between equally many of sorted values (k, n), and more of them near the ends, ascending."""
    even = torch.arange(1, BINS, dtype=torch.float64) / BINS
    tails = torch.tensor(TAILS, dtype=torch.float64)
    at = torch.cat((even, tails, 1 - tails)).sort().values * (values.shape[1] - 1)
    below, above = values[:, at.floor().long()], values[:, at.ceil().long()]
    return below + (above - below) * at.frac()
