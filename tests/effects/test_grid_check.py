"""Axes along which gradients do not show what the scores do."""

import pytest
import torch

from agop_tabular.core.gradients import class_gradients
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.grid_check import axes_missed_by_gradients

COLUMNS = torch.arange(3)


def missed(f, x):
    """Numbers of the missed axes of f, the first column's being 0."""

    def scores(z):
        return torch.stack((f(z), 0 * z[:, 0]), dim=1)

    axes = find_axes(x)
    generator = torch.Generator().manual_seed(0)
    return axes_missed_by_gradients(
        axes, torch.ones(len(axes)), x, COLUMNS, scores, lambda z: class_gradients(scores, z), generator
    )


@pytest.fixture(scope="module")
def x():
    return torch.randn(3000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize(
    "f",
    [
        lambda z: z[:, 0] + torch.sin(z[:, 1]) * z[:, 2],
        lambda z: torch.tanh(4 * z[:, 0]) * torch.tanh(4 * z[:, 1]),
        lambda z: z.square().sum(dim=1).relu(),
        lambda z: 1e6 + 1e-3 * z[:, 0],
    ],
)
def test_smooth_scores_are_not_missed(f, x):
    assert missed(f, x) == []


@pytest.mark.parametrize(
    "f",
    [
        lambda z: z[:, 0] + 2 * (z[:, 0] > 0.3) + z[:, 1],
        lambda z: z[:, 0] + 2 * (z[:, 0] > 0.3) * z[:, 1],
        lambda z: z[:, 0].detach() * z[:, 1] + z[:, 0],
        lambda z: -z[:, 0] + 2 * z[:, 0].detach() + z[:, 1],  # a reversed gradient
        lambda z: torch.floor(2 * z[:, 0]) + 0.5 * z[:, 0],
    ],
)
def test_what_gradients_do_not_show_is_found_on_its_axis(f, x):
    assert missed(f, x) == [0]


def test_a_steep_score_at_a_value_that_many_rows_share(x):
    z = x.clone()
    z[:, 0] = torch.where(x[:, 0] < 0, 0.0, 1 + 4 * x[:, 0].abs())
    assert missed(lambda z: torch.log(z[:, 0] + 1e-6) / 8 + z[:, 1], z) == [0]


def test_of_a_wide_table_the_most_important_axes_are_checked(x, monkeypatch):
    monkeypatch.setattr("agop_tabular.effects.grid_check.POINTS", 40)

    def steps(z):
        return z.sum(dim=1) + torch.floor(2 * z).sum(dim=1)

    assert missed(steps, x) == [0]
