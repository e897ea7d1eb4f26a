"""The map from coordinates to columns against loops over them."""

import numpy as np
import pytest
import torch

from agop_tabular.core import FeatureMap

COLUMN_OF = np.array([2, 0, 0, 0, -1, 1, 1])  # column 3 has no coordinate
BLOCK_OF = np.array([-1, 0, 0, 0, -1, 1, 1])
LOW, HIGH = np.array([0, 0, -0.5, 0, 0, 1, 0.0]), np.array([1, 1, 1.5, 1, 1, 3, 1.0])


@pytest.fixture
def feature_map():
    return FeatureMap(tuple("abcd"), tuple("0123456"), COLUMN_OF, BLOCK_OF, LOW, HIGH)


@pytest.fixture
def values():
    return torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_folding_sums_over_the_coordinates_of_a_column(feature_map, values):
    expected = np.stack([values.numpy()[..., j == COLUMN_OF].sum(-1) for j in range(4)], axis=-1)
    np.testing.assert_allclose(feature_map.fold(values), expected)
    norms = np.stack([np.linalg.norm(values.numpy()[..., j == COLUMN_OF], axis=-1) for j in range(4)], axis=-1)
    np.testing.assert_allclose(feature_map.fold(values, norm=True), norms)


def test_large_maps_fold_alike(feature_map, values, monkeypatch):
    product = feature_map.fold(values)
    monkeypatch.setattr("agop_tabular.core.feature_map.SMALL_MATRIX", 0)
    torch.testing.assert_close(feature_map.fold(values), product)


def test_columns_that_are_coordinates(values):
    plain = FeatureMap.identity(tuple("abcdefg"))
    assert plain.is_identity
    assert plain.fold(values) is values
    torch.testing.assert_close(plain.fold(values, norm=True), values.abs())
    assert plain.blocks == []
    assert plain.centring(torch.zeros(7, dtype=torch.float64)) is None


def test_blocks(feature_map):
    (first, low, high), (second, _, _) = feature_map.blocks
    assert first.tolist() == [1, 2, 3]
    assert second.tolist() == [5, 6]
    assert low.tolist() == [0, -0.5, 0]
    assert high.tolist() == [1, 1.5, 1]


def test_a_part_is_a_map_of_some_coordinates(feature_map, values):
    part = feature_map.part(slice(1, 4))
    assert part.n_coordinates == 3
    assert part.n_columns == 4
    torch.testing.assert_close(part.fold(values[..., 1:4])[..., 0], feature_map.fold(values)[..., 0])
    assert not part.fold(values[..., 1:4])[..., 1:].any()


def one_hot(frequencies):
    """Mean of the coordinates when the indicators of both blocks are on this often."""
    on = np.zeros(7)
    on[[1, 2, 3]], on[[5, 6]] = frequencies
    return torch.from_numpy(LOW + on * (HIGH - LOW))


def test_centring_subtracts_the_mean_gradient_of_a_block(feature_map, values):
    frequencies = [0.2, 0.3, 0.5], [0.6, 0.4]
    centred = feature_map.centring(one_hot(frequencies))(values).numpy()
    span = HIGH - LOW
    expected = values.numpy().copy()
    for members, share in (([1, 2, 3], frequencies[0]), ([5, 6], frequencies[1])):
        by_indicator = values.numpy()[..., members] * span[members]  # the gradient with respect to an indicator
        mean = by_indicator @ np.array(share)
        expected[..., members] = (by_indicator - mean[..., None]) / span[members]
    np.testing.assert_allclose(centred, expected)


def test_centring_does_not_see_what_a_block_cannot_identify(feature_map, values):
    """A constant added to the weights of all indicators of a block, and taken from the bias, changes no score."""
    centring = feature_map.centring(one_hot(([0.2, 0.3, 0.5], [0.6, 0.4])))
    moved = values.clone()
    moved[..., [1, 2, 3]] += torch.from_numpy(7 / (HIGH - LOW)[[1, 2, 3]])
    torch.testing.assert_close(centring(moved), centring(values))


def test_incomplete_blocks_are_left_alone(feature_map, values):
    """Rows with no indicator on, as behind an encoder that drops a category, identify the constant."""
    centring = feature_map.centring(one_hot(([0.2, 0.3, 0.1], [0.6, 0.4])))
    torch.testing.assert_close(centring(values)[..., :4], values[..., :4])
    assert not torch.allclose(centring(values)[..., 5:], values[..., 5:])
