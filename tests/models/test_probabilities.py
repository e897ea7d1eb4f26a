"""Scores behind a module that returns probabilities."""

import pytest
import torch
from support.nets import MLP
from torch import nn

from agop_tabular.models.probabilities import ScoresOfProbabilities, one_tensor


@pytest.fixture
def x():
    return torch.randn(20, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("final", [nn.Softmax(dim=-1), nn.LogSoftmax(dim=-1), nn.Sigmoid(), nn.LogSigmoid()])
def test_the_input_of_a_final_layer_is_the_scores(module, x, final):
    whole = nn.Sequential(module, final)
    independent = isinstance(final, (nn.Sigmoid, nn.LogSigmoid))
    wrapped, differences_only = ScoresOfProbabilities.around(whole, x, whole(x), independent=independent)
    torch.testing.assert_close(wrapped(x), module(x))
    assert not differences_only
    assert not whole[1]._forward_pre_hooks


@pytest.mark.parametrize("independent", [False, True])
def test_without_a_final_layer_logarithms_are_taken(x, independent):
    class Functional(MLP):
        def forward(self, x):
            z = super().forward(x)
            return torch.sigmoid(z) if independent else torch.softmax(z, dim=-1)

    module = Functional(6, 3)
    wrapped, differences_only = ScoresOfProbabilities.around(module, x, module(x), independent=independent)
    p = module(x)
    torch.testing.assert_close(wrapped(x), torch.logit(p) if independent else torch.log(p))
    assert differences_only != independent


def test_a_sigmoid_that_rounds_to_1_is_as_far_as_its_precision_tells():
    def of(z):
        whole = Sigmoid()
        return ScoresOfProbabilities(whole, None, independent=True)(z)

    class Sigmoid(nn.Module):
        def forward(self, z):
            return torch.sigmoid(z)

    z = torch.tensor([[10.0], [16.0], [30.0], [100.0], [-30.0], [-200.0]])
    scores = of(z)
    assert scores[0] == pytest.approx(10, abs=1e-2)
    assert scores[2] == scores[3] == pytest.approx(16.6, abs=0.1)  # no jump to the 87 of the smallest number
    assert scores[4] == pytest.approx(-30)
    certain = ScoresOfProbabilities(Sigmoid(), None, independent=True).certain(scores)
    assert certain.tolist() == [False, False, True, True, False, True]


def test_probabilities_of_0_are_told_from_small_ones():
    wrapped = ScoresOfProbabilities(nn.Identity(), None, independent=False)
    p = torch.tensor([[0.0, 1.0], [1e-30, 1.0], [0.5, 0.5], [1.0, 0.0]])
    assert wrapped.certain(wrapped(p)).tolist() == [True, False, False, True]
    behind = ScoresOfProbabilities(nn.Identity(), "final", independent=False)
    assert not behind.certain(wrapped(p)).any()


def test_a_softmax_inside_the_module_is_not_its_end(module, x):
    whole = nn.Sequential(module, nn.Softmax(dim=-1), nn.Linear(3, 3), nn.Softplus(), nn.Tanh())
    wrapped, _ = ScoresOfProbabilities.around(whole, x, whole(x), independent=False)
    torch.testing.assert_close(wrapped(x), torch.log(whole(x)))


def test_logarithms_of_probabilities_are_scores_already(module, x):
    class Functional(nn.Module):
        def forward(self, x):
            return torch.log_softmax(module(x), dim=-1)

    whole = Functional()
    wrapped, differences_only = ScoresOfProbabilities.around(whole, x, whole(x), independent=False)
    assert wrapped is whole
    assert differences_only


@pytest.mark.parametrize("make", [lambda one: (one, 3), lambda one: [one], lambda one: {"scores": one}])
def test_what_is_not_one_tensor_is_refused(make):
    one = torch.ones(2)
    assert one_tensor(one) is one
    with pytest.raises(ValueError, match="returned (tuple|list|dict), not a tensor. Wrap it"):
        one_tensor(make(one))
