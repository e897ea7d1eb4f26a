"""Sampled Shapley values with their noise, against brute force."""

import numpy as np
import pytest
import torch
from support.functions import brute_force
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.audit.sampled_values import evaluations_a_pair, sample_values


class Net(nn.Module):
    def forward(self, x):
        a, b, c = x.unbind(1)
        return torch.stack((a * b * c + torch.sin(2 * c), a.abs() + b), dim=1)


X = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def explainer():
    net = Net()
    net.classes_ = None
    return AGOPExplainer(net).fit(X)


def sampled(explainer, n_pairs, seed=0, rows=X[:12]):
    x = explainer.model_.coordinates(rows)
    background = explainer.statistics_.background
    return sample_values(explainer.model_, explainer.attributor_.method, background, x, n_pairs, seed)


def test_they_go_to_the_shapley_values_as_their_variances_say(explainer):
    found = sampled(explainer, 400)
    for c in range(2):
        own = brute_force(lambda x, c=c: Net()(x)[:, c], X[:12], X)
        z = (found.values[:, :, c] - own) / np.sqrt(found.variances[:, :, c]).clip(1e-3)
        assert np.abs(z).max() < 5
        assert np.square(z).mean() < 2
    assert found.n_evaluations == 12 * 400 * evaluations_a_pair(3) == 12 * 400 * 2 * 4


def test_two_together_weigh_by_their_evaluations(explainer):
    a, b = sampled(explainer, 8), sampled(explainer, 24, seed=1)
    both = a + b
    np.testing.assert_allclose(both.values, a.values / 4 + 3 * b.values / 4)
    np.testing.assert_allclose(both.variances, a.variances / 16 + 9 * b.variances / 16)
    assert both.n_evaluations == a.n_evaluations + b.n_evaluations
    assert both.variances.mean() < min(a.variances.mean(), b.variances.mean())


def test_a_table_in_which_nothing_varies():
    constant = np.ones((20, 3), dtype=np.float32)
    with pytest.warns(UserWarning, match="zero"):
        explainer = AGOPExplainer(nn.Linear(3, 1)).fit(constant)
    found = sampled(explainer, 4, rows=constant[:9])
    assert not found.values.any()
    assert found.n_evaluations == 0
    assert not (found + found).values.any()
