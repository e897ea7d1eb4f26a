"""Gradients against autograd's slow forms."""

import copy

import pytest
import torch
from support.nets import make_architecture
from torch import nn
from torch.func import jacrev, vmap

from agop_tabular.core import class_gradients, evaluating, score_gradient, score_jacobian


@pytest.fixture
def x():
    return torch.randn(20, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_jacobian_equals_vmap_of_jacrev(x):
    module = make_architecture("silu").double()
    oracle = vmap(jacrev(lambda row: module(row[None])[0]))(x)
    jacobian = score_jacobian(module, x)
    torch.testing.assert_close(jacobian, oracle, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(torch.stack(list(class_gradients(module, x)), 1), oracle, rtol=1e-10, atol=1e-12)


def test_contrast_subtracts_the_mean_over_classes(x):
    module = make_architecture("mlp").double()
    plain = score_jacobian(module, x)
    contrast = score_jacobian(module, x, contrast=True)
    torch.testing.assert_close(contrast, plain - plain.mean(1, keepdim=True))
    one, target, _ = score_gradient(module, x, lambda s: s.argmax(1), contrast=True)
    torch.testing.assert_close(one, contrast[torch.arange(20), target])


def test_contrast_of_two_classes_takes_one_backward_pass(x):
    module = nn.Sequential(nn.Linear(6, 8), nn.SiLU(), nn.Linear(8, 2)).double()
    plain = score_jacobian(module, x)
    passes = []
    module[2].register_full_backward_hook(lambda *_: passes.append(1))
    contrast = torch.stack(list(class_gradients(module, x, contrast=True)), 1)
    torch.testing.assert_close(contrast, plain - plain.mean(1, keepdim=True))
    assert len(passes) == 1


def test_contrast_is_a_factor_of_what_is_left_of_the_mean(x):
    module = make_architecture("mlp").double()
    for factor in (1.0, 1.5):
        plain = score_jacobian(module, x)
        expected = factor * (plain - plain.mean(1, keepdim=True))
        torch.testing.assert_close(score_jacobian(module, x, contrast=factor), expected)
        one, _, _ = score_gradient(module, x, lambda s: s.argmax(1), contrast=factor)
        torch.testing.assert_close(one, expected[torch.arange(20), module(x).argmax(1)])


@pytest.mark.parametrize("n_scores", [2, 3])
def test_a_link_is_differentiated_and_scores_are_chosen_by(x, n_scores):
    def link(s):
        return s.softmax(dim=1)

    module = nn.Sequential(nn.Linear(6, 8), nn.SiLU(), nn.Linear(8, n_scores)).double()
    expected = score_jacobian(lambda x: link(module(x)), x)
    seen = []
    found = torch.stack(list(class_gradients(module, x, link=link, seen=seen.append)), 1)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(seen[0], module(x).detach())
    if n_scores == 2:
        torch.testing.assert_close(score_jacobian(module, x, link=link, opposite=True), expected)
    one, target, s = score_gradient(module, x, lambda s: s.argmin(1), link=link)
    torch.testing.assert_close(one, expected[torch.arange(20), target])
    torch.testing.assert_close(s, module(x).detach())


def test_gradient_is_the_chosen_row_of_the_jacobian(x):
    module = make_architecture("gelu").double()
    jacobian, s = score_jacobian(module, x), module(x)
    gradient, target, _ = score_gradient(module, x, lambda s: s.argmin(1))
    torch.testing.assert_close(gradient, jacobian[torch.arange(20), s.argmin(1)])
    assert torch.equal(target, s.argmin(1))


@pytest.mark.parametrize("graph_free", [torch.no_grad, torch.inference_mode])
def test_gradients_under_no_grad(x, graph_free):
    module = make_architecture("mlp").double()
    expected = score_jacobian(module, x)
    with graph_free(), evaluating(module):
        jacobian = score_jacobian(module, x.clone())
    torch.testing.assert_close(jacobian, expected)


def test_the_input_is_left_without_a_gradient(x):
    score_jacobian(make_architecture("mlp").double(), x)
    assert not x.requires_grad
    assert x.grad is None


@pytest.mark.parametrize(
    "scores",
    [
        lambda x: x.detach() * 2,
        lambda x: torch.ones(len(x), 2, dtype=x.dtype, requires_grad=True) * 1,
        nn.Sequential(nn.Linear(6, 2).double(), nn.Flatten()).requires_grad_(False),
    ],
    ids=["detached", "constant", "frozen"],
)
def test_no_gradient_is_refused_and_frozen_weights_are_not(x, scores):
    if isinstance(scores, nn.Module):
        assert score_jacobian(scores, x).abs().sum() > 0
    else:
        with pytest.raises(ValueError, match="No gradient reaches the network's input"):
            score_jacobian(scores, x)


def test_scores_are_passed_to_whoever_asks(x):
    module, scores = make_architecture("mlp").double(), []
    list(class_gradients(module, x, seen=scores.append))
    (found,) = scores
    torch.testing.assert_close(found, module(x))
    assert not found.requires_grad


class Without(nn.Module):
    """Computes all, or a factor, in a context without gradients."""

    def __init__(self, context, *, part):
        super().__init__()
        self.net, self.context, self.part = make_architecture("mlp").double(), context, part

    def forward(self, x):
        if self.part:
            with self.context():
                factor = 2 * self.net[0].weight.sum()
            return self.net(x) * factor
        with self.context():
            return self.net(x)


@pytest.mark.parametrize("part", [False, True])
def test_inference_mode_inside_of_forward(part, x):
    with pytest.raises(ValueError, match="under torch.inference_mode, through which there is no gradient. Take it out"):
        score_jacobian(Without(torch.inference_mode, part=part), x)


def test_no_grad_inside_of_forward(x):
    with pytest.raises(ValueError, match="No gradient reaches the network's input.*torch.no_grad inside of forward"):
        score_jacobian(Without(torch.no_grad, part=False), x)
    assert score_jacobian(Without(torch.no_grad, part=True), x).any()


def test_a_network_made_under_inference_mode(x):
    with torch.inference_mode():
        module = nn.Linear(6, 3).double()
    with pytest.raises(ValueError, match=r"explain a copy: copy.deepcopy\(net\)"):
        score_jacobian(module, x)
    torch.testing.assert_close(score_jacobian(copy.deepcopy(module), x)[0], module.weight.clone())


def test_other_errors_of_the_network_stay(x):
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        score_jacobian(nn.Linear(5, 3).double(), x)
