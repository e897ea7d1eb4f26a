"""Moments against dense sums, in one pass and in two."""

import numpy as np
import pytest
import torch

from agop_tabular.core import CoordinateMoment, DenseMoment, DiagonalMoment


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


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_coordinates_have_numpys_mean_and_deviation(batch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 4)) * [1, 1e3, 1e-3, 1] + [0, 1e4, 5, -2]
    x[0] = 1e5  # an outlier first
    moment, first, second = CoordinateMoment(4), CoordinateMoment(4), CoordinateMoment(4)
    for i, part in enumerate(torch.tensor(x).split(batch)):
        moment.update(part)
        (first if i % 2 else second).update(part)
    first.merge(second)
    for m in (moment, first):
        np.testing.assert_allclose(m.mean, x.mean(0), rtol=1e-12)
        np.testing.assert_allclose(m.scale(), x.std(0), rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 / 3, -7e-8])
def test_a_constant_has_scale_zero_exactly(dtype, value):
    moment = CoordinateMoment(1)
    for part in torch.full((999, 1), value, dtype=dtype).split(100):
        moment.update(part)
    assert moment.scale().item() == 0


def test_a_small_variation_is_kept():
    """Seconds since 1970 over a day, in float32: a variation of a millionth is still one."""
    x = torch.tensor([[1.6e9], [1.6e9 + 4e4]], dtype=torch.float32)
    moment = CoordinateMoment(1)
    moment.update(x)
    assert moment.scale().item() == pytest.approx(2e4, rel=0.01)
    alone = CoordinateMoment(1)
    for row in x:
        alone.update(row[None])
    assert alone.scale().item() == pytest.approx(2e4, rel=0.01)


def test_nothing_yet():
    moment = CoordinateMoment(2)
    moment.merge(CoordinateMoment(2))
    assert moment.scale().tolist() == [0, 0]
