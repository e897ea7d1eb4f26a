"""Images as they are given, and as a network takes them."""

import numpy as np
import pytest
import torch

from agop_tabular.image.pictures import Pictures, is_pil


@pytest.mark.parametrize(
    ("shape", "channels", "fitted", "expected"),
    [
        ((2, 3, 8, 9), "auto", None, (2, 3, 8, 9)),
        ((2, 8, 9, 3), "auto", None, (2, 3, 8, 9)),
        ((2, 8, 9, 1), "auto", None, (2, 1, 8, 9)),
        ((2, 7, 8, 9), "auto", None, (2, 7, 8, 9)),  # no usual number of channels: as torch has them
        ((2, 3, 8, 3), "auto", None, (2, 3, 8, 3)),  # both may be: the first
        ((2, 3, 8, 3), "last", None, (2, 3, 3, 8)),
        ((2, 8, 9, 3), "first", None, (2, 8, 9, 3)),
        ((2, 8, 9, 7), "auto", (7, 8, 9), (2, 7, 8, 9)),  # what was fitted says where they are
        ((2, 3, 4, 3), "auto", (3, 3, 4), (2, 3, 3, 4)),
    ],
)
def test_where_channels_are(shape, channels, fitted, expected):
    found = Pictures.read(np.zeros(shape), channels=channels, shape=fitted).at_input()
    assert found.shape == expected


def test_values_are_kept_but_bytes():
    pixels = np.array([[[[0, 51], [255, 102]]]])
    np.testing.assert_allclose(Pictures.read(np.uint8(pixels)).at_input(), pixels / 255, rtol=1e-6)
    for dtype in (np.float32, np.float64, np.int64):
        found = Pictures.read(pixels.astype(dtype)).at_input()
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, pixels)
    assert Pictures.read(torch.zeros(2, 1, 5, 5)).at_input().shape == (2, 1, 5, 5)
    assert Pictures.read(pixels.tolist()).at_input().shape == (1, 1, 2, 2)
    parts = Pictures.read([np.full((1, 2, 2), k) for k in range(5)])
    np.testing.assert_array_equal(parts.at_input(slice(2, 4))[:, 0, 0, 0], [2, 3])


def test_only_the_wanted_images_are_transformed():
    seen = []

    def transform(path):
        seen.append(path)
        return np.zeros((6, 7, 3))

    pictures = Pictures.read(["a", "b", "c", "d"], transform)
    assert len(pictures) == 4
    assert seen == []
    assert pictures.at_input(slice(1, 3)).shape == (2, 3, 6, 7)
    assert seen == ["b", "c"]
    assert pictures.drawn((3, 6, 7)) is None


def test_pictures_of_pil():
    image = pytest.importorskip("PIL.Image")
    grey = image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5))
    assert is_pil(grey)
    np.testing.assert_allclose(Pictures.read([grey]).at_input()[0, 0], np.arange(20).reshape(4, 5) / 255, rtol=1e-6)
    palette = grey.convert("P")
    assert Pictures.read([palette, palette]).at_input().shape == (2, 3, 4, 5)
    half = Pictures.read([grey], lambda x: np.asarray(x.resize((2, 2)))[None] / 255)
    assert half.at_input().shape == (1, 1, 2, 2)
    assert half.drawn((1, 2, 2)) is None
    np.testing.assert_array_equal(half.drawn((1, 4, 5))[0, 0], np.asarray(grey))
    with pytest.raises(ValueError, match="give a list of images"):
        Pictures.read(grey)
    with pytest.raises(ValueError, match="several shapes, \\(2, 2, 1\\), \\(4, 5, 1\\)"):
        Pictures.read([grey, grey.resize((2, 2))])


@pytest.mark.parametrize(
    ("X", "how", "message"),
    [
        (np.zeros((2, 8, 8)), {}, "add an axis for the channel"),
        (np.zeros((3, 8, 8)), {}, "of one image give X\\[None\\]"),
        (np.zeros((8, 8)), {}, "images are \\(n, channels, height, width\\)"),
        (np.zeros((0, 1, 8, 8)), {}, "minimum of 1"),
        ([], {}, "minimum of 1"),
        (np.full((1, 1, 2, 2), "a"), {}, "not numbers"),
        (np.zeros((1, 3, 8, 8)), {"shape": (1, 8, 8)}, 'colour images .* those were grey .* image.convert\\("L"\\)'),
        (np.zeros((1, 5, 8, 8)), {"shape": (3, 8, 8)}, "images of 5 channels"),
        (np.zeros((1, 3, 9, 8)), {"shape": (3, 8, 8)}, "resize them to 8 × 8 pixels"),
    ],
)
def test_refusals(X, how, message):
    with pytest.raises(ValueError, match=message):
        Pictures.read(X, **how)


def test_what_is_not_finite_is_named():
    X = np.zeros((5, 3, 4, 4), dtype=np.float32)
    X[3, 1, 2, 0] = np.inf
    with pytest.raises(ValueError, match="infinity .* image 3, channel 1, row 2, column 0"):
        Pictures.read(X).at_input(slice(2, 5))
    assert np.isfinite(Pictures.read(X).at_input(slice(0, 3))).all()


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_pictures_of_more_than_eight_bits_need_a_transform(mode):
    image = pytest.importorskip("PIL.Image")
    dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    deep = image.fromarray((1000 * np.arange(20)).astype(dtype).reshape(4, 5))
    assert deep.mode == mode
    with pytest.raises(ValueError, match=f"mode '{mode}', whose values may be beyond 255; say by transform="):
        Pictures.read([deep])
    divided = Pictures.read([deep], lambda picture: np.asarray(picture)[None] / 65535)
    np.testing.assert_allclose(divided.at_input()[0, 0].ravel(), 1000 * np.arange(20) / 65535)
    assert divided.drawn((1, 4, 5)) is None


def test_black_and_white_pictures_have_one_channel():
    image = pytest.importorskip("PIL.Image")
    pixels = np.eye(4, dtype=bool)
    found = Pictures.read([image.fromarray(np.uint8(255 * pixels)).convert("1")]).at_input()
    np.testing.assert_array_equal(found, pixels[None, None])


def test_a_transform_that_returns_a_picture_is_refused():
    image = pytest.importorskip("PIL.Image")
    grey = image.fromarray(np.zeros((4, 5), dtype=np.uint8))
    with pytest.raises(ValueError, match="transform= returns an image of PIL"):
        Pictures.read([grey], lambda picture: picture.resize((2, 2))).at_input()


def test_tensors_that_numpy_has_not():
    X = torch.rand(2, 1, 3, 3).bfloat16().requires_grad_()
    for found in (Pictures.read(X), Pictures.read(list(X)), Pictures.read([0, 1], lambda i: X[i])):
        np.testing.assert_array_equal(found.at_input(), X.detach().float().numpy())


def test_arrays_of_objects_are_lists():
    each = np.empty(2, dtype=object)
    each[:] = [np.zeros((1, 3, 3)), np.ones((1, 3, 3))]
    assert Pictures.read(each).at_input().shape == (2, 1, 3, 3)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (None, "neither an array nor a list of images"),
        ("abc", "neither an array nor a list of images"),
        ((np.zeros((1, 2, 2)) for _ in range(2)), "neither an array nor a list of images"),
        ([(np.zeros((1, 2, 2)), 0)], "of pairs with labels, give the images alone"),
        (np.ma.masked_greater(np.eye(3)[None, None], 0.5), "masked array"),
        ([np.ma.masked_greater(np.eye(3)[None], 0.5)], "masked array"),
    ],
)
def test_what_is_no_image(X, message):
    with pytest.raises(ValueError, match=message):
        Pictures.read(X)


def test_a_list_of_pictures_and_arrays():
    """What each is does not depend on the others: a picture has its channels last, and bytes are shares of white."""
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.RandomState(0).randint(0, 256, (3, 3, 3), dtype=np.uint8)
    first = np.moveaxis(pixels, 2, 0)
    picture = image.fromarray(pixels)
    for other in (first, first / 255):
        found = Pictures.read([picture, other, torch.from_numpy(other)]).at_input()
        np.testing.assert_allclose(found, [first / 255] * 3, rtol=1e-6)
    found = Pictures.read([picture, pixels], channels="last").at_input()
    np.testing.assert_allclose(found, [first / 255] * 2, rtol=1e-6)
    found = Pictures.read([first, first / 255]).at_input()
    np.testing.assert_allclose(found, [first / 255] * 2, rtol=1e-6)
