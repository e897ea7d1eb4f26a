"""Refinement: the tables' Shapley values in closed form against brute force, and errors that never grow."""

import itertools
import math

import numpy as np
import pytest
import torch

from agop_tabular.core.gradients import class_gradients
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.permutations import permutation_gains
from agop_tabular.effects.refinement import Refinement, shrunk
from agop_tabular.effects.sums import EffectSums, shuffled
from agop_tabular.effects.tables import Effects

D = 4
COLUMNS = torch.tensor([0, 1, 2, 3, 3])


def scores(x):
    """Pairs, and a product of three columns that no table holds; the last column has two coordinates."""
    a, b, c, s, t = x.unbind(1)
    return torch.stack((a * b + torch.sin(2 * c) + a * c * s, s * t + b * s, 0 * a), dim=1)


def rows(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g, dtype=torch.float64)
    return torch.cat((x, (x[:, 3:] ** 2 - 1) / 2), dim=1)


def brute_force(f, x, background):
    """Interventional Shapley values by all coalitions, (b, D, C)."""
    values = {}
    for size in range(D + 1):
        for present in itertools.combinations(range(D), size):
            inside = torch.isin(COLUMNS, torch.tensor(present, dtype=torch.long))
            hybrid = torch.where(inside, x[:, None], background[None])
            values[present] = f(hybrid.reshape(-1, 5)).reshape(len(x), len(background), -1).mean(dim=1)
    out = torch.zeros(len(x), D, values[()].shape[1], dtype=torch.float64)
    for j in range(D):
        for present in values:
            if j not in present:
                weight = math.factorial(len(present)) * math.factorial(D - len(present) - 1) / math.factorial(D)
                out[:, j] += weight * (values[tuple(sorted((*present, j)))] - values[present])
    return out


@pytest.fixture(scope="module")
def tables():
    background = rows(300, 0)
    axes = find_axes(background)
    moment = EffectSums(axes, 3)
    for x, over in shuffled(background, axes, COLUMNS, 20_000, 5000, torch.Generator().manual_seed(0)):
        moment.update(scores, x, class_gradients(scores, x), over)
    effects = Effects.of(moment)
    return effects, LookUp(effects), background


def refinement(tables, n_pairs, seed=0):
    return Refinement(*tables, COLUMNS, D, n_pairs, seed)


def folded(values):
    return torch.zeros(len(values), D, dtype=torch.float64).index_add_(1, COLUMNS, values)


def test_gains_are_those_of_brute_force_on_average(tables):
    x, background = rows(5, 1), tables[2][:1]
    orders = torch.tensor(list(itertools.permutations(range(D))))
    gains = permutation_gains(scores, x, background.expand(len(orders), -1), orders, COLUMNS)
    assert gains.shape == (5, 24, 2, D, 3)
    torch.testing.assert_close(gains.mean(dim=(1, 2)), brute_force(scores, x, background))
    torch.testing.assert_close(gains[:, :, 0].mean(1), gains[:, :, 1].mean(1))


def test_closed_form_of_the_tables(tables):
    effects, look_up, background = tables
    found, x = refinement(tables, 2), rows(6, 2)

    def tabulated(z):
        return torch.stack([look_up.attributions(z, c).double().sum(dim=1) for c in range(3)], dim=1)

    for c in range(3):
        phi, u = found._read(x, c)
        against_all = found._against(c, phi, u, *found._of_all[c])
        expected = brute_force(tabulated, x, background)[..., c]
        np.testing.assert_allclose(against_all, expected, atol=2e-3 * float(expected.abs().max() + 1))
        phi_b, u_b = found._read(background[:1], c)
        single = found._against(c, phi, u, phi_b[0], u_b[0])
        expected = brute_force(tabulated, x, background[:1])[..., c]
        np.testing.assert_allclose(single, expected, atol=2e-3 * float(expected.abs().max() + 1))


@pytest.mark.parametrize("c", [0, 1])
def test_goes_to_the_shapley_values_and_never_away(tables, c):
    x = rows(40, 3)
    own = brute_force(scores, x, tables[2])[..., c]
    looked_up = folded(tables[1].attributions(x, c).double())
    total = own.sum(dim=1)
    looked_up += (total - looked_up.sum(dim=1))[:, None] / D
    target = torch.full((40, 1), c)

    def error(values):
        return float((values - own).norm() / own.norm())

    start, errors = error(looked_up), []
    for n_pairs in (1, 4, 16, 256):
        found = refinement(tables, n_pairs).refined(scores, x, looked_up[:, :, None], total[:, None], target)
        values, standard = (part[:, :, 0] for part in found)
        errors.append(error(values))
        assert standard.shape == (40, D)
    assert max(errors) < 1.2 * start
    assert errors[-1] < 0.4 * start
    within = (values - own).abs() < 3 * standard + 1e-3
    assert within.double().mean() > 0.8  # rows share their draws, so that one bad draw is seen in many
    torch.testing.assert_close(values.sum(dim=1), total, atol=1e-6, rtol=1e-5)


def test_unbiased_before_it_is_shrunk(tables):
    x = rows(8, 4)
    own = brute_force(scores, x, tables[2])[..., 0]
    samples = []
    for seed in range(30):
        samples.append(refinement(tables, 20, seed)._sampled(scores, x, [0])[0][0])
    samples = torch.stack(samples)
    z = (samples.mean(0) - own) / (samples.std(0) / 30**0.5)
    assert z.abs().max() < 5
    assert z.square().mean() < 2


def test_shrinking():
    found, total = torch.tensor([[1.0, 2.0]]).double(), torch.tensor([3.0]).double()
    sampled, none, much = found + torch.tensor([0.5, -0.5]), torch.zeros(1, 2).double(), torch.ones(1, 2).double()
    torch.testing.assert_close(shrunk(found, sampled, none, total, 8)[0], sampled)
    torch.testing.assert_close(shrunk(found, sampled, much, total, 8)[0], found)
    values, _ = shrunk(found, sampled + 1.0, 1e-6 * much, total, 8)
    torch.testing.assert_close(values.sum(), total[0])  # what does not fit the total goes to the uncertain ones


def test_pairs_in_parts_are_the_same(tables, monkeypatch):
    x = rows(7, 5)
    whole = refinement(tables, 12)._sampled(scores, x, [0, 1])
    monkeypatch.setattr("agop_tabular.effects.permutations.EVALUATED", 2 * (D + 1) * 7 * 5)
    evaluated = []

    def counted(z):
        evaluated.append(len(z))
        return scores(z)

    parts = refinement(tables, 12)._sampled(counted, x, [0, 1])
    for c in (0, 1):
        torch.testing.assert_close(parts[c], whole[c], rtol=1e-5, atol=1e-6)  # tables are read in float32
    assert max(evaluated) <= (D + 1) * 7 * 5
    assert sum(evaluated) == 2 * (D + 1) * 7 * 12  # once for all scores
