"""Axes of states: blocks, rare levels, and coordinates that move together."""

import numpy as np
import torch

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.state_axes import FREQUENT


def tensor(*columns):
    return torch.tensor(np.column_stack(columns), dtype=torch.float64)


def test_one_hot_blocks_are_states_with_one_for_none():
    rng = np.random.default_rng(0)
    level = rng.choice(3, 100, p=[0.7, 0.2, 0.1])
    rows = tensor(np.eye(3)[level], rng.normal(size=100))
    block = (torch.arange(3), torch.zeros(3), torch.ones(3))
    states, numeric = find_axes(rows, [block])
    assert numeric.coordinates.tolist() == [3]
    assert states.states.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(states.share, [0, *np.bincount(level) / 100])
    assert (states.bins(rows) == torch.tensor(level) + 1).all()
    assert states.bins(torch.zeros(1, 4)).tolist() == [0]


def test_scaled_indicators_and_blocks_that_are_not_one_hot():
    rng = np.random.default_rng(0)
    on = np.eye(2)[rng.integers(0, 2, 60)]
    scaled = tensor(on * [2.0, 5.0] - [0.5, 1.0])
    (axis,) = find_axes(scaled, [(torch.arange(2), torch.tensor([-0.5, -1.0]), torch.tensor([1.5, 4.0]))])
    assert axis.states is not None
    assert (axis.bins(scaled) == torch.tensor(on.argmax(1)) + 1).all()
    splines = tensor(rng.random(60), rng.random(60))
    assert all(a.states is None for a in find_axes(splines, [(torch.arange(2), torch.zeros(2), torch.ones(2))]))


def test_rare_levels_share_one_group_in_pairs():
    level = np.concatenate([np.repeat(np.arange(30), np.arange(30, 0, -1) * 10)])
    block = (torch.arange(30), torch.zeros(30), torch.ones(30))
    (axis,) = find_axes(tensor(np.eye(30)[level]), [block])
    assert axis.n_bins == 31
    assert axis.n_groups == FREQUENT + 1
    assert (axis.groups[axis.share.argsort(descending=True)[:FREQUENT]].sort().values == torch.arange(16)).all()


def test_coordinates_that_move_together_are_one_axis():
    g = torch.Generator().manual_seed(0)
    codes = torch.randint(5, (1000,), generator=g)
    rows = torch.cat((torch.randn(5, 3, generator=g)[codes], torch.randn(1000, 2, generator=g)), dim=1)
    axes = find_axes(rows, column_of=torch.tensor([0, 0, 0, 1, 2]))
    assert [axis.coordinates.tolist() for axis in axes] == [[0, 1, 2], [3], [4]]
    assert axes[0].n_bins == 5
    bins = axes[0].bins(rows)
    assert all(len(torch.unique(bins[codes == c])) == 1 for c in range(5))
    assert torch.allclose(axes[0].states[bins], rows[:, :3].double())
    assert len(find_axes(rows)) == 5


def test_combinations_that_are_too_many_are_separate_axes():
    g = torch.Generator().manual_seed(0)
    rows = torch.randn(1000, 2, generator=g)
    assert len(find_axes(rows, column_of=torch.tensor([0, 0]))) == 2
