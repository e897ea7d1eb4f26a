"""Axes: the variables that effects depend on, and the bins that their values are sorted into.

An axis is a numeric coordinate, or a *curve*, or a group of coordinates that takes few *states*. A state is a level of
a one-hot block, or a row of an embedding. There is nothing between states, and no order, so scores are compared. A
curve is what a number becomes that is encoded into several coordinates, such as a spline: they move together along it.

Constants without another reason here were chosen on development seeds, trading error against the time of a fit; see
docs/ablation.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.precision import at_least_float32
from agop_tabular.effects.curves import Curve, nearest_places, places_of, share_off
from agop_tabular.effects.gaps import gaps_of, wide_stretches

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

JOINT_STATES = 64
"""Coordinates of one column that take at most this many combinations of values form one axis of states, unless there
are more than FREQUENT and they follow a curve, or have a one-hot block among them. Every state costs evaluations of the
network, and more of them would leave few rows to compare on."""

ROWS_PER_STATE = 4
"""Least rows per state, on average: in a small table even a continuous column has few values."""

SMALLEST_RANGE = torch.finfo(torch.float32).tiny
"""Range that the values of a coordinate exceed, if it varies: below it float32 loses digits, and networks see zeros."""

FOLLOWED = 0.4
"""Share of the variance of a column's coordinates that may lie off its curve. Beside a value, 20 indicators of its bins
leave .27, and effects along the curve are nearer than those of the block and the value (.16 against .28); indicators of
63 values leave .72, and they are not (.37 against .17)."""

FURTHER = 1.0
"""How far beyond all numbers the grid point is that goes before the missing value's, as a multiple of their range: as
far as effects are followed at all (outliers.FAR)."""

HARDLY_ANY = 1e-9
"""Share of the rows at this grid point, where there are none. Numerical, as SMALLEST_SHARE of the sums."""

KEY_GAP = 1e-4
"""Least distance between the keys of two states, as a share of the range of all keys. Numerical: well above the
rounding of a key in float32, which would otherwise put rows into a neighbouring state."""

FREQUENT = 16
"""Levels of an axis that have pair effects of their own; rarer ones share one group. It keeps a category of many levels
from filling the matrix of pair effects, and rare levels have too few rows for cells of their own."""

NUMBERS = 2**21
"""Values of several columns that are looked at together: 16 MB."""

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""Tolerances when an indicator is compared with its values for on and off: float32 rounding after a scaler."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis and its bins. All tensors are float64 or int64.

    Attributes
    ----------
    coordinates : Tensor of shape (m,)
        The network's inputs that belong to the axis.
    direction : Tensor of shape (m,), or (0,)
        The *key* of a row, its position on the axis, is the product of its coordinates with this; for a single
        coordinate, the coordinate itself. Where there is none, it is the place of the nearest point of the curve.
    edges : Tensor of shape (n_bins - 1,)
        Keys between the bins, ascending.
    nodes : Tensor of shape (n_bins,)
        Grid points: the mean key of the rows in each bin.
    groups : Tensor of shape (n_bins,)
        Group of each bin in pair effects, numbered from 0.
    states : Tensor of shape (n_bins, m) or None
        Values of the coordinates in each state; None for a numeric axis.
    share : Tensor of shape (n_bins,)
        Share of the rows in each bin.
    compared : bool
        Whether scores are compared at the grid points of a numeric axis, since gradients do not show what happens along
        it: it has wide stretches without rows, such as around a code for missing values, few values, or steps.
    curve : Tensor of shape (n_bins, m) or None
        Values of the coordinates at the grid points of a curve, None where there is one coordinate, or states.
    """

    coordinates: Tensor
    direction: Tensor
    edges: Tensor
    nodes: Tensor
    groups: Tensor
    states: Tensor | None
    share: Tensor
    compared: bool = False
    curve: Tensor | None = None

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return len(self.edges) + 1

    @property
    def n_groups(self) -> int:
        """Number of groups of bins."""
        return int(self.groups.max()) + 1

    @property
    def grid(self) -> Tensor:
        """Coordinates (n_bins, m) at the grid points of a numeric axis."""
        return self.nodes[:, None] if self.curve is None else self.curve

    @cached_property
    def tangents(self) -> Tensor:
        """Change of the coordinates (n_bins, m) for each unit of the key, at the grid points of a numeric axis."""
        if self.curve is None or self.n_bins == 1:
            return torch.ones_like(self.grid)
        slopes: Tensor = torch.gradient(self.curve, spacing=(self.nodes,), dim=0)[0]
        return slopes

    @property
    def compared_at(self) -> Tensor | None:
        """Coordinates (n_bins, m) at which scores are compared; None if gradients are integrated instead."""
        return self.grid if self.compared else self.states

    def keys(self, x: Tensor) -> Tensor:
        """Position of rows (b, p) on the axis, (b,)."""
        if len(self.coordinates) == 1:
            return x[:, int(self.coordinates[0])].double()
        own = x[:, self.coordinates].double()
        return nearest_places(own, self.grid, self.nodes) if not len(self.direction) else own @ self.direction

    def bins(self, x: Tensor) -> Tensor:
        """Bin of each row (b, p), (b,)."""
        return torch.bucketize(self.keys(x).contiguous(), self.edges, right=True)


def find_axes(
    rows: Tensor,
    blocks: Iterable[tuple[Tensor, Tensor, Tensor]] = (),
    column_of: Tensor | None = None,
    curves: Mapping[int, Curve] | None = None,
) -> tuple[Axis, ...]:
    """Find the axes of a table; constant coordinates have none.

    Parameters
    ----------
    rows : Tensor of shape (n, p)
        Rows spread over the whole table.
    blocks : iterable of (coordinates, low, high)
        One-hot blocks, with the value of each indicator when it is off and on. Blocks that are not one-hot on these
        rows, such as splines, are treated as numeric coordinates.
    column_of : Tensor of int, shape (p,), optional
        The column of each coordinate. Coordinates of one column that take few combinations of values, such as the
        outputs of an embedding, form one axis.
    curves : mapping of int to Curve, optional
        Columns of numbers that are encoded into several coordinates.

    Returns
    -------
    tuple of Axis
    """
    one_hot = [block for block in blocks if _is_one_hot(rows, *block)]
    joint, along = _of_columns(rows, one_hot, column_of, curves or {})
    finest = GROUP_EDGES[min(GROUP_EDGES)]
    followed = {j: axis for j, own in along.items() if (axis := _along_curve(rows, *own, finest)) is not None}
    axes = [axis for j, axis in joint.items() if j not in followed]
    taken = torch.zeros(rows.shape[1], dtype=torch.bool)
    for axis in (*axes, *followed.values()):
        taken[axis.coordinates] = True
    for coordinates, low, high in one_hot:
        if not taken[coordinates].any():
            axes.append(_block_axis(rows, coordinates, low, high))
            taken[coordinates] = True
    left = torch.nonzero(~taken).flatten()
    n_axes = len(axes) + len(followed) + len(left)
    group_edges = next(edges for most, edges in GROUP_EDGES.items() if n_axes <= most)
    for j, axis in followed.items():
        again = axis if group_edges is finest else _along_curve(rows, *along[j], group_edges)
        axes += [axis if again is None else again]
    for some in torch.split(left, max(1, NUMBERS // max(1, len(rows)))):
        values = np.sort(at_least_float32(rows[:, some]).T.contiguous().numpy(), axis=1)
        axes += _coordinate_axes(some, torch.from_numpy(values).double(), group_edges)
    return tuple(axes)


def _of_columns(
    rows: Tensor,
    one_hot: Sequence[tuple[Tensor, Tensor, Tensor]],
    column_of: Tensor | None,
    curves: Mapping[int, Curve],
) -> tuple[dict[int, Axis], dict[int, tuple[Tensor, Curve]]]:
    """Joint axes of columns with several coordinates, and the curves that may take the place of these, by column.

    A column that takes few combinations of values needs no curve. One that has a one-hot block among its coordinates
    needs no joint axis of many states: the block has them, and what lies beside it goes on between them.
    """
    whole = {tuple(coordinates.tolist()) for coordinates, _, _ in one_hot}
    in_block = torch.cat([torch.zeros(0, dtype=torch.long), *(coordinates for coordinates, _, _ in one_hot)])
    joint, along = {}, {}
    for column, coordinates in _coordinates_sharing_a_column(column_of):
        if tuple(coordinates.tolist()) in whole:
            continue
        axis = _joint_axis(rows, coordinates)
        has_few = axis is not None and axis.n_bins <= FREQUENT
        if axis is not None and (has_few or not torch.isin(coordinates, in_block).any()):
            joint[column] = axis
        if column in curves and not has_few:
            along[column] = coordinates, curves[column]
    return joint, along


def _most_states(limit: int, n_rows: int) -> int:
    """Largest number of states that so many rows support; a flag always counts."""
    return min(limit, max(2, n_rows // ROWS_PER_STATE))


def _is_one_hot(rows: Tensor, coordinates: Tensor, low: Tensor, high: Tensor) -> bool:
    """Whether every one of these m coordinates of rows (n, p) is on or off, and at most one of a row is on."""
    x, low, high = rows[:, coordinates].double(), low.double(), high.double()
    off, on = (torch.isclose(x, value, rtol=RELATIVE, atol=ABSOLUTE) for value in (low, high))
    return bool((off | on).all()) and bool((on.sum(dim=1) <= 1).all())


def _block_axis(rows: Tensor, coordinates: Tensor, low: Tensor, high: Tensor) -> Axis:
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


def _coordinates_sharing_a_column(column_of: Tensor | None) -> Iterable[tuple[int, Tensor]]:
    """Every column that has several coordinates, and these."""
    if column_of is None:
        return
    columns, counts = torch.unique(column_of, return_counts=True)
    for column in columns[(counts > 1) & (columns >= 0)].tolist():
        yield column, torch.nonzero(column_of == column).flatten()


def _joint_axis(rows: Tensor, coordinates: Tensor) -> Axis | None:
    """Axis with a state for each combination of values; None if there are too many, or their keys are too close."""
    x = rows[:, coordinates].double()
    if len(torch.unique(x[:, 0])) > JOINT_STATES:  # cheaper than sorting whole rows, and decides most columns
        return None
    states, place = torch.unique(x, dim=0, return_inverse=True)
    if not 1 < len(states) <= _most_states(JOINT_STATES, len(rows)):
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


def _along_curve(rows: Tensor, coordinates: Tensor, curve: Curve, group_edges: Sequence[float]) -> Axis | None:
    """The axis along a curve; None if nothing varies, or if the rows do not follow the curve."""
    x = rows[:, coordinates].double()
    axis = (_line_axis if curve.direction is None else _keyed_axis)(x, coordinates, curve, group_edges)
    if axis is None or axis.curve is None or axis.n_bins < 2:
        return None
    return axis if share_off(x, axis.keys(rows), axis.curve, axis.nodes) <= FOLLOWED else None


def _keyed_axis(x: Tensor, coordinates: Tensor, curve: Curve, group_edges: Sequence[float]) -> Axis | None:
    """The axis along a curve with a direction, of rows (n, m); None if nothing varies."""
    assert curve.direction is not None
    keys = (x * curve.direction).sum(dim=1)  # alike for rows that are alike, as it may not be in a product of matrices
    values, counts = torch.unique(keys, return_counts=True)
    if not values[-1] - values[0] > SMALLEST_RANGE:
        return None
    if len(values) <= _most_states(FEW_VALUES, len(x)):
        axis = _few_valued_axis(coordinates[0], values, counts)
    else:
        ends = (curve.points[-2:] * curve.direction).sum(dim=1)
        missing = ends.mean(dim=0, keepdim=True) if curve.has_missing else ends[:0]
        axis = _numeric_axis(coordinates[0], values, counts, group_edges, missing)
    place = torch.bucketize(keys, axis.edges, right=True)
    sums = torch.zeros(axis.n_bins, len(coordinates), dtype=torch.float64).index_add_(0, place, x)
    points = sums / torch.bincount(place, minlength=axis.n_bins)[:, None]
    axis = replace(axis, coordinates=coordinates, direction=curve.direction, curve=points)
    return _going_on(axis) if curve.has_missing and axis.n_bins > 2 else axis


def _going_on(axis: Axis) -> Axis:
    """An axis whose last grid point is the missing value's, with one before where numbers are beyond the training rows.

    Without it such a number would be taken to lie on the way to the missing value.
    """
    assert axis.curve is not None
    nodes, curve = axis.nodes, axis.curve
    whole = nodes[-2] - nodes[0]
    slope = (curve[-2] - curve[-3]) / (nodes[-2] - nodes[-3]) if axis.n_bins > 3 else curve[-2] - curve[-2]
    beyond = nodes[-2] + FURTHER * whole
    return replace(
        axis,
        edges=torch.cat((axis.edges[:-1], torch.stack(((nodes[-2] + beyond) / 2, (beyond + nodes[-1]) / 2)))),
        nodes=torch.cat((nodes[:-1], torch.stack((beyond, nodes[-1])))),
        curve=torch.cat((curve[:-1], torch.stack((curve[-2] + FURTHER * whole * slope, curve[-1])))),
        groups=torch.cat((axis.groups[:-1], axis.groups[-2:])),
        share=torch.cat((axis.share[:-1], axis.share.new_tensor([HARDLY_ANY]), axis.share[-1:])),
    )


def _line_axis(x: Tensor, coordinates: Tensor, curve: Curve, group_edges: Sequence[float]) -> Axis | None:
    """The axis along a curve without a direction, of rows (n, m), whose points are the grid points."""
    points, count = curve.points, torch.zeros(1)
    while len(points) > 1 and not count.all():  # points without rows are none
        nodes = places_of(points)
        keys, edges = nearest_places(x, points, nodes), (nodes[1:] + nodes[:-1]) / 2
        count = torch.bincount(torch.bucketize(keys, edges, right=True), minlength=len(nodes))
        if not count.all():
            points = points[count > 0]
    if len(points) < 2:
        return None
    share = count.double() / len(x)
    wide = wide_stretches(keys.sort().values[None]).any() or len(torch.unique(keys)) < FEW_VALUES
    last = torch.tensor([len(nodes) - 2]) if curve.has_missing else None
    groups, compared = _groups(share, _halved(group_edges), last), bool(wide) or curve.has_missing
    return Axis(coordinates, nodes[:0], edges, nodes, groups, None, share, compared, points)


def _halved(edges: Sequence[float]) -> list[float]:
    """Quantiles, and those halfway between them."""
    return sorted((*edges, *((a + b) / 2 for a, b in pairwise(edges))))


def _coordinate_axes(coordinates: Tensor, values: Tensor, group_edges: Sequence[float]) -> Iterable[Axis]:
    """Axes of those coordinates that vary, from their sorted values (k, n); groups lie between these quantiles."""
    n = values.shape[1]
    few = (values.diff(dim=1) > 0).sum(dim=1) < _most_states(FEW_VALUES, n)
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
    groups, one = _groups(share, group_edges), torch.ones(1, dtype=torch.float64)
    own = (coordinates[:, None], edges, nodes, groups, share, values, usual.tolist(), few.tolist())
    for coordinate, edge, node, group, part, line, is_usual, is_few in zip(*own, strict=True):
        if not line[-1] - line[0] > SMALLEST_RANGE:
            continue
        if is_usual:
            yield Axis(coordinate, one, edge, node, group, None, part)
        else:
            distinct, counts = torch.unique_consecutive(line, return_counts=True)
            if is_few:
                yield _few_valued_axis(coordinate, distinct, counts)
            else:
                yield _numeric_axis(coordinate, distinct, counts, group_edges)


def _few_valued_axis(coordinate: Tensor, values: Tensor, counts: Tensor) -> Axis:
    """Axis of a numeric coordinate with few values, each of which is a grid point and a group of its own."""
    share = counts.double() / counts.sum()
    edges = (values[1:] + values[:-1]) / 2
    return Axis(
        coordinate, torch.ones(1, dtype=torch.float64), edges, values, torch.arange(len(values)), None, share, True
    )


def _numeric_axis(
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
    one, groups = torch.ones(1, dtype=torch.float64), _groups(share, group_edges, after)
    return Axis(coordinate, one, edges, nodes, groups, None, share, len(gaps) > 0)


def _groups(share: Tensor, edges: Sequence[float], after: Tensor | None = None) -> Tensor:
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


def _state_groups(share: Tensor) -> Tensor:
    """Group of each state in pair effects: frequent ones have their own, all others share the last."""
    if len(share) <= FREQUENT:
        return torch.arange(len(share))
    groups = torch.full((len(share),), FREQUENT)
    groups[share.argsort(descending=True, stable=True)[:FREQUENT]] = torch.arange(FREQUENT)
    return groups
