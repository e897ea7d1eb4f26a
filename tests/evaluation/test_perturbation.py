"""PGI, PGU and RIS: their expectations are known for linear functions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from agop_tabular.evaluation import prediction_gap, relative_input_stability

X = np.random.RandomState(0).uniform(0.2, 0.8, (50, 4))
WEIGHTS = np.array([4.0, -2.0, 1.0, 0.0])


def predict(rows):
    return rows @ WEIGHTS


def test_gaps_of_a_linear_function_are_those_of_normal_noise():
    how = {"n_perturbations": 400, "random_state": 0}
    normal = np.sqrt(2 / np.pi) * 0.1  # mean absolute value of the noise
    important = prediction_gap(predict, X, X * WEIGHTS * 0 + WEIGHTS, 2, **how)
    assert_allclose(important.mean(), normal * np.hypot(4, 2), rtol=0.03)
    others = prediction_gap(predict, X, X * 0 + WEIGHTS, 2, important=False, **how)
    assert_allclose(others.mean(), normal * 1, rtol=0.03)
    wider = prediction_gap(predict, X, X * 0 + WEIGHTS, 1, noise=np.array([0.3, 0, 0, 0]), **how)
    assert_allclose(wider.mean(), 3 * normal * 4, rtol=0.03)


def test_all_columns_or_none():
    assert_allclose(prediction_gap(predict, X, X, 0), 0)
    assert_allclose(prediction_gap(predict, X, X, 4, important=False), 0)


def test_discrete_columns_are_flipped():
    binary = np.round(X)
    found = prediction_gap(
        predict, binary, X * 0 + WEIGHTS, 1, discrete=np.ones(4, bool), flip=0.25, n_perturbations=2000, random_state=0
    )
    assert_allclose(found, 0.25 * 4, rtol=0.15)


def test_stability_of_a_linear_method_is_one():
    """Attributions of weight times value change by the same share as the row does."""
    found = relative_input_stability(
        lambda rows: rows * [4, -2, 1, 3], lambda rows: np.zeros(len(rows)), X, random_state=0, n_perturbations=20
    )
    assert_allclose(found, 1)


def test_perturbations_of_another_class_do_not_count():
    def classify(rows):
        return (rows[:, 0] > 0.5).astype(int) if rows is X else np.full(len(rows), 7)

    found = relative_input_stability(lambda rows: rows, classify, X, n_perturbations=3)
    assert np.isnan(found).all()


def test_bad_input():
    with pytest.raises(ValueError, match="k=5 is not between"):
        prediction_gap(predict, X, X, 5)
    with pytest.raises(ValueError, match="must both be"):
        prediction_gap(predict, X, X[:3], 1)
