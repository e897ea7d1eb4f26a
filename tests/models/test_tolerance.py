"""The difference up to which two outputs count as the same."""

import pytest
import torch

from agop_tabular.models.tolerance import RoundedProducts, SeenDtypes, output_tolerance, repeated_tolerance


@pytest.mark.parametrize(
    ("dtype", "relative"), [(torch.float64, 2.3e-12), (torch.float32, 1.2e-3), (torch.float16, 0.05)]
)
def test_a_share_of_the_largest_output(dtype, relative):
    output = torch.tensor([[1.0, -8.0]], dtype=dtype)
    assert output_tolerance(output).item() == pytest.approx(8 * relative, rel=0.05)
    assert output_tolerance(0 * output) == 0


def test_outputs_far_from_zero_must_agree_within_their_range():
    """A difference of 1e-3 of the largest output would be half of all that years differ by."""
    years = torch.linspace(1990, 2010, 50)[:, None]
    assert output_tolerance(years).item() == pytest.approx(0.2, rel=1e-4)
    assert output_tolerance(years[:4]).item() == pytest.approx(1e4 * 2**-23 * years[3].item())
    assert output_tolerance(torch.full((50, 1), 1e6)).item() == pytest.approx(64 * 2**-23 * 1e6)  # any sum may be off


def test_the_same_batch_must_agree_more_closely():
    output = torch.tensor([[1.0, -8.0]])
    assert repeated_tolerance(output) < output_tolerance(output) / 10
    assert repeated_tolerance(output, torch.bfloat16).item() == pytest.approx(0.4)


def test_the_coarsest_dtype_that_an_output_went_through():
    with SeenDtypes() as seen:
        out = (torch.ones(3, 2).bfloat16() * 2).double()
    assert seen.dtypes == {torch.float32, torch.bfloat16, torch.float64}
    assert seen.coarsest(out.dtype) == torch.bfloat16
    assert output_tolerance(out, seen.coarsest(out.dtype)).item() == pytest.approx(0.1)
    assert SeenDtypes().coarsest(torch.float64) == torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_are_rounded_as_much_as_what_cancels_in_them(dtype):
    """Sums of 1,000 and -1,000: their difference is off by rounding of the terms, not of itself."""
    x = torch.tensor([[1000.0, -1000.0, 1e-3]], dtype=dtype)
    linear = torch.nn.Linear(3, 1, bias=False).to(dtype)
    torch.nn.init.ones_(linear.weight)
    with torch.no_grad(), RoundedProducts(0):
        changes = [linear(x).item() - 1e-3 for _ in range(20)]
        assert torch.equal(x + x, 2 * x), "what sums nothing is as it was"
    eps = torch.finfo(dtype).eps
    assert 100 * eps < max(map(abs, changes)) < 10_000 * eps
    assert linear(x).item() == pytest.approx(1e-3)
