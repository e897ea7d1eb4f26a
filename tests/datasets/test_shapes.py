"""Pictures of shapes: masks are the shapes, and colours say nothing of them."""

import numpy as np
import pytest
from scipy.stats import f_oneway

from agop_tabular.datasets import make_shapes
from agop_tabular.datasets.shapes import CONTRAST, GRAIN


@pytest.fixture(scope="module")
def shapes():
    return make_shapes(300, random_state=0)


def test_what_is_returned(shapes):
    assert shapes.images.shape == (300, 32, 32, 3)
    assert shapes.images.dtype == np.uint8
    assert shapes.masks.shape == (300, 32, 32)
    assert len(shapes) == 300
    assert set(shapes.y) == {0, 1, 2}
    assert shapes.class_names == ("disc", "square", "triangle")
    again = make_shapes(300, random_state=0)
    np.testing.assert_array_equal(again.images, shapes.images)


def test_masks_fill_their_boxes_as_the_shapes_do(shapes):
    """A disc fills π/4 of its box, a square all of it, a triangle half."""
    for mask, y in zip(shapes.masks, shapes.y, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        filled = mask.sum() / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
        assert filled == pytest.approx((np.pi / 4, 1.0, 0.5)[y], abs=0.12)


def test_objects_are_of_one_colour_that_is_not_the_grounds(shapes):
    for image, mask in zip(shapes.images / 255, shapes.masks, strict=True):
        assert image[mask].std(axis=0).max() < 1.3 * GRAIN
        assert np.linalg.norm(image[mask].mean(axis=0) - image[~mask].mean(axis=0)) > 0.7 * CONTRAST


def test_colours_say_nothing_of_the_shape(shapes):
    mean = np.stack([image[mask].mean(axis=0) for image, mask in zip(shapes.images, shapes.masks, strict=True)])
    assert (f_oneway(*(mean[shapes.y == k] for k in range(3))).pvalue > 0.001).all()


@pytest.mark.parametrize("how", [{"n": 0}, {"size": 15}])
def test_refusals(how):
    with pytest.raises(ValueError, match="at least one picture, of at least 16"):
        make_shapes(**how)
