"""Shuffled training rows: drawn evenly, and as many of later chunks as of the first."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from support.functions import Function
from support.nets import MLP

from agop_tabular import AGOPExplainer
from agop_tabular.fitting.shuffled_rows import SHUFFLED, SHUFFLED_A_ROW, first_block, pool_rows


@pytest.mark.parametrize("n", [16_384, 32_768, 50_000])
@pytest.mark.parametrize("period", [2, 3, 4])
def test_a_periodic_table_is_drawn_evenly(n, period):
    places = pool_rows(n)
    assert len(np.unique(places)) == len(places)
    assert places.max() < n
    shares = np.bincount(places % period) / len(places)
    assert_allclose(shares, 1 / period, atol=0.01)


@pytest.mark.parametrize("order", ["sorted", "drifting", "categories"])
def test_chunks_in_any_order_give_what_one_table_gives(order):
    """Bins, shares and centres are those of the rows of all chunks."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 4), dtype=np.float32)
    if order == "sorted":
        X = X[np.argsort(X[:, 0])]
    elif order == "drifting":
        X[:, 1] += np.linspace(0, 8, 2000, dtype=np.float32)
    else:
        X[:, 2] = np.repeat([0, 1, 2, 5], 500)
    net = MLP(4)
    whole, chunked = AGOPExplainer(net).fit(X), AGOPExplainer(net)
    for chunk in np.split(X, 5):
        chunked.partial_fit(chunk)
    expected, found = whole.explain(X), chunked.explain(X)
    assert np.linalg.norm(found - expected) < 0.02 * np.linalg.norm(expected)
    for j in range(4):
        old, new = (e.effects_.main(j) for e in (whole, chunked))
        assert len(new) >= min(len(old), 4)
        assert new.index.min() == pytest.approx(old.index.min())
        assert new.index.max() == pytest.approx(old.index.max())
    assert_allclose(sum(column.share.sum() for column in chunked.statistics_.columns), 4)


def rows_of(explainer):
    """Shuffled rows, on average over axes: rows with an oversampled axis count for that one alone."""
    effects = explainer.statistics_.effects
    return float(effects.counts.sum()) / len(effects.axes)


def test_only_as_many_rows_are_shuffled_as_a_network_needs():
    """Main effects are known from the first block; products of all columns need more."""
    X = np.random.default_rng(0).standard_normal((3000, 12), dtype=np.float32)
    additive = AGOPExplainer(Function(lambda x: torch.sin(2 * x[:, 0]) + x[:, 1:].sum(dim=1))).fit(X)
    products = AGOPExplainer(Function(lambda x: x.sum(dim=1) ** 2)).fit(X)  # of all pairs
    assert rows_of(additive) < first_block(12) < rows_of(products) < SHUFFLED
    fewer = AGOPExplainer(products.estimator, max_samples=500).fit(X)
    assert rows_of(fewer) <= 500 * SHUFFLED_A_ROW
    again = AGOPExplainer(products.estimator).fit(X)
    assert np.array_equal(products.explain(X), again.explain(X))


def test_halves_are_of_the_same_rows():
    X = np.random.default_rng(0).standard_normal((1000, 4), dtype=np.float32)
    explainer = AGOPExplainer(MLP(4)).fit(X)
    effects, halves = explainer.statistics_.effects, explainer.statistics_.halves
    torch.testing.assert_close(sum(half.counts for half in halves.sums), effects.counts)
    shares = [half.counts.sum() / effects.counts.sum() for half in halves.sums]
    assert_allclose(shares, 0.5, atol=0.2)


@pytest.mark.parametrize("f", [torch.log, torch.sqrt, lambda x: torch.acos(x / 2 - 1.5), lambda x: 1 / (x > 0)])
@pytest.mark.parametrize("d", [2, 4])
def test_a_network_that_is_not_finite_on_shuffled_rows_is_refused(f, d):
    """Where columns depend on each other, shuffled rows have differences that no training row has."""
    X = np.random.default_rng(0).standard_normal((300, d))
    X[:, 1] = X[:, 0] - np.random.default_rng(1).uniform(1, 4, 300)
    net = Function(lambda x: f(x[:, 0] - x[:, 1]) + x.sum(dim=1)).double()
    explainer = AGOPExplainer(net)
    with pytest.raises(ValueError, match=r"not finite on shuffled rows, .* clamp .*\"agop-ixg\""):
        explainer.fit(X)
    assert not hasattr(explainer, "n_samples_seen_")
    assert np.isfinite(AGOPExplainer(net, method="agop-ixg").fit(X).explain(X)).all()


@pytest.mark.filterwarnings("ignore:Effects of columns and pairs leave")
def test_a_few_rows_more_are_not_worth_another_fit():
    """Along 500 columns hardly more rows can be had than the first block has."""
    torch.manual_seed(0)
    X = np.random.default_rng(0).standard_normal((1000, 500), dtype=np.float32)
    explainer = AGOPExplainer(MLP(500), gate=None).fit(X)
    assert rows_of(explainer) == first_block(500)
