"""Removal curves of a function that is easy to remove columns of, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from agop_tabular.evaluation import (
    average_drop,
    deletion_area,
    insertion_area,
    removal_curve,
    symmetric_relevance_gain,
)

X = np.array([[1.0, 2.0, 4.0], [3.0, 0.0, -1.0]])
FILL = np.zeros(3)


def total(rows):
    return rows.sum(axis=1)


def test_curves_by_hand():
    assert_allclose(removal_curve(total, X, X, FILL), [[7, 3, 1, 0], [2, -1, -1, 0]])
    assert_allclose(removal_curve(total, X, X, FILL, first="least"), [[7, 6, 4, 0], [2, 3, 3, 0]])
    assert_allclose(removal_curve(total, X, X, np.array([0, 0, 1.0]))[0], [7, 4, 2, 1])


def test_areas_by_hand():
    deleted = [(7 / 2 + 3 + 1) / 3, (2 / 2 - 1 - 1) / 3]
    inserted = [(7 / 2 + 6 + 4) / 3, (2 / 2 + 3 + 3) / 3]
    assert_allclose(deletion_area(total, X, X, FILL), deleted)
    assert_allclose(insertion_area(total, X, X, FILL), inserted)
    assert_allclose(symmetric_relevance_gain(total, X, X, FILL), np.subtract(inserted, deleted))


def test_the_right_order_gains_and_the_opposite_loses_as_much():
    gain = symmetric_relevance_gain(total, X, X, FILL)
    assert (gain > 0).all()
    assert_allclose(symmetric_relevance_gain(total, X, -X, FILL), -gain)


def test_average_drop_by_hand():
    def predict(rows):
        return rows.sum(axis=1) / 10

    # masks are (.25, .5, 1) and (1, 0, 0): scores .525 of .7, and .3 of .2, which rises
    assert_allclose(average_drop(predict, X, X, FILL), [1 - 0.525 / 0.7, 0])
    assert_allclose(average_drop(predict, X, -np.abs(X), FILL), 1, err_msg="nothing above zero, nothing is left")
    with pytest.raises(ValueError, match="above zero"):
        average_drop(total, -X, X, FILL)


@pytest.mark.parametrize("function", [removal_curve, average_drop])
def test_wrong_shapes(function):
    with pytest.raises(ValueError, match="must be"):
        function(total, X, X[:1], FILL)
    with pytest.raises(ValueError, match="must be"):
        function(total, X, X, FILL[:2])
    with pytest.raises(ValueError, match="finite"):
        function(total, X, X * np.nan, FILL)


def test_unknown_order():
    with pytest.raises(ValueError, match="first='best'"):
        removal_curve(total, X, X, FILL, first="best")


def test_rows_are_left_as_they_are():
    before = X.copy()
    removal_curve(total, X, X, FILL)
    assert_allclose(X, before)


def test_several_columns_at_a_time_and_a_fill_of_each_row():
    """In two steps of three columns: the first, by rounding to even, has two of them (1.5 is 2)."""
    assert_allclose(removal_curve(total, X, X, FILL, n_steps=2), [[7, 1, 0], [2, -1, 0]])
    assert_allclose(removal_curve(total, X, X, FILL, n_steps=1), [[7, 0], [2, 0]])
    assert_allclose(deletion_area(total, X, X, FILL, n_steps=2)[0], ((7 + 1) / 2 * 2 + (1 + 0) / 2) / 3)
    assert_allclose(insertion_area(total, X, X, FILL, n_steps=3), insertion_area(total, X, X, FILL))
    each = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 2.0]])
    assert_allclose(removal_curve(total, X, X, each), [[7, 4, 3, 3], [2, -1, -1, 2]])
    with pytest.raises(ValueError, match="n_steps=4 is not between 1 and the 3 columns"):
        removal_curve(total, X, X, FILL, n_steps=4)
