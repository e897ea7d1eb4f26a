"""The difference up to which two outputs count as the same."""

import pytest
import torch

from agop_tabular.models.tolerance import output_tolerance


@pytest.mark.parametrize(
    ("dtype", "relative"), [(torch.float64, 2.3e-12), (torch.float32, 1.2e-3), (torch.float16, 0.05)]
)
def test_a_share_of_the_largest_output(dtype, relative):
    output = torch.tensor([[1.0, -8.0]], dtype=dtype)
    assert output_tolerance(output).item() == pytest.approx(8 * relative, rel=0.05)
    assert output_tolerance(0 * output) == 0
