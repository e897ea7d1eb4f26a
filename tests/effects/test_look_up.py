"""Attributions against the Shapley values of known functions, and against a slow reading of the tables."""

from functools import partial

import numpy as np
import pytest
import torch
from support.known_effects import BLOCK, scores, shapley, table

from agop_tabular.core.gradients import class_gradients
from agop_tabular.core.states import scores_in_states
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import Effects


def by_column(found, axes):
    """Attributions in the order of the columns of `shapley`."""
    return found[:, np.argsort([int(axis.coordinates[0]) for axis in axes])]


def test_attributions_are_the_shapley_values(rows, effects):
    look_up = LookUp(effects)
    x = table(500, seed=1)
    expected = shapley(x, rows)
    for c in range(3):
        found = by_column(look_up.attributions(x, c).double(), effects.axes)
        error = (found - expected[:, :, c]).norm() / expected[:, :, c].norm()
        assert error < 0.12, (c, error)
        cosine = torch.nn.functional.cosine_similarity(found, expected[:, :, c])
        assert cosine.median() > 0.99
    assert look_up.attributions(x, 3).abs().max() == 0


def test_columns_that_do_nothing_get_nothing(effects):
    found = by_column(LookUp(effects).attributions(table(100, seed=2), 1), effects.axes)
    assert found[:, [2, 3]].abs().max() < 0.1 * found[:, [0, 1]].abs().mean()


def read_slowly(effects, x, c):
    """Attributions of one row, a number at a time."""
    values, factors = [], []
    for i, axis in enumerate(effects.axes):
        key = float(axis.keys(x[None])[0])
        nodes, h = effects.nodes[i].numpy(), effects.mains[i][c].numpy()
        u = effects.factors_at_nodes(i)[c].numpy() if axis.states is not None else effects.factors[i][c].numpy()
        if axis.states is not None:
            at = int(axis.bins(x[None])[0])
            values.append(h[at])
            factors.append(u[at])
            continue
        value = np.interp(key, nodes, h)
        value += (h[1] - h[0]) / (nodes[1] - nodes[0]) * min(key - nodes[0], 0)
        value += (h[-1] - h[-2]) / (nodes[-1] - nodes[-2]) * max(key - nodes[-1], 0)
        values.append(value)
        knots = effects.knots[i].numpy()
        factors.append(np.array([np.interp(key, knots, u[:, r]) for r in range(u.shape[1])]))
    signs, factors = effects.signs[c].numpy(), np.array(factors)
    pairs = [0.5 * (signs * factors[j] * (factors.sum(0) - factors[j])).sum() for j in range(len(factors))]
    return np.array(values) + pairs


@pytest.mark.parametrize("simpler", [False, True])
def test_the_tables_are_read(effects, simpler):
    if simpler:  # the first axes have fewer knots than others, and other units
        effects = effects.with_knots({i: torch.tensor([0, len(effects.knots[i]) - 1]) for i in range(2)})
    x = table(40, seed=3)
    x[0, :4] = torch.tensor([50.0, -50.0, 0.0, 1e4])  # far outside
    x[1, 4:] = 0.0  # a category never seen
    for c in range(3):
        slow = np.stack([read_slowly(effects, row, c) for row in x])
        fast = LookUp(effects).attributions(x, c).numpy()
        np.testing.assert_allclose(fast, slow, atol=0.1 * np.abs(slow[2:]).max(), rtol=0.02)
        error = np.linalg.norm(fast[2:] - slow[2:]) / np.linalg.norm(slow[2:])
        assert error < 0.02, (c, error)


def test_one_target_for_each_row(effects):
    look_up, x = LookUp(effects), table(300, seed=4)
    target = torch.arange(300) % 4
    every = torch.stack([look_up.attributions(x, c) for c in range(4)], dim=2)
    mixed = look_up.attributions(x, target)
    torch.testing.assert_close(mixed, every[torch.arange(300), :, target], rtol=1e-5, atol=1e-6)


def test_chunks_do_not_show(effects):
    look_up, x = LookUp(effects, dtype=torch.float64), table(100, seed=5)
    whole = look_up.attributions(x, 1)
    look_up.chunk = 7
    torch.testing.assert_close(look_up.attributions(x, 1), whole, rtol=1e-12, atol=1e-14)


def test_without_pair_effects_attributions_are_main_effects(rows):
    axes = find_axes(rows, [BLOCK])
    sums = EffectSums(axes, 4, importance=torch.zeros(len(axes)))
    sums.update(partial(scores_in_states, scores), rows, class_gradients(scores, rows))
    effects = Effects.from_sums(sums)
    look_up = LookUp(effects, dtype=torch.float64)
    assert not look_up.interacts.any()
    assert look_up.rank == 0
    found, x = look_up.attributions(rows[:50], 2), rows[:50]
    expected = torch.stack([effects.main(i, x)[2] for i in range(len(axes))], dim=1)
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02 * float(expected.abs().max()))
