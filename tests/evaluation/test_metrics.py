"""Metrics on cases worked by hand."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

from agop_tabular import evaluation as ev


def rows(*values):
    return np.array(values, dtype=float)


class TestSpearman:
    def test_by_hand(self):
        # |a| ranks 3 2 1, |t| ranks 2 3 1: d = 1, 1, 0, so rho = 1 - 6·2/(3·8) = 0.5
        assert ev.spearman(rows([3, -2, 1]), rows([2, 3, 1])) == pytest.approx([0.5])

    def test_is_scipys(self):
        rng = np.random.default_rng(0)
        a, t = rng.standard_normal((20, 9)), rng.standard_normal((20, 9)).round()
        expected = [spearmanr(np.abs(x), np.abs(y)).statistic for x, y in zip(a, t, strict=True)]
        np.testing.assert_allclose(ev.spearman(a, t), expected)

    def test_zeros_are_credited_when_tied_only(self):
        a, t = rows([5, 4, 0, 0, 0, 0]), rows([5, 4, 0, 0, 0, 0])
        assert ev.spearman(a, t) == pytest.approx([1.0])
        shuffled = [ev.spearman(a, t, zeros="random", random_state=i)[0] for i in range(200)]
        # ranks of a: 6 5 and a permutation of 1..4; of t: 6 5 2.5 2.5 2.5 2.5, whatever the permutation
        expected = (2.5**2 + 1.5**2 + 4) / np.sqrt(17.5 * (2.5**2 + 1.5**2 + 4))
        np.testing.assert_allclose(shuffled, expected)

    def test_some_columns(self):
        assert ev.spearman(rows([3, 2, 9]), rows([1, 2, 0]), columns=np.array([0, 1])) == pytest.approx([-1.0])

    def test_constant(self):
        assert np.isnan(ev.spearman(rows([0, 0]), rows([1, 2]))).all()


def test_cosine():
    a, t = rows([1, 0], [1, 0], [3, 4], [0, 0], [0, 0]), rows([1, 1], [-2, 0], [6, 8], [1, 0], [0, 0])
    np.testing.assert_allclose(ev.cosine(a, t), [np.sqrt(0.5), -1, 1, 0, 1])


def test_relative_error():
    # a·t = 2, a·a = 2, s = 1: residual (0, 0, 1) of a truth of norm sqrt(3)
    assert ev.relative_error(rows([1, 1, 0]), rows([1, 1, 1])) == pytest.approx(1 / np.sqrt(3))
    assert ev.relative_error(rows([5, 10]), rows([1, 2])) == pytest.approx(0)
    assert ev.relative_error(rows([0, 0]), rows([1, 2])) == 1


def test_sign_agreement():
    a, t = rows([1, -1, 0, 5], [0, 0, 0, 1]), rows([2, 3, -1, 0], [0, 0, 0, 0])
    np.testing.assert_allclose(ev.sign_agreement(a, t), [1 / 3, np.nan])


def test_top_one():
    a, t = rows([1, -3, 2], [1, 1, 0], [0, 0, 0]), rows([0, 5, 1], [2, 0, 1], [1, 2, 3])
    np.testing.assert_allclose(ev.top_one(a, t), [1, 1 / 2, 1 / 3])


def test_top_k_precision():
    a = rows([5, 4, 3, 2], [5, 1, 1, 1], [0, 0, 0, 0], [1, 2, 3, 4])
    t = rows([1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 9], [0, 0, 0, 0])
    # k = 2: one of two; k = 2: the first, and one of three at the second place; k = 1: one of four; no truth
    np.testing.assert_allclose(ev.top_k_precision(a, t), [1 / 2, (1 + 1 / 3) / 2, 1 / 4, np.nan])


def test_average_precision():
    a, t = rows([4, 3, 2, 1], [1, 1, 1, 1]), rows([1, 0, 1, 0], [1, 1, 1, 1])
    # hits at places 1 and 3: (1/1 + 2/3) / 2
    np.testing.assert_allclose(ev.average_precision(a, t), [5 / 6, np.nan])


def test_average_precision_is_scikit_learns_with_ties_too():
    rng = np.random.default_rng(0)
    a, t = rng.integers(-3, 4, (200, 9)).astype(float), rng.integers(0, 2, (200, 9)).astype(float)
    mixed = (t.sum(1) > 0) & (t.sum(1) < 9)
    expected = [average_precision_score(y, np.abs(x)) for x, y in zip(a[mixed], t[mixed], strict=True)]
    np.testing.assert_allclose(ev.average_precision(a, t)[mixed], expected)


def test_noise_feature_mass():
    a = rows([1, -1, 2, 0], [0, 0, 0, 0], [1, 0, 0, 0])
    np.testing.assert_allclose(ev.noise_feature_mass(a, np.array([0, 3])), [3 / 4, 1, 0])


@pytest.mark.parametrize("metric", [ev.spearman, ev.cosine, ev.relative_error, ev.top_k_precision])
def test_refusals(metric):
    with pytest.raises(ValueError, match="must both be"):
        metric(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="finite"):
        metric(rows([np.nan, 1]), rows([1, 1]))
