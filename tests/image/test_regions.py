"""Maps by regions, by hand."""

import numpy as np
import pytest

from agop_tabular.image.regions import region_labels, region_table

MAPS = np.array([[[1.0, -3.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]])


def test_shares_of_two_regions():
    """Of 8 in absolute value 4 lie on the left column's 1 and the mask's other pixel: (1 + 3) / 8 on half of it."""
    labels, names = region_labels(np.array([[True, True], [False, False]]), MAPS.shape)
    table = region_table(MAPS, labels, names)
    assert table["image"].tolist() == [0, 0, 1, 1]
    assert table["region"].tolist() == ["outside", "inside"] * 2
    assert table["pixels"].tolist() == [2, 2, 2, 2]
    assert table["sum"].tolist() == [4, -2, 0, 0]
    np.testing.assert_allclose(table["share"], [0.5, 0.5, np.nan, np.nan])
    np.testing.assert_allclose(table["density"], [1, 1, np.nan, np.nan])


def test_regions_that_an_image_does_not_have_are_left_out():
    masks = np.array([[[0, 2], [2, 2]], [[1, 1], [1, 1]]])
    labels, names = region_labels(masks, MAPS.shape, ["sky", "sea", "ship"])
    table = region_table(MAPS, labels, names)
    assert list(zip(table["image"], table["region"], table["pixels"], strict=True)) == [
        (0, "sky", 1),
        (0, "ship", 3),
        (1, "sea", 4),
    ]
    np.testing.assert_allclose(table["share"][:2], [1 / 8, 7 / 8])
    np.testing.assert_allclose(table["density"][:2], [(1 / 8) / (1 / 4), (7 / 8) / (3 / 4)])


@pytest.mark.parametrize(
    ("masks", "names", "message"),
    [
        (np.zeros((3, 2, 2), dtype=bool), None, "give one mask an image, or one of 2 × 2 pixels"),
        (np.zeros((2, 3), dtype=bool), None, "has shape \\(2, 3\\)"),
        (np.full((2, 2), 0.5), None, "True and False, or whole numbers"),
        (np.full((2, 2), -1), None, "count from 0"),
        (np.full((2, 2), 2), ["a", "b"], "2 names for the 3 regions 0 to 2"),
        (np.full((2, 2), 1), ["a", "a"], "the same name twice"),
    ],
)
def test_refusals(masks, names, message):
    with pytest.raises(ValueError, match=message):
        region_labels(masks, MAPS.shape, names)


def test_names_are_a_list_of_different_ones():
    with pytest.raises(TypeError, match="is not a list of the names of regions"):
        region_labels(np.eye(2, dtype=bool), MAPS.shape, {0: "sea", 1: "sky"})
    with pytest.raises(TypeError, match="is not a list of the names of regions"):
        region_labels(np.eye(2, dtype=bool), MAPS.shape, "ab")


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_largest_number_of_a_dtype_is_a_region(dtype):
    most = np.iinfo(dtype).max
    labels, names = region_labels((most * np.eye(2)).astype(dtype), MAPS.shape)
    table = region_table(MAPS, labels, names)
    assert table["region"].tolist() == ["0", str(most)] * 2
    assert table["sum"].tolist() == [-3, 5, 0, 0]
