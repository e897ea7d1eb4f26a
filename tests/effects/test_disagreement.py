"""Bin means of what effects leave of the scores."""

import numpy as np
import torch

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.disagreement import find_disagreement


def table(n=4000):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_missing_step_is_found_and_its_share_of_the_variance():
    x = table()
    step = (x[:, 1] > 0).double()
    scores = torch.stack((2 * x[:, 0] + step, x[:, 2]), dim=1)
    remainder = torch.stack((step, 0 * step), dim=1)
    found = find_disagreement(find_axes(x), x, scores, remainder)
    assert found.axes == [1]
    np.testing.assert_allclose(found.shares, [0, 0.25 / 4.25, 0], atol=0.01)
    np.testing.assert_allclose(found.unexplained, [0.25 / 4.25, 0], atol=0.01)


def test_noise_and_products_are_no_disagreement():
    """The mean of a product is zero in every bin, though its variance grows towards the ends."""
    x = table()
    noise = torch.randn(len(x), 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for remainder in (noise, x.prod(dim=1, keepdim=True)):
        assert find_disagreement(find_axes(x), x, x[:, :1] + remainder, remainder).axes == []


def test_tiny_differences_are_none():
    x = table()
    remainder = 0.01 * torch.sign(x[:, :1])
    assert find_disagreement(find_axes(x), x, x[:, :1], remainder).axes == []
