"""The same tables against other background rows."""

import numpy as np
import pytest
import torch
from support.known_effects import table

from agop_tabular.effects.background import Background
from agop_tabular.effects.look_up import LookUp


def whole(effects, x, c):
    """What main and pair effects make of a score at rows, (b,), read from the tables one axis after the other."""
    every = range(len(effects.axes))
    u = torch.stack([effects.factors_at(i, x)[c] for i in every])  # (n_axes, b, r)
    pairs = (u.sum(dim=0).square() - u.square().sum(dim=0)) @ effects.signs[c] / 2
    return torch.stack([effects.main(i, x)[c] for i in every]).sum(dim=0) + pairs


@pytest.mark.parametrize("n", [1, 40])
def test_factors_have_mean_zero_over_the_background(effects, n):
    x = table(n, seed=5)
    centred = Background.of(effects, x).centred(effects)
    for i in range(len(effects.axes)):
        np.testing.assert_allclose(centred.factors_at(i, x).mean(dim=1), 0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 40])
def test_look_ups_change_by_the_formula_of_background_rows(effects, n):
    """φ(x) - φ(b) is that of the first tables plus ``½ (u(x)·Ū - ū·U(x))``, whatever the rows."""
    background, x, c = table(n, seed=6), table(30, seed=7), 1
    first = LookUp(effects, dtype=torch.float64)
    moved = LookUp(Background.of(effects, background).centred(effects), dtype=torch.float64)
    every = [i for i in range(len(effects.axes)) if first.interacts[i]]
    u = torch.stack(
        [
            effects.factors_at(i, x)[c] if i in every else 0 * effects.factors_at(i, x)[c]
            for i in range(len(effects.axes))
        ]
    )
    u_b = torch.stack(
        [
            effects.factors_at(i, background)[c] if i in every else 0 * effects.factors_at(i, background)[c]
            for i in range(len(effects.axes))
        ]
    )
    mean, signs = u_b.mean(dim=1), effects.signs[c]
    change = 0.5 * ((u * signs) @ mean.sum(dim=0) - torch.einsum("ir,br->ib", mean * signs, u.sum(dim=0)))
    constant = first.attributions(background, c).mean(dim=0)
    expected = first.attributions(x, c) - constant + change.T
    found = moved.attributions(x, c) - moved.attributions(background, c).mean(dim=0)
    size = float(expected.abs().max())
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=0.02 * size)  # cells of the tables are linear


def test_what_effects_add_up_to_stays_the_same_but_for_a_constant(effects):
    background, x = table(20, seed=8), table(50, seed=9)
    moved = Background.of(effects, background).centred(effects)
    for c in range(len(effects.signs)):
        others = torch.stack(
            [(moved.factors_at(i, x)[c] * moved.others[i, c]).sum(dim=1) for i in range(len(effects.axes))]
        )
        difference = whole(moved, x, c) + others.sum(dim=0) - whole(effects, x, c)
        np.testing.assert_allclose(difference - difference.mean(), 0, atol=1e-9)
