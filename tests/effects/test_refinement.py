"""Refinement: to the Shapley values, and errors that never grow."""

import pytest
import torch
from support.three_way import COLUMNS, D, brute_force, scores, table

from agop_tabular.effects.refinement import Refinement, james_stein
from agop_tabular.effects.shapley_sampling import ShapleySampling


def refinement(tables, n_pairs, seed=0):
    return Refinement(ShapleySampling(*tables, COLUMNS, D), n_pairs, seed)


def folded(values):
    return torch.zeros(len(values), D, dtype=torch.float64).index_add_(1, COLUMNS, values)


@pytest.mark.parametrize("c", [0, 1])
def test_goes_to_the_shapley_values_and_never_away(three_way_tables, c):
    x = table(40, 3)
    own = brute_force(scores, x, three_way_tables[3])[..., c]
    looked_up = folded(three_way_tables[1].attributions(x, c).double())
    total = own.sum(dim=1)
    looked_up += (total - looked_up.sum(dim=1))[:, None] / D
    target = torch.full((40, 1), c)

    def error(values):
        return float((values - own).norm() / own.norm())

    start, errors = error(looked_up), []
    for n_pairs in (1, 4, 16, 256):
        found = refinement(three_way_tables, n_pairs).refined(scores, x, looked_up[:, :, None], total[:, None], target)
        values, standard = (part[:, :, 0] for part in found)
        errors.append(error(values))
        assert standard.shape == (40, D)
    assert max(errors) < 1.2 * start
    assert errors[-1] < 0.4 * start
    within = (values - own).abs() < 3 * standard + 1e-3
    assert within.double().mean() > 0.8  # rows share their draws, so that one bad draw is seen in many
    torch.testing.assert_close(values.sum(dim=1), total, atol=1e-6, rtol=1e-5)


def test_several_targets_of_a_row_are_each_alone(three_way_tables):
    x, targets = table(70, 6), torch.stack((torch.arange(70) % 3, torch.zeros(70).long()), dim=1)
    looked_up, totals = torch.zeros(70, D, 2), torch.ones(70, 2)
    both = refinement(three_way_tables, 3).refined(scores, x, looked_up, totals, targets)
    for m in range(2):
        one = refinement(three_way_tables, 3).refined(
            scores, x, looked_up[..., :1], totals[:, :1], targets[:, m : m + 1]
        )
        for found, expected in zip(both, one, strict=True):
            torch.testing.assert_close(found[..., m], expected[..., 0])


EXACT = torch.zeros(1).double()
"""No rounding."""


def test_shrinking():
    looked_up, total = torch.tensor([[1.0, 2.0]]).double(), torch.tensor([3.0]).double()
    sampled, none, much = looked_up + torch.tensor([0.5, -0.5]), torch.zeros(1, 2).double(), torch.ones(1, 2).double()
    torch.testing.assert_close(james_stein(looked_up, sampled, none, total, EXACT, 8)[0], sampled)
    torch.testing.assert_close(james_stein(looked_up, sampled, much, total, EXACT, 8)[0], looked_up)
    values, _ = james_stein(looked_up, sampled + 1.0, 1e-6 * much, total, EXACT, 8)
    torch.testing.assert_close(values.sum(), total[0])  # what does not fit the total goes to the uncertain ones


@pytest.mark.parametrize("n_pairs", [1, 2, 8])
def test_samples_that_agree_still_add_up(n_pairs):
    """One pair, one column, or a row that is its own background: their variance is zero, their sum is not the total."""
    looked_up, sampled = torch.tensor([[1.0, 2.0]]).double(), torch.tensor([[1.5, 1.5]]).double()
    values, error = james_stein(
        looked_up, sampled, torch.zeros(1, 2).double(), torch.tensor([4.0]).double(), EXACT, n_pairs
    )
    torch.testing.assert_close(values, torch.tensor([[2.0, 2.0]]).double())
    assert (error == 0).all()


@pytest.mark.parametrize("n_pairs", [1, 2, 8])
def test_rounding_does_not_decide_who_makes_up_for_the_total(n_pairs):
    """Variances of zero and of rounding give the same, and a column that does nothing gets nothing."""
    looked_up, sampled = torch.tensor([[1.0, 2.0, 0.0]]).double(), torch.tensor([[1.5, 1.5, 0.0]]).double()
    total = torch.tensor([4.0]).double()
    found = [
        james_stein(looked_up, sampled, torch.tensor([variance]).double(), total, EXACT, n_pairs)[0]
        for variance in ([0.0, 0.0, 0.0], [1e-14, 0.0, 0.0], [0.0, 1e-14, 0.0], [0.0, 1e-30, 1e-30])
    ]
    for values in found:
        torch.testing.assert_close(values, torch.tensor([[2.0, 2.0, 0.0]]).double(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("n_pairs", [1, 2, 8])
def test_small_attributions_of_large_scores_are_rounding(n_pairs):
    """Attributions of 1e-3 of a score of 1, of which 1e-7 is rounding: it does not make a column one that does much."""
    total, rounding = torch.tensor([1e-3]).double(), torch.tensor([1e-5]).double()
    sampled, none = torch.tensor([[1.1e-3, 0.0]]).double(), torch.zeros(1, 2).double()
    for off in (0.0, 1e-7, 1e-6):
        values, _ = james_stein(torch.tensor([[1e-3 - off, off]]).double(), sampled, none, total, rounding, n_pairs)
        assert values[0, 1].abs() <= 1e-6 + 1e-9


def test_what_a_few_pairs_miss_of_the_total_is_noise():
    """One pair whose directions agree, but whose sum is far from the total, says little."""
    looked_up, sampled = torch.tensor([[1.0, -1.6]]).double(), torch.tensor([[1.3, -1.3]]).double()
    variance, total = torch.full((1, 2), 0.001).double(), torch.tensor([-0.6]).double()
    values, error = james_stein(looked_up, sampled, variance, total, EXACT, 1)
    torch.testing.assert_close(values, looked_up)
    assert (error > 0.2).all()
    values, _ = james_stein(looked_up, sampled, variance, torch.tensor([0.0]).double(), EXACT, 1)
    assert (values - sampled).abs().max() < 0.1  # of one that hits it more is believed
