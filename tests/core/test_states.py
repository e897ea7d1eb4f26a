"""Scores in states, behind the layers that read the input and at the input itself."""

import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.core import InputLayer, evaluating
from agop_tabular.core.states import scores_in_states

P, COORDINATES = 30, torch.tensor([3, 4, 5, 20])


class Wide(nn.Module):
    """Two layers on the input; above 100 the input itself, too."""

    def __init__(self, skip=False):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.out, self.skip = nn.Linear(P, 8), nn.Linear(P, 5), nn.Linear(13, 2), skip

    def forward(self, x):
        s = self.out(torch.cat((self.a(x).tanh(), self.b(x)), dim=1))
        return s + x[:, :2] if self.skip and not (x.abs() < 100).all() else s


def mlp(hidden):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(P, 16), hidden, nn.Linear(16, 3))


def rows(n=50):
    return torch.randn(n, P, generator=torch.Generator().manual_seed(1))


def expected(module, x, states):
    """One state after the other."""
    found = []
    for state in states:
        moved = x.clone()
        moved[:, COORDINATES] = state
        found.append(module(moved))
    return torch.stack(found, dim=-1)


@pytest.mark.parametrize("module", [mlp(nn.ReLU()), mlp(nn.ReLU(inplace=True)), Wide(), nn.Linear(P, 3)])
@pytest.mark.parametrize("n_states", [1, 7, 90])
def test_behind_the_layers_as_at_the_input(module, n_states):
    x, states = rows(), torch.randn(n_states, 4, generator=torch.Generator().manual_seed(2))
    called = []
    layer = InputLayer.find(module, module, x)
    with evaluating(module), torch.no_grad():
        wanted = expected(module, x, states)
        hook = module.register_forward_hook(lambda _, args, __: called.append(bool(torch.isfinite(args[0]).any())))
        behind = scores_in_states(module, x, states, COORDINATES, layer)
        assert not any(called), "the input is not looked at"
        hook.remove()
        plain = scores_in_states(module, x, states, COORDINATES)
    torch.testing.assert_close(plain, wanted)
    torch.testing.assert_close(behind, wanted)
    assert not any("forward" in vars(m) for m in module.modules()), "layers are as they were"


def test_what_reads_the_input_elsewhere_is_scored_at_the_input():
    module, states = Wide(skip=True), torch.randn(5, 4, generator=torch.Generator().manual_seed(2))
    layer = InputLayer.find(module, module, rows())
    assert layer is not None, "on these rows nothing else is read"
    x = rows() * 200
    with evaluating(module), torch.no_grad():
        torch.testing.assert_close(scores_in_states(module, x, states, COORDINATES, layer), expected(module, x, states))


def test_large_coordinates_cost_no_digits():
    """What is set to a state is left out of the sum, not taken from it again."""
    module, x = mlp(nn.Tanh()), rows()
    x[:, COORDINATES] = 1e9
    states = torch.randn(5, 4, generator=torch.Generator().manual_seed(2))
    with evaluating(module), torch.no_grad():
        found = scores_in_states(module, x, states, COORDINATES, InputLayer.find(module, module, rows()))
        torch.testing.assert_close(found, expected(module, x, states))


def test_levels_of_a_category_are_explained_alike_with_and_without_the_layer():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (400, 3)).astype(str)
    y = (X[:, 0] > "4").astype(int) ^ (X[:, 1] == "2")
    model = make_pipeline(OneHotEncoder(sparse_output=False), MLPClassifier((8,), max_iter=60, random_state=0)).fit(
        X, y
    )
    behind = AGOPExplainer(model).fit(X)
    at_the_input = AGOPExplainer(model, moment="dense").fit(X)
    assert behind.model_.layer is not None
    assert at_the_input.model_.layer is None
    np.testing.assert_allclose(behind.explain(X[:40]), at_the_input.explain(X[:40]), atol=1e-8)
