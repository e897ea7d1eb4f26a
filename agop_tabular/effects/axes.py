"""The axes of a table: which columns are states, which follow a curve, and which are coordinates one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.precision import at_least_float32
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.curve_axes import along_curve
from agop_tabular.effects.curves import Curve
from agop_tabular.effects.numeric_axes import GROUP_EDGES, coordinate_axes
from agop_tabular.effects.state_axes import FREQUENT, block_axis, is_one_hot, joint_axis

NUMBERS = 2**21
"""Values of several columns that are looked at together: 16 MB."""


MOST_INDICATORS = 2048
"""Indicators of a column that are looked at for being those of its levels, at most: their states take 34 MB."""

LOOKED_AT = 64
"""Rows that tell nearly all other coordinates from indicators, without a look at the whole table."""


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
        outputs of an embedding, form one axis, and so do indicators of its levels.
    curves : mapping of int to Curve, optional
        Columns of numbers that are encoded into several coordinates.

    Returns
    -------
    tuple of Axis
    """
    one_hot = [block for block in blocks if is_one_hot(rows, *block)]
    joint, along = _of_columns(rows, one_hot, column_of, curves or {})
    finest = GROUP_EDGES[min(GROUP_EDGES)]
    followed = {j: axis for j, own in along.items() if (axis := along_curve(rows, *own, finest)) is not None}
    axes = [axis for j, axis in joint.items() if j not in followed]
    taken = torch.zeros(rows.shape[1], dtype=torch.bool)
    for axis in (*axes, *followed.values()):
        taken[axis.coordinates] = True
    for coordinates, low, high in one_hot:
        if not taken[coordinates].any():
            axes.append(block_axis(rows, coordinates, low, high))
            taken[coordinates] = True
    left = torch.nonzero(~taken).flatten()
    n_axes = len(axes) + len(followed) + len(left)
    group_edges = next(edges for most, edges in GROUP_EDGES.items() if n_axes <= most)
    for j, axis in followed.items():
        again = axis if group_edges is finest else along_curve(rows, *along[j], group_edges)
        axes += [axis if again is None else again]
    for some in torch.split(left, max(1, NUMBERS // max(1, len(rows)))):
        values = np.sort(at_least_float32(rows[:, some]).T.contiguous().numpy(), axis=1)
        axes += coordinate_axes(some, torch.from_numpy(values).double(), group_edges)
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
        axis = joint_axis(rows, coordinates)
        if axis is None:
            axis = _indicators_axis(rows, coordinates)
        has_few = axis is not None and axis.n_bins <= FREQUENT
        if axis is not None and (has_few or not torch.isin(coordinates, in_block).any()):
            joint[column] = axis
        if column in curves and not has_few:
            along[column] = coordinates, curves[column]
    return joint, along


def _indicators_axis(rows: Tensor, coordinates: Tensor) -> Axis | None:
    """The axis of a column whose coordinates are indicators of levels, one of which has none; None of other columns."""
    few = rows[:LOOKED_AT, coordinates]
    if len(coordinates) > MOST_INDICATORS or (few > few.amin(dim=0)).sum(dim=1).max() > 1:
        return None
    low, high = torch.aminmax(rows[:, coordinates], dim=0)
    varies = high > low
    own = coordinates[varies], low[varies], high[varies]
    return block_axis(rows, *own) if len(own[0]) > 1 and is_one_hot(rows, *own) else None


def _coordinates_sharing_a_column(column_of: Tensor | None) -> Iterable[tuple[int, Tensor]]:
    """Every column that has several coordinates, and these."""
    if column_of is None:
        return
    columns, counts = torch.unique(column_of, return_counts=True)
    for column in columns[(counts > 1) & (columns >= 0)].tolist():
        yield column, torch.nonzero(column_of == column).flatten()
