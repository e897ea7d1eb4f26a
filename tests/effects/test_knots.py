"""Knots that are left out, against the pair effects themselves."""

from dataclasses import replace

import torch

from agop_tabular.effects.knots import simplified


def test_simpler_effects_are_within_what_may_be_lost(effects):
    """By the pair effects themselves, at every pair of grid points."""
    simple = simplified(effects)
    assert sum(map(len, simple.knots)) < sum(map(len, effects.knots))
    lost = torch.zeros(len(effects.signs), dtype=torch.float64)
    for i in range(len(effects.axes)):
        for j in range(i):
            share = effects.share[i][:, None] * effects.share[j]
            lost += ((effects.pair(i, j) - simple.pair(i, j)).square() * share).sum(dim=(1, 2))
    assert (lost <= 1.1 * effects.negligible()).all()


def test_main_effects_and_states_keep_everything(effects):
    simple = simplified(effects)
    for i, axis in enumerate(effects.axes):
        assert torch.equal(simple.mains[i], effects.mains[i])
        if axis.states is not None:
            assert torch.equal(simple.factors[i], effects.factors[i])


def test_linear_factors_need_their_ends_only(effects):
    numeric = [i for i, axis in enumerate(effects.axes) if axis.states is None]
    factors = list(effects.factors)
    for i in numeric:
        knots = effects.knots[i]
        along = (knots - knots[0]) / (knots[-1] - knots[0])
        factors[i] = factors[i][:, :1] + along[:, None] * (factors[i][:, -1:] - factors[i][:, :1])
    linear = replace(effects, factors=tuple(factors))
    assert all(len(simplified(linear).knots[i]) == 2 for i in numeric)
