"""Bins and groups of numbers: ties, heavy tails, gaps, few values."""

import numpy as np
import pytest
import torch

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.numeric_axes import BINS, MOST_GROUPS, TAILS


def tensor(*columns):
    return torch.tensor(np.column_stack(columns), dtype=torch.float64)


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
    assert axis.n_bins == BINS + 2 * len(TAILS)
    assert counts.min() > 0
    assert counts.max() <= 10_000 / BINS + 1
    np.testing.assert_allclose(counts / 10_000, axis.share)
    assert axis.n_groups == 7
    assert (axis.nodes.diff() > 0).all()
    np.testing.assert_allclose((axis.nodes * axis.share).sum(), x.mean())


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
    assert max(axis.n_groups for axis in find_axes(x)) <= MOST_GROUPS


def test_no_group_lies_on_both_sides_of_a_gap():
    """Numbers far from all others, by less than a fifth of the rows."""
    x = np.random.default_rng(0).normal(size=400)
    x[:40] += 1e4
    (axis,) = find_axes(tensor(x))
    below, above = axis.groups[axis.nodes < 5e3], axis.groups[axis.nodes > 5e3]
    assert below.max() + 1 == above.min()
    assert axis.n_groups <= MOST_GROUPS


def test_a_value_that_many_rows_share_has_a_bin_of_its_own():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(5000) < 0.9, 0.0, np.exp(rng.normal(5, 2, 5000)))
    (axis,) = find_axes(tensor(x))
    assert axis.nodes[0] == 0
    assert axis.share[0] > 0.85
    assert axis.n_bins > 15  # the others keep bins of their own


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
