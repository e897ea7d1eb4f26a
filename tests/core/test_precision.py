"""Half precisions are widened, others are kept."""

import pytest
import torch

from agop_tabular.core.precision import NEVER_ZERO, at_least_float32


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
