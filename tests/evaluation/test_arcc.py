"""Coherency, complexity and their mean with ROAD, by hand."""

import numpy as np
import pytest

from agop_tabular.evaluation import arcc, coherency, complexity

IMAGES = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])


def test_complexity_is_the_mean_of_the_scaled_map():
    """(0, 1, -3, 5) in absolute value, less 0, over 5: (0, .2, .6, 1)."""
    maps = np.array([[[0.0, 1.0], [-3.0, 5.0]], [[2.0, 2.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 7.0]]])
    np.testing.assert_allclose(complexity(maps), [1.8 / 4, 1, 1 / 4])


def test_coherency_by_hand():
    """An explanation that is the image: faded by (0, 1/3, 2/3, 1) it becomes (0, 2/3, 2, 4)."""
    found = coherency(lambda x: x[:, 0], IMAGES, IMAGES[:, 0])
    r = np.corrcoef([1, 2, 3, 4], [0, 2 / 3, 2, 4])[0, 1]
    assert found[0] == pytest.approx((1 + r) / 2)


@pytest.mark.parametrize(
    ("explain", "expected"),
    [
        (lambda x: IMAGES[:, 0], 1.0),
        (lambda x: 5 - IMAGES[:, 0], 0.0),
        (lambda x: np.ones((1, 2, 2)), 0.5),
    ],
)
def test_coherency_of_the_same_the_opposite_and_nothing(explain, expected):
    assert coherency(explain, IMAGES, IMAGES[:, 0])[0] == pytest.approx(expected)


def test_coherency_hands_over_images_of_their_own_dtype():
    seen = []

    def explain(x):
        seen.append(x.dtype)
        return x[:, 0]

    coherency(explain, IMAGES.astype(np.float32), IMAGES[:, 0])
    assert seen == [np.float32]


def test_arcc_is_a_harmonic_mean():
    """ROAD 0 is a half: 3 / (2 + 1/.8 + 1/.4)."""
    np.testing.assert_allclose(arcc([0.0], [0.8], [0.6]), [3 / (2 + 1 / 0.8 + 1 / 0.4)])
    np.testing.assert_allclose(arcc([1.0, -1.0, 0.5], [1.0, 1.0, 0.5], [0.0, 0.0, 1.0]), [1, 0, 0])


def test_refusals():
    with pytest.raises(ValueError, match="as of probabilities"):
        arcc([2.0], [0.5], [0.5])
    with pytest.raises(ValueError, match="must be \\(n, height, width\\)"):
        complexity(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="must be"):
        coherency(lambda x: x, IMAGES, np.zeros((1, 3, 2)))
    with pytest.raises(ValueError, match="Maps must be finite"):
        complexity(np.full((1, 2, 2), np.nan))
    twice = np.concatenate([IMAGES, IMAGES])
    with pytest.raises(ValueError, match="explain returned maps of shape \\(1, 2, 2\\)"):
        coherency(lambda x: x[:1, 0], twice, twice[:, 0])


def test_rounding_takes_no_coherency_beyond_one():
    images = np.random.RandomState(0).rand(3000, 1, 3, 3)
    found = coherency(lambda x: 3 * images[:, 0], images, images[:, 0])
    assert found.max() == 1
    arcc(np.zeros(3000), found, np.full(3000, 0.1))
