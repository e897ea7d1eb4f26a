"""ROAD, by hand."""

import numpy as np
import pytest

from agop_tabular.evaluation import noisy_linear_imputation, road, road_curve


def imputed(image, removed, **how):
    return noisy_linear_imputation(np.array(image)[None, None], np.array(removed, dtype=bool)[None], noise=0, **how)[
        0, 0
    ]


def test_one_pixel_is_the_weighted_mean_of_its_neighbours():
    """Direct neighbours 1, 2, 3, 6 weigh 1/6 each, those on diagonals, 12 each, 1/12: 2 + 4."""
    image = [[12.0, 1.0, 12.0], [2.0, -99.0, 3.0], [12.0, 6.0, 12.0]]
    assert imputed(image, [[0, 0, 0], [0, 1, 0], [0, 0, 0]])[1, 1] == pytest.approx(6)


def test_a_corner_has_three_neighbours():
    """1/6 and 1/6 of 5 and 10, and 1/12 of 20, over 5/12."""
    found = imputed([[-99.0, 5.0], [10.0, 20.0]], [[1, 0], [0, 0]])
    assert found.tolist() == [[pytest.approx((2 * 5 + 2 * 10 + 20) / 5), 5], [10, 20]]


def test_several_pixels_are_solved_together():
    """In one row of pixels each is the mean of two, so what is removed lies on a line between what is left."""
    np.testing.assert_allclose(imputed([[0.0, 9.0, 9.0, 9.0, 8.0]], [[0, 1, 1, 1, 0]]), [[0, 2, 4, 6, 8]])
    np.testing.assert_allclose(imputed([[9.0, 9.0, 5.0]], [[1, 1, 0]]), [[5, 5, 5]])


def test_it_is_the_solution_of_its_equations():
    rng = np.random.RandomState(0)
    images, removed = rng.rand(2, 3, 6, 7), rng.rand(2, 6, 7) < 0.7
    found = noisy_linear_imputation(images, removed, noise=0)
    np.testing.assert_array_equal(found.transpose(0, 2, 3, 1)[~removed], images.transpose(0, 2, 3, 1)[~removed])
    for i, y, x in np.argwhere(removed):
        around = [
            (1 / 6 if 0 in (dy, dx) else 1 / 12, found[i, :, y + dy, x + dx])
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if (dy, dx) != (0, 0) and 0 <= y + dy < 6 and 0 <= x + dx < 7
        ]
        mean = sum(w * value for w, value in around) / sum(w for w, _ in around)
        np.testing.assert_allclose(found[i, :, y, x], mean, atol=1e-9)


def test_noise_is_on_removed_pixels_only():
    image, removed = np.zeros((1, 1, 40, 40)), np.zeros((1, 40, 40), dtype=bool)
    removed[0, 5:35, 5:35] = True
    found = noisy_linear_imputation(image, removed, noise=0.5, random_state=0)
    assert found[0, 0][removed[0]].std() == pytest.approx(0.5, rel=0.1)
    assert not found[0, 0][~removed[0]].any()
    assert noisy_linear_imputation(np.uint8(image), removed, noise=0).dtype == np.float64


def test_the_right_order_loses_the_score_first():
    """A score that is one pixel's value, on a picture where nothing else is bright."""
    images = np.zeros((1, 1, 5, 5))
    images[0, 0, 2, 2] = 1.0

    def predict(pictures):
        return pictures[:, 0, 2, 2]

    how = {"shares": (0.2, 0.6), "noise": 0.0}
    assert road_curve(predict, images, images[:, 0], **how).tolist() == [[pytest.approx(0, abs=1e-9)] * 2]
    assert road_curve(predict, images, images[:, 0], first="least", **how).tolist() == [[1, 1]]
    assert road(predict, images, images[:, 0], **how)[0] == pytest.approx(1)
    assert road(predict, images, -images[:, 0], **how)[0] == pytest.approx(-1)
    assert road_curve(predict, images, images[:, 0], shares=(0.0,)).tolist() == [[1]]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"shares": (0.5, 1.0)}, "below 1"),
        ({"shares": ()}, "one or more"),
        ({"maps": np.full((1, 5, 5), np.nan)}, "finite"),
        ({"first": "both"}, 'first=\'both\' is not "most" or "least"'),
        ({"maps": np.zeros((1, 4, 5))}, "must be"),
    ],
)
def test_refusals(how, message):
    with pytest.raises(ValueError, match=message):
        road_curve(**{"predict": len, "images": np.zeros((1, 1, 5, 5)), "maps": np.zeros((1, 5, 5))} | how)
    with pytest.raises(ValueError, match="nothing is left"):
        noisy_linear_imputation(np.zeros((1, 1, 2, 2)), np.ones((1, 2, 2), dtype=bool))
    with pytest.raises(ValueError, match="must be"):
        noisy_linear_imputation(np.zeros((1, 1, 2, 2)), np.ones((2, 2), dtype=bool))
