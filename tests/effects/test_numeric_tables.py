"""Cells and ramps against the effects that they stand for."""

import pytest
import torch
from support.known_effects import table

from agop_tabular.effects.numeric_tables import NumericTables
from agop_tabular.effects.scratch import Scratch


def numeric(effects):
    return [i for i, axis in enumerate(effects.axes) if axis.states is None]


def read(effects, axes, interacts, x, c):
    """Values (b, n) without and with the pair effects of all axes of the tables, and the sum of their factors."""
    scratch = Scratch(torch.device("cpu"), torch.float64)
    tables = NumericTables(effects, axes, interacts, "cpu", torch.float64)
    reading = tables.read(x, c, scratch)
    own = reading.own.clone()
    factor_sum = reading.factor_sum * 0.5 * effects.signs[c][:, None]
    return own.T, tables.with_pairs(c, reading, factor_sum, scratch).T, reading.factor_sum.T


@pytest.mark.parametrize("paired", [4, 2, 0])
def test_values_are_main_and_pair_effects(effects, paired):
    axes, x, c = numeric(effects), table(200, seed=1), 1
    interacts = torch.zeros(len(effects.axes), dtype=torch.bool)
    interacts[axes[:paired]] = True
    own, whole, factor_sum = read(effects, axes, interacts, x, c)
    factors = [effects.factors_at(i, x)[c] * interacts[i] for i in axes]
    torch.testing.assert_close(factor_sum, sum(factors))
    signs = effects.signs[c]
    for n, i in enumerate(axes):
        main, u = effects.main(i, x)[c], factors[n]
        size = float(main.abs().max() + (u * sum(factors)).abs().max())
        torch.testing.assert_close(own[:, n], main - 0.5 * (u * u) @ signs, rtol=0.02, atol=0.02 * size)
        others = sum(factors) - u
        torch.testing.assert_close(whole[:, n], main + 0.5 * (u * others) @ signs, rtol=0.02, atol=0.02 * size)


def test_knots_of_different_number(effects):
    axes, x = numeric(effects), table(100, seed=2)
    fewer = effects.with_knots({axes[0]: torch.tensor([0, len(effects.knots[axes[0]]) - 1])})
    every = torch.ones(len(effects.axes), dtype=torch.bool)
    _, _, factor_sum = read(fewer, axes, every, x, 1)
    torch.testing.assert_close(factor_sum, sum(fewer.factors_at(i, x)[1] for i in axes))


@pytest.mark.parametrize("key", [0.0, -0.0, 1e-30, -1e-30, 1e30, -1e30])
def test_cells_reach_everywhere(effects, key):
    axes = numeric(effects)
    x = torch.full((3, 7), key, dtype=torch.float64)
    none = torch.zeros(len(effects.axes), dtype=torch.bool)
    own, _, _ = read(effects, axes, none, x, 0)
    for n, i in enumerate(axes):
        expected = effects.main(i, x)[0]
        torch.testing.assert_close(own[:, n], expected, rtol=1e-3, atol=0.02 * float(effects.mains[i][0].abs().max()))


def test_coordinates_in_another_order(effects):
    axes, x = numeric(effects), table(20, seed=3)
    none = torch.zeros(len(effects.axes), dtype=torch.bool)
    straight, _, _ = read(effects, axes, none, x, 0)
    back, _, _ = read(effects, axes[::-1], none, x, 0)
    torch.testing.assert_close(back.flip(1), straight)
