"""Segments and boxes: the cut against all labellings of a small picture, and objects whose pixels are known."""

from itertools import product

import numpy as np
import pytest

from agop_tabular.image.segmentation import boxes, minimum_cut, segment


def cost(labels, colours, evidence, smoothness):
    """Cost of a labelling, pair by pair, as Boykov and Jolly have it."""
    height, width = labels.shape
    pairs = []
    for y, x in product(range(height), range(width)):
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
            if 0 <= y + dy < height and 0 <= x + dx < width:
                d = np.square(colours[y, x] - colours[y + dy, x + dx]).sum()
                pairs.append((d, np.hypot(dy, dx), labels[y, x] != labels[y + dy, x + dx]))
    mean = np.mean([d for d, _, _ in pairs])
    borders = sum(smoothness * np.exp(-d / (2 * mean)) / length for d, length, apart in pairs if apart)
    return borders - (labels * evidence).sum()


@pytest.mark.parametrize("smoothness", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_no_labelling_of_a_small_picture_costs_less(smoothness, seed):
    rng = np.random.RandomState(seed)
    colours, evidence = rng.rand(3, 4, 3), 2 * rng.randn(3, 4)
    found = minimum_cut(colours, evidence, smoothness)
    least = min(
        cost(np.array(each).reshape(3, 4), colours, evidence, smoothness) for each in product((False, True), repeat=12)
    )
    assert cost(found, colours, evidence, smoothness) == pytest.approx(least, abs=0.05)  # costs are rounded to .001


def test_one_pixel_gives_way_to_its_neighbours():
    """By hand: one pixel of nine is against the object by 1; its eight borders cost s·(4 + 4/√2) = 6.83 s."""
    colours, evidence = np.zeros((3, 3, 3)), np.full((3, 3), 5.0)
    evidence[1, 1] = -1.0
    assert minimum_cut(colours, evidence, 0.16).all()
    assert minimum_cut(colours, evidence, 0.14).sum() == 8


def test_evidence_without_bounds_does_not_overflow():
    evidence = np.where(np.eye(4, dtype=bool), 1e300, -1e300)
    np.testing.assert_array_equal(minimum_cut(np.zeros((4, 4, 1)), evidence, 50.0), np.eye(4, dtype=bool))
    assert minimum_cut(np.zeros((4, 4, 1)), np.full((4, 4), 0.01), 1e5).all()


def scene(size=32, seed=0):
    """A red disc on green noise, its mask, and a map that knows only some of it."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[:size, :size]
    mask = (y - 18) ** 2 + (x - 12) ** 2 < 49
    image = np.where(mask, [[[200]], [[60]], [[40]]], [[[60]], [[140]], [[80]]]) + 12 * rng.randn(3, size, size)
    rough = np.where((y - 20) ** 2 + (x - 12) ** 2 < 16, 1.0, 0.2) * np.abs(rng.randn(size, size))
    return image, mask, rough


def test_a_rough_map_finds_the_whole_object():
    image, mask, rough = scene()
    found = segment(image[None], rough[None])
    assert (found[0] & mask).sum() / (found[0] | mask).sum() > 0.95
    by_map = rough > np.sort(rough.ravel())[-mask.sum() - 1]
    assert (by_map & mask).sum() / (by_map | mask).sum() < 0.5
    np.testing.assert_array_equal(boxes(found), boxes(mask[None]))
    grey = segment(image[None, :1], -rough[None])  # one channel; signs do not count
    assert (grey[0] & mask).sum() / (grey[0] | mask).sum() > 0.8


def test_scale_of_colours_does_not_count():
    image, _, rough = scene()
    np.testing.assert_array_equal(segment(image[None], rough[None]), segment(image[None] / 255 - 3, rough[None]))


def test_a_map_that_says_nothing_finds_nothing():
    image, _, rough = scene()
    assert not segment(image[None], np.zeros((1, 32, 32))).any()
    assert not segment(image[None], np.ones((1, 32, 32))).any()
    assert segment(np.zeros((0, 3, 8, 8)), np.zeros((0, 8, 8))).shape == (0, 8, 8)


def test_a_map_that_is_a_mask():
    """Most of it is zero, and its largest value is a plateau: both are taken whole."""
    image, mask, _ = scene()
    found = segment(image[None], mask[None])
    assert (found[0] & mask).sum() / (found[0] | mask).sum() > 0.95


def test_the_box_is_of_the_largest_component():
    mask = np.zeros((2, 6, 8), dtype=bool)
    mask[0, 0, 0] = mask[0, 1, 7] = True
    mask[0, 2, 2] = mask[0, 3, 3] = mask[0, 4, 3] = True  # touch at a corner
    np.testing.assert_array_equal(boxes(mask), [[2, 2, 5, 4], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i, a: segment(i[None], a), "must be \\(n, channels, height, width\\)"),
        (lambda i, a: segment(i[None], a[None, :8]), "maps of shape"),
        (lambda i, a: segment(i[None], np.full((1, 32, 32), np.nan)), "must be finite"),
        (lambda i, a: segment(i[None], a[None], smoothness=-1), "smoothness=-1"),
        (lambda i, a: segment(i[None], a[None], smoothness="a"), "smoothness='a' is not a number"),
        (lambda i, a: boxes(a > 0), "Masks have shape"),
    ],
)
def test_refusals(call, message):
    image, _, rough = scene()
    with pytest.raises(ValueError, match=message):
        call(image, rough)
