"""Figures without the samples' noise, against the figures of values that are known."""

import numpy as np
import pytest

from agop_tabular.audit.comparison import Comparison
from agop_tabular.audit.sampled_values import SampledValues
from agop_tabular.evaluation import cosine


def noisy(noise, n=40, d=6, m=2, seed=0):
    """Attributions, what they should be, and a noisy estimate of that, with its variances."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, d, m))
    attributions = truth + 0.2 * rng.normal(size=truth.shape)
    variances = (noise * rng.uniform(0.5, 1.5, truth.shape)) ** 2
    return attributions, truth, SampledValues(truth + np.sqrt(variances) * rng.normal(size=truth.shape), variances, 1)


def test_of_exact_values_they_are_those_of_the_definitions():
    attributions, truth, sampled = noisy(0.0)
    found = Comparison(attributions, sampled)
    errors = np.linalg.norm(attributions - truth, axis=1)
    np.testing.assert_allclose(found.squared_errors, errors**2)
    np.testing.assert_allclose(found.relative_errors, errors / np.linalg.norm(truth, axis=1))
    for c in range(2):
        np.testing.assert_allclose(found.cosines[:, c], cosine(attributions[:, :, c], truth[:, :, c]))
    assert found.noise_share == 0
    value, (low, high) = found.relative_error()
    assert value == pytest.approx(np.sqrt((errors**2).sum() / (truth**2).sum()))
    assert low < value < high
    assert found.cosine()[0] == pytest.approx(found.cosines.mean())


def test_noise_is_taken_out():
    """With noise of twice the error, naive figures are far off."""
    figures, naive, true = [], [], []
    for seed in range(30):
        attributions, truth, sampled = noisy(0.4, seed=seed)
        found = Comparison(attributions, sampled)
        assert found.noise_share > 2
        figures.append(found.relative_error()[0])
        naive.append(np.sqrt(np.square(attributions - sampled.values).sum() / np.square(sampled.values).sum()))
        true.append(np.sqrt(np.square(attributions - truth).sum() / np.square(truth).sum()))
    assert np.mean(figures) == pytest.approx(np.mean(true), rel=0.1)  # a root, of a noisy number
    assert np.mean(naive) > 1.5 * np.mean(true)


def test_cosines_are_without_noise_as_long_as_rows_are_longer_than_it():
    attributions, truth, sampled = noisy(0.2, n=400)
    own, naive = ([cosine(attributions[:, :, c], t[:, :, c]).mean() for c in range(2)] for t in (truth, sampled.values))
    found = Comparison(attributions, sampled).cosines.mean(axis=0)
    np.testing.assert_allclose(found, own, atol=0.005)
    assert np.abs(np.subtract(naive, own)).min() > 0.01


def test_one_score_of_each_row():
    attributions, _, sampled = noisy(0.1)
    index = np.arange(40) % 2
    found, everything = Comparison(attributions, sampled).of(index), Comparison(attributions, sampled)
    np.testing.assert_array_equal(found.squared_errors[:, 0], everything.squared_errors[np.arange(40), index])
    assert found.column_errors().shape == (6,)


def test_intervals_cover():
    """The interval of the relative error has that of a thousand rows of the same kind, nearly always."""
    attributions, truth, _ = noisy(0.0, n=4000, m=1)
    scale = np.exp(0.4 * np.random.default_rng(1).normal(size=(4000, 1, 1)))  # rows of different errors
    attributions = truth + scale * (attributions - truth)
    exact = SampledValues(truth, np.zeros_like(truth), 1)
    whole = Comparison(attributions, exact).relative_error()[0]
    inside = []
    for k in range(60):
        part = slice(60 * k, 60 * k + 60)
        found = Comparison(attributions[part], SampledValues(truth[part], exact.variances[part], 1))
        low, high = found.relative_error()[1]
        inside.append(low <= whole <= high)
    assert np.mean(inside) > 0.85


def test_rows_without_attributions():
    zero = np.zeros((3, 4, 1))
    one = zero.copy()
    one[0, 0] = 1.0
    nothing = Comparison(zero, SampledValues(zero, zero, 1))
    assert (nothing.relative_errors == 0).all()
    assert (nothing.cosines == 1).all()
    assert nothing.cosine() == (1.0, (1.0, 1.0))
    assert nothing.relative_error() == (0.0, (0.0, 0.0))
    found = Comparison(one, SampledValues(zero, zero, 1))  # the network has none there
    assert found.relative_errors[0, 0] == np.inf
    assert found.cosines[0, 0] == 0
    missed = Comparison(zero, SampledValues(one, zero, 1))
    assert missed.relative_errors[0, 0] == 1
    assert missed.cosines[0, 0] == 0
