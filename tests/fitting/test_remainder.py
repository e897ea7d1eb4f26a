"""What a fit measures beyond main and pair effects, through the explainer."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.functions import Function, brute_force, relative_error
from torch import nn

from agop_tabular import AGOPExplainer


def table(correlation, n=1500, d=5, seed=0):
    """Normal columns, the first two correlated."""
    X = np.random.default_rng(seed).normal(size=(n, d)).astype("float32")
    X[:, 1] = correlation * X[:, 0] + np.sqrt(1 - correlation**2) * X[:, 1]
    return X


def error(f, X):
    explainer = AGOPExplainer(Function(f)).fit(X)
    return relative_error(explainer.explain(X[:20]), brute_force(f, X[:20], X[:500]))


def test_a_product_of_dependent_columns():
    """Without the constant the relative error is about .4."""
    assert error(lambda x: x[:, 0] * x[:, 1] + x[:, 2], table(0.8)) < 0.1


def test_an_effect_of_three_columns_is_not_credited_to_a_fourth():
    """With the rest shared by absolute attributions alone the relative error is about .9."""

    def f(x):
        return 3 * torch.tanh(4 * x[:, 0]) * torch.tanh(4 * x[:, 1]) * torch.tanh(4 * x[:, 2]) + 2 * x[:, 3]

    assert error(f, table(0.0)) < 0.35


def test_an_effect_of_four_columns_is_shared_among_them():
    """No table holds it, but the indices know who makes it."""

    def f(x):
        return 2 * torch.tanh(3 * x[:, :4]).prod(dim=1) + x[:, 4]

    with pytest.warns(UserWarning, match="which is shared out"):
        explainer = AGOPExplainer(Function(f)).fit(table(0.0))
    shares = explainer.attributor_.method.remainder.shares.numpy()
    np.testing.assert_allclose(shares[0, :4], 0.25, atol=0.05)
    assert shares[0, 4] < 0.02


def test_much_that_no_table_holds_is_said():
    def f(x):
        return torch.tanh(3 * x[:, :4]).prod(dim=1) + 0.1 * x[:, 4]

    with pytest.warns(UserWarning, match=r"leave \d+% of the scores' variance"):
        AGOPExplainer(Function(f)).fit(table(0.0))


@given(st.floats(-0.95, 0.95), st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_columns_have_mean_zero_over_the_training_rows(correlation, seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3))
    X = table(correlation, n=600, seed=seed)
    every = AGOPExplainer(net, gate=None).fit(X).explain(X, target="all")
    assert np.abs(every.mean(axis=0)).max() < 0.01 * np.abs(every).mean()


@pytest.fixture(scope="module")
def fitted():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))
    X = table(0.5)
    model = Function(lambda x: body(x)[:, 0] + 2 * x[:, 0] * x[:, 2] * x[:, 3])
    return model, X, AGOPExplainer(model).fit(X)


def test_effects_of_three_are_shown(fitted):
    _, X, explainer = fitted
    effects = explainer.effects_
    strongest = effects.triples.iloc[0]
    assert set(strongest[["first", "second", "third"]]) == {"x0", "x2", "x3"}
    high, low = effects.triple("x0", "x2", "x3", at=1.5), effects.triple("x0", "x2", "x3", at=-1.5)
    corner = high.index > 1, high.columns > 1
    assert high.loc[corner].to_numpy().mean() > 1
    assert low.loc[corner].to_numpy().mean() < -1
    assert (effects.triple("x0", "x1", "x4", at=0.0) == 0).all(axis=None)
    with pytest.raises(ValueError, match="three different columns"):
        effects.triple("x0", "x0", "x1", at=0.0)


def test_a_saved_file_has_it(fitted, tmp_path):
    model, X, explainer = fitted
    explainer.save(tmp_path / "explainer.agop")
    loaded = AGOPExplainer.load(tmp_path / "explainer.agop", model)
    np.testing.assert_array_equal(loaded.explain(X), explainer.explain(X))
    assert loaded.effects_.triples.equals(explainer.effects_.triples)


def test_the_same_seed_gives_the_same_bits(fitted):
    model, X, explainer = fitted
    again = AGOPExplainer(model).fit(X)
    np.testing.assert_array_equal(again.explain(X), explainer.explain(X))


def test_partial_fit_measures_it_again_on_the_rows_of_both_tables(fitted):
    model, X, _ = fitted
    parts = AGOPExplainer(model).fit(X[:750])
    first = parts.statistics_.remainder
    parts.partial_fit(X[750:])
    assert parts.statistics_.remainder is not first
    for remainder in (first, parts.statistics_.remainder):  # neither lost nor counted twice
        triples = remainder.triples
        assert [0, 2, 3] in triples.columns.tolist()
    strengths = [r.triples.variances().amax() for r in (first, parts.statistics_.remainder)]
    assert strengths[1] == pytest.approx(float(strengths[0]), rel=0.3)
    found = parts.explain(X)
    assert np.abs(found.mean(axis=0)).max() < 0.05 * np.abs(found).mean()


def test_partial_fit_after_loading_is_refused(fitted, tmp_path):
    """Effects are gathered anew from the rows of all tables, which are not in the file."""
    model, X, explainer = fitted
    explainer.save(tmp_path / "explainer.agop")
    loaded = AGOPExplainer.load(tmp_path / "explainer.agop", model)
    before = loaded.explain(X)
    with pytest.raises(ValueError, match="which a saved file does not hold"):
        loaded.partial_fit(X[:100])
    np.testing.assert_array_equal(loaded.explain(X), before)


def test_refinement_starts_from_it_and_adds_up(fitted):
    model, X, explainer = fitted
    refined = AGOPExplainer(model, refine=8).fit(X)(X[:10])
    assert np.abs(refined.gap).max() < 1e-3
