"""Which axes a table has."""

import numpy as np
import pytest
import torch

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.curves import Curve


def tensor(*columns):
    return torch.tensor(np.column_stack(columns), dtype=torch.float64)


def test_constant_coordinates_have_no_axis():
    rng = np.random.default_rng(0)
    axes = find_axes(tensor(np.ones(50), rng.normal(size=50), np.zeros(50)))
    assert [axis.coordinates.tolist() for axis in axes] == [[1]]


@pytest.mark.parametrize(("d", "groups"), [(1, 7), (24, 7), (25, 4), (128, 4), (129, 3), (400, 3)])
def test_the_more_axes_the_fewer_groups(d, groups):
    axes = find_axes(torch.randn(500, d, generator=torch.Generator().manual_seed(0)))
    assert {axis.n_groups for axis in axes} == {groups}
    inner = torch.bincount(axes[0].groups, axes[0].share)[1:-1]
    assert inner.min() > 0.15, "small outer groups are for outliers"


def test_a_small_table_of_distinct_values_is_numeric():
    x = tensor(np.arange(8.0))
    (axis,) = find_axes(x)
    assert not axis.compared
    (flag,) = find_axes(tensor([0.0, 1.0, 1.0]))
    assert flag.compared


def test_rows_that_do_not_follow_a_curve_have_other_axes():
    t = torch.linspace(-1, 1, 2000, dtype=torch.float64)
    x = torch.nn.functional.one_hot((40 * (t + 1)).long().clamp_max(79), 80).double()
    curve = Curve.of(t[::25], torch.cat((t[::25, None], x[::25]), dim=1))
    column_of = torch.zeros(81, dtype=torch.long)
    axes = find_axes(torch.cat((t[:, None], x), dim=1), (), column_of, {0: curve})
    assert len(axes) == 81


@pytest.mark.parametrize("n_levels", [20, 80])
def test_indicators_of_a_column_are_one_axis_though_a_level_has_none(n_levels):
    level = torch.arange(3200) % (n_levels + 1)
    rows = torch.nn.functional.one_hot(level, n_levels + 1).double()[:, 1:]
    rows[:, 3] = 0  # a level that no row has is constant
    (axis,) = find_axes(rows, column_of=torch.zeros(n_levels, dtype=torch.long))
    assert axis.n_bins == n_levels
    assert len(torch.unique(axis.bins(rows))) == n_levels


def test_coordinates_of_which_several_are_on_are_no_indicators():
    rows = (torch.rand(2000, 12, generator=torch.Generator().manual_seed(0)) < 0.5).double()
    axes = find_axes(rows, column_of=torch.zeros(12, dtype=torch.long))
    assert len(axes) == 12
