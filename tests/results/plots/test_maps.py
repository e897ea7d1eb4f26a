"""What is drawn of maps: values, colours, outlines."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from agop_tabular.results.colours import LOWERS, RAISES
from agop_tabular.results.plots.maps import laid_over, plot_maps, shown


@pytest.fixture
def pictures():
    rng = np.random.RandomState(0)
    masks = np.zeros((3, 6, 5), dtype=bool)
    masks[:, 2:4, 1:4] = True
    return rng.rand(3, 3, 6, 5), rng.randn(3, 6, 5), masks


def test_images_and_maps_below(pictures, saved):
    images, maps, _ = pictures
    figure = plot_maps(images, maps, label="ixg", signed=True, titles=["a $1", "b", "c" * 40])
    saved(figure.axes[0])
    assert len(figure.axes) == 6
    np.testing.assert_array_equal(np.asarray(figure.axes[3].images[0].get_array()), maps[0])
    assert figure.axes[4].images[0].get_clim() == (-np.abs(maps[1]).max(), np.abs(maps[1]).max())
    assert [axis.get_title() for axis in figure.axes[:2]] == ["a \\$1", "b"]
    assert len(figure.axes[2].get_title()) == 22
    assert "blue lowers it" in figure.get_supxlabel()
    unsigned = plot_maps(images, np.abs(maps), label="agop-local", signed=False)
    assert unsigned.axes[3].images[0].get_clim()[0] == 0
    assert "no sign" in unsigned.get_supxlabel()


def test_masks_are_drawn_and_outlined(pictures, saved):
    images, maps, masks = pictures
    figure = plot_maps(images, maps, label="ixg", signed=True, masks=masks)
    saved(figure.axes[0])
    assert [axis.get_ylabel() for axis in figure.axes[::3]] == ["image", "ixg", "mask"]
    np.testing.assert_array_equal(np.asarray(figure.axes[6].images[0].get_array()), masks[0])
    segments = [line for lines in figure.axes[3].collections for line in lines.get_segments()]
    assert len(segments) == 2 * (2 * 3 + 2 * 2), "a border of each of ten edges, on a wider one"
    ends = {tuple(point) for line in segments for point in line}
    assert (0.5, 1.5) in ends, "the mask begins between columns 0 and 1, rows 1 and 2"
    assert (3.5, 3.5) in ends


def test_a_map_over_its_image(pictures, saved):
    images, maps, masks = pictures
    figure = plot_maps(images, maps, label="ixg", signed=True, overlay=True, masks=masks)
    saved(figure.axes[0])
    below, above = figure.axes[3].images
    grey = images[0].transpose(1, 2, 0) @ [0.299, 0.587, 0.114]
    assert np.corrcoef(np.ravel(below.get_array()), grey.ravel())[0, 1] == pytest.approx(1)
    np.testing.assert_array_equal(np.asarray(above.get_array()), laid_over(maps[0], signed=True))


def test_opacity_is_size_and_colour_is_sign():
    found = laid_over(np.array([[2.0, -1.0, 0.0]]), signed=True)
    np.testing.assert_allclose(found[0, :, 3], [0.85, 0.425, 0])
    np.testing.assert_allclose(found[0, 0, :3], to_rgb(RAISES))
    np.testing.assert_allclose(found[0, 1, :3], to_rgb(LOWERS))
    np.testing.assert_allclose(laid_over(np.array([[2.0, -1.0]]), signed=False)[0, 1, :3], to_rgb(RAISES))
    assert not laid_over(np.zeros((2, 2)), signed=True)[..., 3].any()


def test_images_as_they_are_shown():
    dark = np.zeros((3, 2, 2), dtype=np.uint8)
    dark[0, 0, 0] = 51
    assert shown(dark)[0, 0].tolist() == pytest.approx([0.2, 0, 0]), "bytes as they are"
    standardised = np.array([-2.0, 0.0, 2.0]).repeat(4).reshape(3, 2, 2)
    assert shown(standardised)[1, 1].tolist() == [0, 0.5, 1], "the span of others is black to white"
    assert shown(np.ones((1, 2, 3))).shape == (2, 3)
    assert shown(np.ones((5, 2, 3))).shape == (2, 3), "of other numbers of channels the first one"
    assert not shown(np.ones((3, 2, 2))).any()
