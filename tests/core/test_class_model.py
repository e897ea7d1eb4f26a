"""Class models where the maximum is known in closed form."""

import pytest
import torch

from agop_tabular.core.class_model import class_model

W = torch.tensor([[3.0, 4.0, 0.0], [0.0, -1.0, 2.0]], dtype=torch.float64)
START = torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64)
SCALE = torch.tensor([1.0, 2.0, 0.0], dtype=torch.float64)
BOTH = torch.tensor([0, 1])


def linear(x):
    return x @ W.T


def test_a_linear_score_against_its_penalty():
    """Of w·Dz - λ‖z‖² the maximum is z = Dw / 2λ: by hand (3, 8, 0)/8 and (0, -2, 0)/8 for λ = 4."""
    found = class_model(linear, BOTH, START, SCALE, radius=1.0, penalty=4.0)
    expected = START + torch.tensor([[3 / 8, 2 * 8 / 8, 0.0], [0.0, 2 * -2 / 8, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(found, expected)


def test_a_linear_score_within_a_radius():
    """It grows along Dw, up to the radius: (3, 8, 0)/√73 and (0, -1, 0), times 2."""
    found = class_model(linear, BOTH, START, SCALE, radius=2.0)
    steps = torch.tensor([[3 / 73**0.5, 2 * 8 / 73**0.5, 0.0], [0.0, 2 * -1.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(found, START + 2.0 * steps)


def test_a_maximum_inside_of_the_radius_is_found():
    """A score of 1 - ‖x - (1, 1)‖² from the origin: its top is nearer than the radius of 5."""
    top = torch.ones(2, dtype=torch.float64)
    found = class_model(
        lambda x: 1 - (x - top).square().sum(dim=1, keepdim=True),
        torch.tensor([0]),
        torch.zeros(2, dtype=torch.float64),
        torch.ones(2, dtype=torch.float64),
        radius=5.0,
        n_steps=200,
    )
    assert (found - top).norm() < 0.3  # a step of a tenth of the radius may pass the top by at most half of it


def test_a_quadratic_score_against_its_penalty():
    """w·x - ½ a‖x‖² - λ‖x‖² has its maximum at w / (a + 2λ)."""
    w = torch.tensor([1.0, -2.0], dtype=torch.float64)
    found = class_model(
        lambda x: (x @ w - x.square().sum(dim=1))[:, None],
        torch.tensor([0]),
        torch.zeros(2, dtype=torch.float64),
        torch.ones(2, dtype=torch.float64),
        radius=1.0,
        penalty=3.0,
    )
    torch.testing.assert_close(found[0], w / 8)


def test_too_few_steps_are_on_the_way():
    found = class_model(linear, BOTH, START, SCALE, radius=2.0, n_steps=1)
    whole = class_model(linear, BOTH, START, SCALE, radius=2.0)
    torch.testing.assert_close(found - START, 0.1 * (whole - START))
    assert (linear(found).diagonal() < linear(whole).diagonal()).all()


@pytest.mark.parametrize("penalty", [None, 0.5])
def test_the_last_row_is_not_better_than_the_one_returned(penalty):
    """A score with a cliff: what is returned is the best that was seen, not the last."""
    visited = []

    def scores(x):
        visited.append(x.detach().clone())
        return (x * (x < 0.7)).sum(dim=1, keepdim=True)

    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    found = class_model(scores, torch.tensor([0]), zero, one, radius=2.0, penalty=penalty)

    def value(x):
        return float((x * (x < 0.7)).sum()) - (penalty or 0.0) * float(x.square().sum())

    assert value(found) == max(value(x) for x in visited)
