"""Coordinates of several members: those that are others scaled and shifted are left out, and computed from those."""

import pytest
import torch

from agop_tabular.adapters.coordinate_layout import Layout
from agop_tabular.core.feature_map import FeatureMap


@pytest.fixture
def rows():
    """Coordinates of two members that read the same two columns, the first one differently scaled."""
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.cat([x, 3 * x[:, :1] + 1, x[:, 1:] ** 2], dim=1)


@pytest.fixture
def feature_map(rows):
    member = FeatureMap.identity(("a", "b"))
    return FeatureMap(
        names=("a", "b"),
        column_of=torch.tensor([0, 1, 0, 1]).numpy(),
        block_of=torch.full((4,), -1).numpy(),
        low=torch.zeros(4).numpy(),
        high=torch.ones(4).numpy(),
        coordinate_names=member.coordinate_names * 2,
    )


def test_a_scaled_and_shifted_coordinate_is_left_out(rows, feature_map):
    layout = Layout.without_duplicates([2, 2], rows, feature_map)
    assert layout.kept.tolist() == [0, 1, 3], "the square of a column is another coordinate"
    assert layout.source.tolist() == [0, 1, 0, 2]
    torch.testing.assert_close(layout.scale, torch.tensor([1.0, 1, 3, 1], dtype=torch.float64))
    torch.testing.assert_close(layout.offset, torch.tensor([0.0, 0, 1, 0], dtype=torch.float64))


def test_members_get_their_own_coordinates_back(rows, feature_map):
    for layout in (Layout.without_duplicates([2, 2], rows, feature_map), Layout.identity([2, 2])):
        first, second = layout.coordinates_of_members(rows[:, layout.kept])
        torch.testing.assert_close(first, rows[:, :2])
        torch.testing.assert_close(second, rows[:, 2:])
