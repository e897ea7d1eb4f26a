"""Bounds of rows' errors: their coverage, and the scale that they follow."""

import numpy as np
import pytest

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.audit.error_bound import ErrorBound, conformal_quantile, fewest_rows, row_scale


@pytest.mark.parametrize(("coverage", "n"), [(0.9, 9), (0.5, 1), (0.95, 19), (0.99, 99), (0.8, 4)])
def test_fewest_rows(coverage, n):
    assert fewest_rows(coverage) == n
    assert np.isfinite(conformal_quantile(np.arange(float(n)), coverage))
    assert n == 1 or conformal_quantile(np.arange(n - 1.0), coverage) == np.inf


def test_quantile_covers_whatever_the_distribution():
    rng, covered = np.random.default_rng(0), []
    for _ in range(300):
        drawn = np.exp(2 * rng.normal(size=1064))
        covered.append((drawn[64:] <= conformal_quantile(drawn[:64], 0.9)).mean())
    assert np.mean(covered) == pytest.approx(59 / 65, abs=0.01)


def attributions(n, seed=0, m=None, index=None):
    rng = np.random.default_rng(seed)
    shape = (n, 5) if m is None else (n, 5, m)
    values = rng.normal(size=shape) * rng.uniform(0.2, 3, (n, *[1] * (len(shape) - 1)))
    support = rng.uniform(0.5, 1, (n,) if m is None else (n, m))
    return Attributions(values, index, support, distances=rng.uniform(0.3, 2, n))


def test_scale():
    found = attributions(50, index=np.zeros(50, dtype=int))
    scale = row_scale(found, (0.3,))
    length = np.linalg.norm(found.values, axis=1)
    rest = np.abs(found.values).sum(axis=1) * (1 / found.support - 1)
    np.testing.assert_allclose(scale**2, (rest / 3 + 0.3 + 0.01 * length) / length * (1 + found.distances**2))
    every = row_scale(
        Attributions(found.values[:, :, None], None, found.support[:, None], distances=found.distances), (0.3,)
    )
    np.testing.assert_array_equal(every[:, 0], scale)
    nothing = Attributions(np.zeros((2, 5)), np.zeros(2, dtype=int), np.ones(2), distances=np.ones(2))
    assert (row_scale(nothing, (0.3,)) == 0).all()


def test_bounds_cover_each_score_and_the_predicted_one():
    """Errors in proportion to the scale, larger for the second score; a third of the rows predict it."""
    unexplained, shares = (0.2, 0.2), []
    for seed in range(40):
        rng, found = np.random.default_rng(seed), attributions(464, seed, m=2)
        errors = row_scale(found, unexplained) * np.exp(rng.normal(size=(464, 2))) * (1, 3)
        predicted = (rng.random(464) < 1 / 3).astype(int)

        def part(rows, index=None, found=found):
            values, support = found.values[rows], found.support[rows]
            if index is not None:
                values, support = values[np.arange(len(index)), :, index], support[np.arange(len(index)), index]
            return Attributions(values, index, support, distances=found.distances[rows])

        known, new = slice(0, 64), slice(64, None)
        bound = ErrorBound.of(errors[known], row_scale(part(known), unexplained), predicted[known], unexplained, 0.9)
        every = bound.bounds(part(new), predicted=False)
        own = bound.bounds(part(new, predicted[new]), predicted=True)
        second = bound.bounds(part(new, np.ones(400, dtype=int)), predicted=False)
        np.testing.assert_allclose(second, every[:, 1])
        of_own = errors[new][np.arange(400), predicted[new]]
        shares.append(
            [(errors[new][:, 0] <= every[:, 0]).mean(), (errors[new][:, 1] <= second).mean(), (of_own <= own).mean()]
        )
        assert bound.each[1] > 1.5 * bound.each[0]
    np.testing.assert_allclose(np.mean(shares, axis=0), 59 / 65, atol=0.02)


def test_several_outputs_of_which_none_is_predicted():
    found = attributions(30, m=2)
    scales = row_scale(found, (0.1, 0.1))
    bound = ErrorBound.of(scales * (1, 2), scales, None, np.array([0.1, 0.1]), 0.9)
    assert bound.each == pytest.approx((1, 2))
    assert bound.predicted == pytest.approx(2)
