"""Attributions drawn at random: the level of chance, whatever the model."""

import numpy as np
from sklearn.linear_model import LinearRegression

from agop_tabular.baselines import RandomOrder


def test_standard_normal_noise_that_a_seed_repeats(X):
    model, other = LinearRegression().fit(X, X[:, 0]), LinearRegression().fit(X, -X[:, 1])
    found = RandomOrder()(model, X, "predicted", X, 0)
    assert abs(found.mean()) < 0.1
    assert abs(found.std() - 1) < 0.1
    np.testing.assert_array_equal(found, RandomOrder()(other, X, "predicted", X, 0))
    assert (found != RandomOrder()(model, X, "predicted", X, 1)).all()
