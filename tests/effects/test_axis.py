"""Places on an axis, and how coordinates change along it."""

import torch

from agop_tabular.effects.axis import Axis

NONE = torch.zeros(0, dtype=torch.float64)


def along(points, direction, nodes):
    """The axis along a line of points."""
    edges, share = (nodes[1:] + nodes[:-1]) / 2, torch.full((len(nodes),), 1 / len(nodes), dtype=torch.float64)
    return Axis(torch.tensor([1, 2]), direction, edges, nodes, torch.arange(len(nodes)), None, share, False, points)


def test_a_single_coordinate_is_its_own_key():
    nodes = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64)
    axis = Axis(torch.tensor([1]), torch.ones(1), (nodes[1:] + nodes[:-1]) / 2, nodes, torch.arange(3), None, nodes)
    x = torch.tensor([[9.0, 0.4], [9.0, 0.5], [9.0, 5.0]])
    assert axis.keys(x).tolist() == x[:, 1].double().tolist()
    assert axis.bins(x).tolist() == [0, 1, 2]
    assert axis.grid.tolist() == [[0], [1], [3]]
    assert axis.tangents.tolist() == [[1], [1], [1]]


def test_keys_and_tangents_along_a_parabola():
    t = torch.linspace(-1, 1, 21, dtype=torch.float64)
    points = torch.stack((t, t**2), dim=1)
    axis = along(points, torch.tensor([1.0, 0.0], dtype=torch.float64), t)
    x = torch.cat((torch.zeros(21, 1), points), dim=1)
    torch.testing.assert_close(axis.keys(x), t)
    torch.testing.assert_close(axis.tangents[1:-1], torch.stack((torch.ones(19), 2 * t[1:-1]), dim=1).double())


def test_without_a_direction_keys_are_the_nearest_places():
    t = torch.linspace(0, 5, 51, dtype=torch.float64)
    axis = along(torch.stack((t.sin(), t.cos()), dim=1), NONE, t)
    between = torch.linspace(0.05, 4.9, 40, dtype=torch.float64)
    x = torch.stack((torch.zeros(40).double(), between.sin(), between.cos()), dim=1)
    torch.testing.assert_close(axis.keys(x), between, rtol=0, atol=2e-3)
    single = along(torch.zeros(1, 2, dtype=torch.float64), NONE, t[:1])
    assert single.tangents.tolist() == [[1, 1]]


def test_states_are_compared_at_themselves_even_where_their_effects_disagree_with_the_scores():
    nodes, states = torch.arange(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    edges = torch.tensor([0.5, 1.5], dtype=torch.float64)
    axis = Axis(torch.arange(3), nodes, edges, nodes, torch.arange(3), states, nodes / 3, compared=True)
    assert axis.compared_at is states
