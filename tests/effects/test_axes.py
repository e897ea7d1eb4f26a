"""Axes and their bins: ties, constants, heavy tails, states, blocks."""

import numpy as np
import pytest
import torch

from agop_tabular.effects import axes as ax
from agop_tabular.effects.axes import find_axes


def tensor(*columns):
    return torch.tensor(np.column_stack(columns), dtype=torch.float64)


def test_constant_coordinates_have_no_axis():
    rng = np.random.default_rng(0)
    axes = find_axes(tensor(np.ones(50), rng.normal(size=50), np.zeros(50)))
    assert [axis.coordinates.tolist() for axis in axes] == [[1]]


def test_few_values_are_compared_at_each_of_them():
    values = np.tile([3.0, -1.0, 7.5], 20)
    (axis,) = find_axes(tensor(values))
    assert axis.states is None
    assert axis.compared_at.flatten().tolist() == [-1, 3, 7.5]
    assert axis.groups.tolist() == [0, 1, 2]
    np.testing.assert_allclose(axis.share, [1 / 3] * 3)
    assert axis.bins(torch.tensor([[3.0], [7.0], [-5.0]])).tolist() == [1, 2, 0]


def test_bins_hold_about_as_many_rows_each_and_tails_are_cut_finer():
    x = np.random.default_rng(0).standard_t(2, 10_000)
    (axis,) = find_axes(tensor(x))
    counts = torch.bincount(axis.bins(tensor(x)))
    assert axis.n_bins == ax.BINS + 2 * len(ax.TAILS)
    assert counts.min() > 0
    assert counts.max() <= 10_000 / ax.BINS + 1
    np.testing.assert_allclose(counts / 10_000, axis.share)
    assert axis.n_groups == 7
    assert (axis.nodes.diff() > 0).all()
    np.testing.assert_allclose((axis.nodes * axis.share).sum(), x.mean())


@pytest.mark.parametrize(("d", "groups"), [(1, 7), (24, 7), (25, 4), (128, 4), (129, 3), (400, 3)])
def test_the_more_axes_the_fewer_groups(d, groups):
    axes = find_axes(torch.randn(500, d, generator=torch.Generator().manual_seed(0)))
    assert {axis.n_groups for axis in axes} == {groups}
    inner = torch.bincount(axes[0].groups, axes[0].share)[1:-1]
    assert inner.min() > 0.15, "small outer groups are for outliers"


@pytest.mark.parametrize("n", [14, 16])
def test_few_bins_are_groups_of_their_own(n):
    """In a group of several values one that is far out would not be told from the others."""
    x = np.random.default_rng(0).normal(size=n)
    x[0] = 1e4
    (axis,) = find_axes(tensor(x))
    assert axis.groups.tolist() == list(range(n))


@pytest.mark.parametrize("n", [17, 18, 40, 400])
@pytest.mark.parametrize("d", [1, 30, 200])
def test_numeric_axes_have_no_more_groups_than_a_file_may_hold(n, d):
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x[: n // 5] *= 1e4
    x[: n // 10] += 1e8
    assert max(axis.n_groups for axis in find_axes(x)) <= ax.MOST_GROUPS


def test_no_group_lies_on_both_sides_of_a_gap():
    """Numbers far from all others, by less than a fifth of the rows."""
    x = np.random.default_rng(0).normal(size=400)
    x[:40] += 1e4
    (axis,) = find_axes(tensor(x))
    below, above = axis.groups[axis.nodes < 5e3], axis.groups[axis.nodes > 5e3]
    assert below.max() + 1 == above.min()
    assert axis.n_groups <= ax.MOST_GROUPS


def test_a_value_that_many_rows_share_has_a_bin_of_its_own():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(5000) < 0.9, 0.0, np.exp(rng.normal(5, 2, 5000)))
    (axis,) = find_axes(tensor(x))
    assert axis.nodes[0] == 0
    assert axis.share[0] > 0.85
    assert axis.n_bins > 15  # the others keep bins of their own


def test_one_hot_blocks_are_states_with_one_for_none():
    rng = np.random.default_rng(0)
    level = rng.choice(3, 100, p=[0.7, 0.2, 0.1])
    rows = tensor(np.eye(3)[level], rng.normal(size=100))
    block = (torch.arange(3), torch.zeros(3), torch.ones(3))
    states, numeric = find_axes(rows, [block])
    assert numeric.coordinates.tolist() == [3]
    assert states.states.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(states.share, [0, *np.bincount(level) / 100])
    assert (states.bins(rows) == torch.tensor(level) + 1).all()
    assert states.bins(torch.zeros(1, 4)).tolist() == [0]


def test_scaled_indicators_and_blocks_that_are_not_one_hot():
    rng = np.random.default_rng(0)
    on = np.eye(2)[rng.integers(0, 2, 60)]
    scaled = tensor(on * [2.0, 5.0] - [0.5, 1.0])
    (axis,) = find_axes(scaled, [(torch.arange(2), torch.tensor([-0.5, -1.0]), torch.tensor([1.5, 4.0]))])
    assert axis.states is not None
    assert (axis.bins(scaled) == torch.tensor(on.argmax(1)) + 1).all()
    splines = tensor(rng.random(60), rng.random(60))
    assert all(a.states is None for a in find_axes(splines, [(torch.arange(2), torch.zeros(2), torch.ones(2))]))


def test_rare_levels_share_one_group_in_pairs():
    level = np.concatenate([np.repeat(np.arange(30), np.arange(30, 0, -1) * 10)])
    block = (torch.arange(30), torch.zeros(30), torch.ones(30))
    (axis,) = find_axes(tensor(np.eye(30)[level]), [block])
    assert axis.n_bins == 31
    assert axis.n_groups == ax.FREQUENT + 1
    assert (axis.groups[axis.share.argsort(descending=True)[: ax.FREQUENT]].sort().values == torch.arange(16)).all()


def test_a_code_for_missing_values_stands_apart():
    rng = np.random.default_rng(0)
    body = rng.gamma(2, 1, 4000)
    x = np.where(rng.random(4000) < 0.02, -999.0, body)
    (axis,) = find_axes(tensor(x))
    assert axis.compared
    assert axis.nodes[0] == -999
    assert axis.nodes[1] > 0
    assert axis.compared_at.shape == (axis.n_bins, 1)
    for plain in (body, rng.normal(size=4000), rng.lognormal(0, 1, 4000), rng.integers(0, 90, 4000)):
        (axis,) = find_axes(tensor(plain))
        assert not axis.compared
        assert axis.compared_at is None


@pytest.mark.parametrize("codes", [[-20.0], [-20.0, 30.0], [0.0]])
@pytest.mark.parametrize("share", [0.1, 0.26, 0.6])
def test_codes_of_any_share_of_the_rows_stand_apart(codes, share):
    """The spread is that of the rows on either side: of all rows it would contain the gap."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=4000) if codes != [0.0] else rng.uniform(50, 60, 4000) * rng.choice([-1, 1], 4000)
    x = np.where(rng.random(4000) < share, rng.choice(codes, 4000), x)
    (axis,) = find_axes(tensor(x))
    assert axis.compared
    assert set(codes) <= set(axis.nodes.tolist())


def test_coordinates_that_move_together_are_one_axis():
    g = torch.Generator().manual_seed(0)
    codes = torch.randint(5, (1000,), generator=g)
    rows = torch.cat((torch.randn(5, 3, generator=g)[codes], torch.randn(1000, 2, generator=g)), dim=1)
    axes = find_axes(rows, column_of=torch.tensor([0, 0, 0, 1, 2]))
    assert [axis.coordinates.tolist() for axis in axes] == [[0, 1, 2], [3], [4]]
    assert axes[0].n_bins == 5
    bins = axes[0].bins(rows)
    assert all(len(torch.unique(bins[codes == c])) == 1 for c in range(5))
    assert torch.allclose(axes[0].states[bins], rows[:, :3].double())
    assert len(find_axes(rows)) == 5


def test_combinations_that_are_too_many_are_separate_axes():
    g = torch.Generator().manual_seed(0)
    rows = torch.randn(1000, 2, generator=g)
    assert len(find_axes(rows, column_of=torch.tensor([0, 0]))) == 2


def test_a_small_table_of_distinct_values_is_numeric():
    x = tensor(np.arange(8.0))
    (axis,) = find_axes(x)
    assert not axis.compared
    (flag,) = find_axes(tensor([0.0, 1.0, 1.0]))
    assert flag.compared


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_bins_do_not_depend_on_units(scale):
    x = np.random.default_rng(0).gamma(2, 1, 3000)
    (plain,), (scaled,) = find_axes(tensor(x)), find_axes(tensor(x * scale))
    assert torch.equal(plain.bins(tensor(x)), scaled.bins(tensor(x * scale)))
    torch.testing.assert_close(plain.nodes * scale, scaled.nodes)


def test_grid_points_ascend_where_values_span_many_powers_of_ten():
    t = np.random.default_rng(0).normal(size=800)
    (axis,) = find_axes(tensor(np.exp(-(((t - 2) / 0.2) ** 2))))
    assert (axis.nodes.diff() > 0).all()
