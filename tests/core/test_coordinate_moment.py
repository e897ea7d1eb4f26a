"""Mean and deviation of coordinates against numpy's, for numbers of any size."""

import numpy as np
import pytest
import torch

from agop_tabular.core import CoordinateMoment


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


@pytest.mark.parametrize("factor", [1e-30, 1e-20, 1e20, 1e30])
def test_numbers_whose_squares_float32_cannot_hold(factor):
    x = (np.random.default_rng(0).standard_normal((500, 3)) * factor).astype("float32")
    moment = CoordinateMoment(3)
    for part in torch.tensor(x).split(120):
        moment.update(part)
    np.testing.assert_allclose(moment.scale(), x.astype(float).std(0), rtol=1e-5)


def test_a_large_mean_costs_no_digits():
    x = (np.random.default_rng(0).standard_normal((5000, 1)) + 1e4).astype("float32")
    moment = CoordinateMoment(1)
    for part in torch.tensor(x).split(700):
        moment.update(part)
    np.testing.assert_allclose(moment.scale(), x.astype(float).std(0), rtol=1e-5)


def test_half_precision():
    x = (100 * torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))).half()
    moment = CoordinateMoment(2)
    moment.update(x)
    np.testing.assert_allclose(moment.scale(), x.double().std(dim=0, unbiased=False), rtol=1e-4)


def test_parts_of_different_constants_vary():
    one, two = CoordinateMoment(1), CoordinateMoment(1)
    one.update(torch.full((5, 1), 2.0))
    two.update(torch.full((5, 1), 3.0))
    one.merge(two)
    assert one.varies.item()
    assert one.scale().item() == pytest.approx(0.5)


def test_a_batch_far_from_the_mean_so_far():
    """Its deviations from that mean are too large for float32, so it is added in float64."""
    far = (100 * np.random.default_rng(0).standard_normal((5000, 3)) + 1e4).astype("float32")
    moment = CoordinateMoment(3)
    for part in (np.zeros((1, 3), dtype="float32"), far):
        moment.update(torch.tensor(part))
    expected = np.concatenate((np.zeros((1, 3)), far.astype(float))).std(0)
    np.testing.assert_allclose(moment.scale(), expected, rtol=1e-7)
