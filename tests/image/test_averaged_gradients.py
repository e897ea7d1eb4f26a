"""Averages of gradients where the mean is known in closed form."""

import torch

from agop_tabular.image.averaged_gradients import path_gradient, smoothed_gradient


def cubic(x):
    """Scores (b, 2): the sum of cubes, and the sum."""
    return torch.stack([(x**3).sum(dim=1), x.sum(dim=1)], dim=1)


def test_gradients_are_averaged_over_the_noise():
    x = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    noise = torch.tensor([[0.5, 0.0], [-0.5, 1.0]], dtype=torch.float64)
    found = smoothed_gradient(cubic, x, torch.tensor([0, 1]), noise)
    cubes = 3 * torch.stack([(x[0] + shift) ** 2 for shift in noise]).mean(dim=0)
    torch.testing.assert_close(found, torch.stack([cubes, torch.ones(2, dtype=torch.float64)]))


def test_gradients_on_a_path_integrate_to_the_difference_of_the_scores():
    x = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    start = torch.tensor([0.25, -1.0], dtype=torch.float64)
    found = path_gradient(cubic, x, torch.tensor([0, 0]), start, 2)  # two nodes are exact for a quadratic gradient
    torch.testing.assert_close(found * (x - start), x**3 - start**3)


def test_a_gradient_that_is_one_number_for_all_pixels():
    """torch expands it without copying, and would refuse to write to it."""
    x, target = torch.tensor([[1.0, -2.0], [0.5, 3.0]]), torch.tensor([0, 0])
    found = path_gradient(lambda rows: rows.sum(dim=1, keepdim=True), x, target, torch.zeros(2), 5)
    torch.testing.assert_close(found, torch.ones(2, 2))
