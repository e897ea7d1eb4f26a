"""Sampled Shapley values: the tables' share in closed form against brute force, and samples without bias."""

import numpy as np
import pytest
import torch
from support.three_way import COLUMNS, D, brute_force, scores, table

from agop_tabular.effects.shapley_sampling import ShapleySampling


@pytest.fixture(scope="module")
def sampling(three_way_tables):
    return ShapleySampling(*three_way_tables, COLUMNS, D)


def game(look_up, triples, x):
    """What the tables make of the scores at rows, (b, C), but for a constant."""
    of_pairs = torch.stack([look_up.attributions(x, c).double().sum(dim=1) for c in range(3)], dim=1)
    return of_pairs if triples is None else of_pairs + torch.stack([triples.effects(x, c).sum(1) for c in range(3)], 1)


@pytest.mark.parametrize("c", [0, 1, 2])
def test_closed_form_of_the_tables(sampling, c):
    """Effects of one, two and three columns against dependent rows, and against one row."""
    look_up, triples, background, x = sampling.look_up, sampling.triples, sampling.background, table(6, 2)
    assert len(triples.members) > 0

    def tabulated(z):
        return game(look_up, triples, z)

    expected = brute_force(tabulated, x, background)[..., c]
    np.testing.assert_allclose(sampling.tabulated(x, c), expected, atol=2e-3 * float(expected.abs().max() + 1))
    expected = brute_force(tabulated, x, background[:1])[..., c]
    single = sampling.tabulated(x, c, background[0])
    np.testing.assert_allclose(single, expected, atol=2e-3 * float(expected.abs().max() + 1))


def test_samples_are_unbiased(sampling):
    x = table(8, 4)
    own = brute_force(scores, x, sampling.background)[..., 0]
    samples = torch.stack([sampling.sample(scores, x, [0], sampling.draws(20, seed))[0][0] for seed in range(30)])
    z = (samples.mean(0) - own) / (samples.std(0) / 30**0.5)
    assert z.abs().max() < 5
    assert z.square().mean() < 2


def test_rows_with_draws_of_their_own(sampling):
    """The same values as one row after the other, and errors that say nothing of each other."""
    x = table(6, 4)
    draws = sampling.draws(12, 0, n_rows=6)
    together = sampling.sample(scores, x, [0, 2], draws)
    for i in range(6):
        own = type(draws)(draws.absent[i], draws.orders[i])
        alone = sampling.sample(scores, x[i : i + 1], [0, 2], own)
        for c in (0, 2):
            for found, expected in zip(together[c], alone[c], strict=True):
                torch.testing.assert_close(found[i : i + 1], expected, rtol=1e-5, atol=1e-6)
    same = table(1, 5).expand(200, -1)  # one row two hundred times: the spread of its values is their standard error
    values, variances = sampling.sample(scores, same, [0], sampling.draws(8, 1, n_rows=200))[0]
    own = brute_force(scores, same[:1], sampling.background)[..., 0]
    z = (values.mean(dim=0) - own[0]) / (values.std(dim=0) / 200**0.5)
    assert z.abs().max() < 4
    torch.testing.assert_close(values.var(dim=0), variances.mean(dim=0), rtol=0.3, atol=1e-6)


def test_draws_use_all_background_rows_alike(sampling):
    draws = sampling.draws(450, 1)
    used = (draws.absent[:, None] == sampling.background).all(dim=2).double().argmax(dim=1).bincount()
    assert used.min() >= 1
    assert used.max() <= 2
    assert (draws.orders.sort(dim=1).values == torch.arange(D)).all()
    again = sampling.draws(450, 1)
    assert torch.equal(draws.orders, again.orders)
    assert torch.equal(draws.absent, again.absent)


def test_pairs_in_parts_are_the_same(sampling, monkeypatch):
    x, draws = table(7, 5), sampling.draws(12, 0)
    whole = sampling.sample(scores, x, [0, 1], draws)
    monkeypatch.setattr("agop_tabular.effects.permutations.MAX_ROWS", 2 * (D + 1) * 7 * 5)
    evaluated = []

    def counted(z):
        evaluated.append(len(z))
        return scores(z)

    parts = sampling.sample(counted, x, [0, 1], draws)
    for c in (0, 1):
        torch.testing.assert_close(parts[c], whole[c], rtol=1e-5, atol=1e-6)  # tables are read in float32
    assert max(evaluated) <= (D + 1) * 7 * 5
    assert sum(evaluated) == 2 * (D + 1) * 7 * 12  # once for all scores
