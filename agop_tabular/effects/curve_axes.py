"""Axes along the curves of numbers that are encoded into several coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from agop_tabular.effects.axis import SMALLEST_RANGE, Axis, most_states
from agop_tabular.effects.curves import Curve, nearest_places, places_of, share_off
from agop_tabular.effects.gaps import wide_stretches
from agop_tabular.effects.numeric_axes import FEW_VALUES, few_valued_axis, groups_of, numeric_axis
from agop_tabular.effects.stretches import stretches_of

FOLLOWED = 0.4
"""Share of the variance of a column's coordinates that may lie off its curve. Beside a value, 20 indicators of its bins
leave .27, and effects along the curve are nearer than those of the block and the value (.16 against .28); indicators of
63 values leave .72, and they are not (.37 against .17)."""

FURTHER = 1.0
"""How far beyond all numbers the grid point is that goes before the missing value's, as a multiple of their range: well
beyond those that effects are followed to (stretches.FAR)."""

HARDLY_ANY = 1e-9
"""Share of the rows at this grid point, where there are none. Numerical, as SMALLEST_SHARE of the sums."""


def along_curve(rows: Tensor, coordinates: Tensor, curve: Curve, group_edges: Sequence[float]) -> Axis | None:
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
    if len(values) <= most_states(FEW_VALUES, len(x)):
        axis = few_valued_axis(coordinates[0], values, counts)
    else:
        ends = (curve.points[-2:] * curve.direction).sum(dim=1)
        missing = ends.mean(dim=0, keepdim=True) if curve.has_missing else ends[:0]
        axis = numeric_axis(coordinates[0], values, counts, group_edges, missing)
    place = torch.bucketize(keys, axis.edges, right=True)
    sums = torch.zeros(axis.n_bins, len(coordinates), dtype=torch.float64).index_add_(0, place, x)
    points = sums / torch.bincount(place, minlength=axis.n_bins)[:, None]
    assert axis.ends is not None
    ends = x[(keys == axis.ends).double().argmax(dim=1)]  # any row with that key
    axis = replace(axis, coordinates=coordinates, direction=curve.direction, curve=points, ends=ends)
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
    values, counts = torch.unique(keys, return_counts=True)
    wide = wide_stretches(keys.sort().values[None]).any() or len(values) < FEW_VALUES
    last = torch.tensor([len(nodes) - 2]) if curve.has_missing else None
    groups, compared = groups_of(share, _halved(group_edges), last), bool(wide) or curve.has_missing
    reach, places = stretches_of(values, counts)
    ends = x[(keys == values[places, None]).double().argmax(dim=1)]
    return Axis(coordinates, nodes[:0], edges, nodes, groups, None, share, compared, points, reach, ends)


def _halved(edges: Sequence[float]) -> list[float]:
    """Quantiles, and those halfway between them."""
    return sorted((*edges, *((a + b) / 2 for a, b in pairwise(edges))))
