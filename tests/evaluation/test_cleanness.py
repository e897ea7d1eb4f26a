"""CleanScore and attribution shift, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from agop_tabular.evaluation import attribution_shift, clean_score


def test_clean_score_by_hand():
    a = np.array([[3.0, -1.0, 0.0, 1.0], [0, 0, 0, 0], [0, 2, 0, 0]])
    assert_allclose(clean_score(a, [True, True, False, False]), [0.8, 0, 1])
    mask = np.array([[True, False, False, False], [True] * 4, [False, False, True, False]])
    assert_allclose(clean_score(a, mask), [0.6, 0, 0])
    maps = a.reshape(3, 2, 2)
    assert_allclose(clean_score(maps, np.array([[True, True], [False, False]])), [0.8, 0, 1])


def test_clean_score_of_other_shapes():
    with pytest.raises(ValueError, match="The signal has shape"):
        clean_score(np.ones((3, 4)), [True, False])


def product(X):
    """Occlusion by zero of x0·x1 + x2."""
    return np.stack([X[:, 0] * X[:, 1], X[:, 0] * X[:, 1], X[:, 2]], axis=1)


def test_attribution_shift_by_hand():
    X = np.array([[1.0, 2.0, 3.0], [2.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    # without column 0 the attribution of column 1 falls from 2 to 0, that of column 2 stays 3: 2 of 5
    assert_allclose(attribution_shift(product, X, [0], np.zeros(3)), [2 / 5, 0, np.nan])
    assert_allclose(attribution_shift(product, X, [False, False, True], np.zeros(3)), [0, np.nan, np.nan])
    assert_allclose(attribution_shift(lambda X: X * [1, 2, 3], X, [0, 1], np.ones(3))[:2], 0)


def test_attribution_shift_of_another_fill():
    with pytest.raises(ValueError, match="one value for each column"):
        attribution_shift(product, np.ones((2, 3)), [0], np.zeros(2))
