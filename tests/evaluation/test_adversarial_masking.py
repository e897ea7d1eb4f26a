"""Masking by an adversarial counterpart, where the attack and the areas are known in closed form."""

import numpy as np
import pytest
import torch

from agop_tabular.evaluation import adversarial_counterpart, adversarial_masking

W = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, 0.0], [-3.0, 0.0, 0.0]])


def linear(x):
    return x @ torch.from_numpy(W).to(x.dtype).T


def test_the_counterpart_of_a_linear_score_is_a_corner_of_the_ball():
    """Against class 1: the margin's gradient is (2, -2, .5), so each feature moves by the radius against its sign."""
    X = np.array([[0.0, 5.0, 0.0], [1.0, 8.0, 0.0]])
    found = adversarial_counterpart(linear, X, np.array([0, 0]), radius=0.1)
    np.testing.assert_allclose(found, X + 0.1 * np.array([-1, 1, -1]))
    each = adversarial_counterpart(linear, X, np.array([0, 0]), radius=np.array([0.0, 0.2, 1.0]))
    np.testing.assert_allclose(each, X + np.array([0, 0.2, -1.0]))
    only = adversarial_counterpart(lambda x: linear(x)[:, :1], X, np.array([0, 0]), radius=0.1)
    np.testing.assert_allclose(only, X + 0.1 * np.array([-1, 1, -1]))


def test_the_worst_row_on_the_way_is_taken():
    """Of (x - 1)² from 0.9 within 0.3 the lowest is the middle of the ball, which large steps jump over."""
    found = adversarial_counterpart(lambda x: (x - 1) ** 2, np.array([[0.9]]), np.array([0]), radius=0.3, n_steps=5)
    assert abs(found[0, 0] - 1) <= 0.1
    assert found.dtype == np.float64


def total(rows):
    return rows.sum(axis=1)


def test_areas_and_gain_by_hand():
    """A sum whose features fall by 3, 2 and 1: most first 6, 3, 1, 0 has the area 7/3, least first 6, 5, 3, 0 11/3."""
    X = np.tile([3.0, 2.0, 1.0], (8, 1))
    found = adversarial_masking(total, X, {"right": X, "wrong": -X}, np.zeros_like(X), random_state=0)
    np.testing.assert_allclose(found.table.loc["right", ["most_first", "least_first", "gain"]], [7 / 3, 11 / 3, 4 / 3])
    assert found.table.loc["wrong", "gain"] == pytest.approx(-4 / 3)
    np.testing.assert_allclose(found.table["above_random"], found.table["gain"] - found.bias)
    assert found.gains.shape == (8, 2)
    assert found.rank_stability == 1
    assert abs(found.bias) < 0.3


def test_random_attributions_have_no_bias_and_no_order():
    rng = np.random.RandomState(0)
    X = rng.rand(200, 5)
    noise = {str(k): rng.rand(200, 5) for k in range(4)}
    found = adversarial_masking(total, X, noise, np.zeros_like(X), random_state=1)  # X itself was drawn with 0
    assert abs(found.bias) < 0.02
    assert found.table["gain"].abs().max() < 0.1
    assert found.rank_stability < 0.7
    alone = adversarial_masking(total, X, {"one": X}, np.zeros_like(X), n_steps=2, n_random=0)
    assert np.isnan(alone.rank_stability)
    assert np.isnan(alone.bias)


def test_refusals():
    X = np.zeros((2, 3))
    with pytest.raises(ValueError, match="attributions= has no method"):
        adversarial_masking(total, X, {}, X)
    with pytest.raises(ValueError, match="counterpart has shape"):
        adversarial_masking(total, X, {"a": X}, X[0])
    with pytest.raises(ValueError, match="give it as floats"):
        adversarial_counterpart(linear, np.zeros((2, 3), dtype=int), np.zeros(2, dtype=int), radius=1.0)
    with pytest.raises(ValueError, match="must not be negative"):
        adversarial_counterpart(linear, X, np.zeros(2, dtype=int), radius=-1.0)
    with pytest.raises(ValueError, match="target has the index 9, but there are 2 scores"):
        adversarial_counterpart(lambda x: x[:, :2], X, np.array([0, 9]), radius=1.0)
    with pytest.raises(ValueError, match="a whole number from 0, for each of the 2 rows"):
        adversarial_counterpart(linear, X, np.array([0, -1]), radius=1.0)
    with pytest.raises(ValueError, match="scores returned shape \\(2,\\)"):
        adversarial_counterpart(lambda x: x[:, 0], X, np.zeros(2, dtype=int), radius=1.0)
