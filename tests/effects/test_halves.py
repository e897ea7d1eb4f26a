"""Noise in effects, as two halves of the rows tell it, against effects on many more rows."""

import pytest
import torch
from support.known_effects import BLOCK, add_shuffled

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.halves import Halves
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import group_shares, main_effects, pair_effects


def half(rows, seed, n=2000):
    sums = EffectSums(find_axes(rows, [BLOCK]), 4)
    add_shuffled(sums, rows, n, seed=seed)
    return sums


def test_noise_is_what_more_rows_change(rows, sums):
    """On average over draws; the noise of one draw is known within a factor of two or so."""
    found, expected = [], []
    share = group_shares(sums)
    _, own, mains = main_effects(sums)
    for seed in range(6):
        first, second = half(rows, 2 * seed + 1), half(rows, 2 * seed + 2)
        found.append(Halves.of(first, second).noise)
        both = first + second
        _, _, others = main_effects(both)
        changed = 0.5 * ((pair_effects(both) - pair_effects(sums)).square() @ share) @ share
        expected.append(changed + sum((a - b).square() @ s for a, b, s in zip(mains, others, own, strict=True)))
    for c in range(3):  # the fourth score is zero
        ratio = float(torch.stack(found)[:, c].mean() / torch.stack(expected)[:, c].mean())
        assert 0.5 < ratio < 2


def expected_variance(effects):
    """Of all effects of each score."""
    mains = sum(main.square() @ part for main, part in zip(effects.mains, effects.share, strict=True))
    return mains + effects.pair_variances.sum(dim=(1, 2)) / 2


def test_halves_have_main_effects_and_importances(rows, effects):
    first, second = half(rows, 1), half(rows, 2)
    halves = Halves.of(first, second)
    (_, share, mains), (_, _, others) = map(main_effects, halves.sums)
    for a, b, s in zip(mains, others, share, strict=True):
        assert a.shape == b.shape
        assert ((a - b).square() @ s < 0.1).all()
    column = torch.tensor([int(axis.coordinates[0]) for axis in first.axes]).clamp_max(4)
    importances = halves.importances(column, 5)
    torch.testing.assert_close(importances.sum(dim=1), torch.ones(2).double())
    torch.testing.assert_close(importances[0], importances[1], rtol=0, atol=0.05)
    of_mains = [(main.square() @ part).sum() for main, part in zip(effects.mains, effects.share, strict=True)]
    expected = torch.stack(of_mains) + effects.pair_variances.sum(dim=(0, 2)) / 2
    torch.testing.assert_close(halves.variance, expected_variance(effects), rtol=0.25, atol=1e-3)
    by_column = torch.zeros(5, dtype=torch.float64).index_add_(0, column, expected / expected.sum())
    torch.testing.assert_close(importances.mean(dim=0), by_column, rtol=0, atol=0.05)


def test_grid_points_are_the_same_in_both_halves(rows):
    """A bin that has rows in one half only is taken from there."""
    first, second = half(rows, 1, n=60), half(rows, 2, n=60)
    sums = Halves.of(first, second).sums
    nodes = [main_effects(own)[0] for own in sums]
    for a, b in zip(*nodes, strict=True):
        assert torch.equal(a, b)
    assert ((first.counts + second.counts > 0) == (sums[0].counts > 0)).all()


def test_sums_add_up(rows):
    first, second = half(rows, 1, n=500), half(rows, 2, n=700)
    both = first + second
    assert both.counts.sum() == pytest.approx(float(first.counts.sum() + second.counts.sum()))
    for name in EffectSums.SUMS:
        torch.testing.assert_close(getattr(both, name), getattr(first, name) + getattr(second, name))
