"""Moments against dense sums, in one pass and in two; the factored one against the dense one."""

import numpy as np
import pytest
import torch
from torch import nn

from agop_tabular.core import (
    DenseMoment,
    DiagonalMoment,
    FactoredMoment,
    Filter,
    InputLayer,
    class_gradients,
    evaluating,
)

P = 30


@pytest.fixture
def jacobian():
    return torch.randn(50, 3, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_dense_is_the_sum_of_outer_products(jacobian):
    moment = DenseMoment(7)
    moment.update(jacobian.unbind(1))
    oracle = sum(np.outer(g, g) for row in jacobian.numpy() for g in row) / 50
    np.testing.assert_allclose(moment.mean(), oracle, rtol=1e-12)


def test_diagonal_is_the_diagonal_of_dense(jacobian):
    dense, diagonal = DenseMoment(7), DiagonalMoment(7)
    for part in jacobian.split(8):
        dense.update(part.unbind(1))
        diagonal.update(iter(part.unbind(1)))
    torch.testing.assert_close(diagonal.mean(), torch.diagonal(dense.mean()))


@pytest.mark.parametrize("kind", [DenseMoment, DiagonalMoment])
def test_merging_halves_equals_one_pass(jacobian, kind):
    whole, first, second = kind(7), kind(7), kind(7)
    whole.update(jacobian.unbind(1))
    first.update(jacobian[:20].unbind(1))
    second.update(jacobian[20:].unbind(1))
    first.merge(second)
    assert first.n == whole.n
    torch.testing.assert_close(first.mean(), whole.mean())


def test_infinite_gradients_are_seen(jacobian):
    for kind in (DenseMoment, DiagonalMoment):
        moment = kind(7)
        moment.update(jacobian.unbind(1))
        assert moment.is_finite()
        moment.update([torch.full((1, 7), float("inf"))])
        assert not moment.is_finite()


def test_half_precision_does_not_overflow():
    moment = DenseMoment(2)
    moment.update([torch.full((100, 2), 300.0, dtype=torch.half)])
    torch.testing.assert_close(moment.mean(), torch.full((2, 2), 9e4, dtype=torch.float64))


def test_a_diagonal_is_refused_where_coordinates_mix(jacobian):
    moment = DiagonalMoment(7)
    moment.update(jacobian.unbind(1))
    weights = torch.rand(7, dtype=torch.float64)
    torch.testing.assert_close(moment.diagonal_behind(Filter.scaling(weights)), moment.mean() * weights.square())
    mixing = Filter(left=torch.ones(7, 1).double(), right=torch.ones(1, 7).double())
    with pytest.raises(ValueError, match="mixes coordinates"):
        moment.diagonal_behind(mixing)
    assert moment.spectrum(mixing) is None


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(P, 16), nn.ReLU(), nn.Linear(16, 3)).double().eval()


def filters():
    g = torch.Generator().manual_seed(2)
    scaling = Filter.scaling(torch.rand(P, generator=g, dtype=torch.float64) + 0.5)
    directions, weights = torch.zeros(2, 1, P, dtype=torch.float64)
    directions[0, :4], weights[0, :4] = 1.0, torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    return {"scaling": scaling, "centred": Filter.centring(directions, weights).then(scaling)}


@pytest.mark.parametrize("kind", ["scaling", "centred"])
def test_a_factored_moment_is_the_dense_one(kind):
    module, filter = network(), filters()[kind]
    x = torch.randn(300, P, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    layer = InputLayer.find(module, module, x)
    dense, whole, first, second = DenseMoment(P), *(FactoredMoment(P, weight=layer.weight) for _ in range(3))
    with evaluating(module):
        for i, part in enumerate(x.split(70)):
            dense.update(class_gradients(module, part))
            whole.update(class_gradients(module, part, cut=layer.cut))
            (first if i % 2 else second).update(class_gradients(module, part, cut=layer.cut))
    first.merge(second)
    for moment in (whole, first):
        torch.testing.assert_close(moment.mean(), dense.mean())
        torch.testing.assert_close(moment.diagonal(), dense.diagonal())
        torch.testing.assert_close(moment.diagonal_behind(filter), dense.diagonal_behind(filter))
        ours, theirs = moment.spectrum(filter), dense.spectrum(filter)
        r = len(ours.eigenvalues)
        torch.testing.assert_close(ours.eigenvalues, theirs.eigenvalues[:r], rtol=1e-6, atol=1e-12)
        assert theirs.eigenvalues[r:].sum() < 1e-9 * theirs.eigenvalues[0]
        kept = ours.components[:3]
        torch.testing.assert_close((kept @ theirs.components[:3].T).abs(), torch.eye(3).double(), atol=1e-5, rtol=0)
        assert moment.error == 0


def test_other_weights_are_not_merged():
    one, two = (FactoredMoment(P, weight=torch.randn(4, P)) for _ in range(2))
    with pytest.raises(ValueError, match="first layer has changed"):
        one.merge(two)
