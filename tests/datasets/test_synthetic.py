"""Synthetic tasks: the truth is the exact Shapley value, checked by enumeration."""

import numpy as np
import pytest
from support.task_shapley import enumerated

from agop_tabular.datasets import (
    Term,
    functions,
    make_all_informative,
    make_interaction,
    make_linear,
    make_sparse_nonlinear,
    make_switched,
    make_syn,
)

MAKERS = [make_linear, make_sparse_nonlinear, make_interaction, make_switched, make_all_informative]


@pytest.mark.parametrize("contrast", [False, True])
@pytest.mark.parametrize("make", MAKERS, ids=lambda m: m.__name__)
def test_closed_form_is_the_enumeration(make, contrast):
    params = {} if make in (make_interaction, make_all_informative) else {"n_informative": 4}
    X, y, truth = make(n_samples=4, n_features=6, random_state=3, **params)
    ours = truth.attributions(X, y, contrast=contrast)
    for i in range(4):
        np.testing.assert_allclose(ours[i], enumerated(truth, X[i], y[i], contrast=contrast), atol=1e-10)


@pytest.mark.parametrize("make", MAKERS, ids=lambda m: m.__name__)
def test_additivity_and_reproducibility(make):
    X, y, truth = make(n_samples=3000, random_state=1)
    assert X.shape == (3000, 20)
    assert set(y) == {0, 1, 2}
    mean = truth.scores(np.random.default_rng(0).standard_normal((400_000, 20))).mean(0)
    total = truth.attributions(X[:200], y[:200]).sum(1)
    gap = truth.scores(X[:200])[np.arange(200), y[:200]] - mean[y[:200]]
    np.testing.assert_allclose(total, gap, atol=0.15)
    again = make(n_samples=3000, random_state=1)
    np.testing.assert_array_equal(again[0], X)
    np.testing.assert_array_equal(again[1], y)
    other = make(n_samples=3000, random_state=2)[2]
    assert not np.allclose(other.scores(X), truth.scores(X))


@pytest.mark.parametrize("make", MAKERS, ids=lambda m: m.__name__)
def test_only_informative_features_have_a_truth(make):
    X, y, truth = make(n_samples=50, random_state=0)
    noise = np.setdiff1d(np.arange(20), truth.informative)
    assert not truth.attributions(X, y)[:, noise].any()
    assert truth.attributions(X, y)[:, truth.informative].any(axis=0).all()
    assert len(truth.informative) == {make_interaction: 6, make_switched: 7, make_all_informative: 20}.get(make, 5)


class TestSyn:
    @pytest.mark.parametrize("kind", range(1, 7))
    def test_truth_is_the_enumeration(self, kind):
        X, _, truth = make_syn(kind, n_samples=1, random_state=0)
        expected = enumerated(truth, X[0], 1, contrast=False)
        np.testing.assert_allclose(truth.attributions(X, 1)[0], expected, atol=1e-9)

    def test_log_odds_as_published(self):
        X, _, one = make_syn(1, n_samples=20, random_state=0)
        x = [None, *X.T]
        syn1 = x[1] * x[2]
        syn2 = x[3] ** 2 + x[4] ** 2 + x[5] ** 2 + x[6] ** 2 - 4
        syn3 = -100 * np.sin(2 * x[7]) + 2 * np.abs(x[8]) + x[9] + np.exp(-x[10]) - 2.4
        low = x[11] <= 0
        published = [syn1, syn2, syn3, *(np.where(low, *p) for p in ((syn1, syn2), (syn1, syn3), (syn2, syn3)))]
        for kind, expected in enumerate(published, start=1):
            scores = make_syn(kind, n_samples=1)[2].scores(X)
            np.testing.assert_allclose(scores[:, 1] - scores[:, 0], expected)
        assert one.informative.tolist() == [0, 1]

    def test_relevant_features_follow_the_switch(self):
        X, _, truth = make_syn(4, n_samples=50, random_state=0)
        for x, relevant in zip(X, truth.relevant(X), strict=True):
            assert np.flatnonzero(relevant).tolist() == ([0, 1, 10] if x[10] <= 0 else [2, 3, 4, 5, 10])

    def test_refusals(self):
        with pytest.raises(ValueError, match="kind=7"):
            make_syn(7)
        with pytest.raises(ValueError, match="at least 11"):
            make_syn(1, n_features=10)


def test_labels_follow_the_scores():
    X, y, truth = make_linear(n_samples=2000, noise=0.0, random_state=0)
    np.testing.assert_array_equal(y, truth.scores(X).argmax(1))
    noisy = make_linear(n_samples=20_000, n_classes=2, noise=1.0, random_state=0)
    scores = noisy[2].scores(noisy[0])
    p = 1 / (1 + np.exp(scores[:, 0] - scores[:, 1]))  # Gumbel noise: the scores are logits
    assert abs(noisy[1].mean() - p.mean()) < 0.01


def test_refusals():
    with pytest.raises(ValueError, match="n_informative=30"):
        make_linear(n_informative=30)
    with pytest.raises(ValueError, match="pair of its own"):
        make_interaction(n_informative=5)
    with pytest.raises(ValueError, match="switch"):
        make_switched(n_informative=2)
    with pytest.raises(ValueError, match="each feature once"):
        Term(((0, functions.square()), (0, functions.cube())), np.ones(2))
