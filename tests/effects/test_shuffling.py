"""Shuffled rows: columns are independent, keep their distributions, and rare bins are seen."""

import pytest
import torch
from support.known_effects import BLOCK, COLUMNS

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.shuffling import OVERSAMPLED, OVERSAMPLED_AXES, oversampled_share, shuffled, sorted_rows


def draw(rows, axes, columns, n, batch_size):
    """All rows and the number of the oversampled axis of each."""
    parts = zip(*shuffled(rows, axes, columns, n, batch_size, torch.Generator().manual_seed(0)), strict=True)
    return tuple(map(torch.cat, parts))


def test_columns_stay_together_and_keep_their_distribution(rows):
    axes = find_axes(rows, [BLOCK])
    x, _ = draw(rows, axes, COLUMNS, 8000, 3000)
    assert x.shape == (8000, 7)
    assert (x[:, 4:].sum(1) == 1).all()
    assert (torch.isin(x[:, 3], rows[:, 3])).all()
    assert abs(torch.corrcoef(x[:, [0, 1]].T)[0, 1]) < 0.05
    # each row is drawn as often as any other, but for the few that are drawn evenly over bins
    counts = torch.unique(x[:, 0], return_counts=True)[1]
    assert 0.9 * len(rows) < len(counts)
    assert counts.max() < 30


def test_dependent_columns_become_independent(rows):
    dependent = rows.clone()
    dependent[:, 1] = dependent[:, 0]
    x, _ = draw(dependent, find_axes(dependent, [BLOCK]), COLUMNS, 8000, 3000)
    assert abs(torch.corrcoef(x[:, [0, 1]].T)[0, 1]) < 0.05


def test_the_order_and_scale_of_the_table_do_not_matter(rows):
    columns = torch.arange(7)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1))
    scale = torch.tensor([1e6, 1, 1, 1, 1, 1, 1], dtype=torch.float64)
    plain, reordered, scaled = (
        draw(sorted_rows(r), find_axes(r), columns, 1000, 500)[0] for r in (rows, rows[order], rows * scale)
    )
    torch.testing.assert_close(plain, reordered)
    torch.testing.assert_close(plain * scale, scaled)


def test_without_oversampling_a_round_is_a_permutation_of_every_column(rows):
    x, oversampled = draw(rows, (), COLUMNS, len(rows), len(rows))
    assert (oversampled == -1).all()
    for j in range(4):
        torch.testing.assert_close(x[:, j].sort().values, rows[:, j].sort().values, rtol=0, atol=0)


def test_an_oversampled_axis_is_drawn_evenly_over_its_bins(rows):
    axes = find_axes(rows, [BLOCK])
    x, oversampled = draw(rows, axes, COLUMNS, 40_000, 10_000)
    share = oversampled_share(axes)
    assert (oversampled >= 0).double().mean() == pytest.approx(share, abs=0.02)
    for i, axis in enumerate(axes):
        here = axis.bins(x[oversampled == i])
        seen = axis.share > 0
        counts = torch.bincount(here, minlength=axis.n_bins)[seen].double()
        expected = share * len(x) / len(axes) / int(seen.sum())
        assert ((counts - expected).abs() < 5 * expected**0.5).all()
        others = torch.bincount(axis.bins(x[oversampled != i]), minlength=axis.n_bins).double()
        torch.testing.assert_close(others / others.sum(), axis.share, rtol=0, atol=0.02)


def test_few_axes_have_a_smaller_oversampled_share(rows):
    axes = find_axes(rows, [BLOCK])
    assert [oversampled_share(axes[:k]) for k in (0, 1, 2, 5)] == [0, OVERSAMPLED, OVERSAMPLED, OVERSAMPLED]
    assert oversampled_share(axes[:1] * (OVERSAMPLED_AXES + 1)) == 0


def test_many_columns_are_drawn_with_replacement():
    wide = torch.randn(20, 300, generator=torch.Generator().manual_seed(0))
    x, _ = draw(wide, (), torch.arange(300), 50, 30)
    assert all(torch.isin(x[:, j], wide[:, j]).all() for j in range(300))
    assert x[:, 0].unique().numel() < 20
