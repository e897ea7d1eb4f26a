"""Half precisions are widened, others are kept."""

import pytest
import torch

from agop_tabular.core.precision import NEVER_ZERO, at_least_float32, variance_of_scores


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.half, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_sums_are_at_least_in_float32(dtype, expected):
    t = torch.ones(3, dtype=dtype)
    found = at_least_float32(t)
    assert found.dtype == expected
    assert (found is t) == (dtype == expected)


def test_the_least_denominator_is_normal():
    assert torch.finfo(torch.float64).tiny < NEVER_ZERO
    assert torch.zeros(1).double() / NEVER_ZERO == 0


def test_scores_that_do_not_move_have_the_variance_of_their_rounding():
    still = torch.full((50, 1), 0.36, dtype=torch.float64)
    assert variance_of_scores(still, torch.float32) == pytest.approx((0.36 * 2**-23) ** 2, rel=1e-6)
    assert variance_of_scores(still, torch.float64) < 1e-32
    moving = torch.cat((still, 1e6 + torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]), dim=1)
    torch.testing.assert_close(variance_of_scores(moving, torch.float32)[1], moving[:, 1].var(), rtol=1e-6, atol=0)
    assert variance_of_scores(torch.zeros(5, 1).double(), torch.float64) == NEVER_ZERO
