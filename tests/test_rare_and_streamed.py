"""The default on rare values, periodic tables, chunks, zero attributions and scores far from zero."""

import numpy as np
import pandas as pd
import pytest
import torch
from nets import MLP
from numpy.testing import assert_allclose
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.effects.sums import EffectSums
from agop_tabular.fitting.shuffled_rows import pool_rows


class Formula(nn.Module):
    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def forward(self, x):
        return self.formula(x)[:, None]


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("other", ["numeric", "flag"])
def test_a_rare_flag_does_not_bend_the_effects_of_others(share, other):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal(4000), rng.random(4000) < share, rng.standard_normal(4000)])
    if other == "flag":
        X[:, 0] = rng.random(4000) < 0.5
    explainer = AGOPExplainer(Formula(lambda x: 10 * x[:, 0] * x[:, 1] + x[:, 2])).fit(X.astype(np.float32))
    a, flag = X[:, 0] - X[:, 0].mean(), X[:, 1] - X[:, 1].mean()
    own = 10 * np.column_stack([a * X[:, 1].mean() + a * flag / 2, flag * X[:, 0].mean() + a * flag / 2])
    expected = np.column_stack([own, X[:, 2] - X[:, 2].mean()])
    assert relative_error(explainer.explain(X.astype(np.float32)), expected) < 0.06
    curve = explainer.effects_.main("x0").iloc[:, 0]
    slope = (curve.iloc[-1] - curve.iloc[0]) / (curve.index[-1] - curve.index[0])
    assert_allclose(slope, 10 * X[:, 1].mean(), rtol=0.15)


@pytest.mark.parametrize("n", [16_384, 32_768, 50_000])
@pytest.mark.parametrize("period", [2, 3, 4])
def test_a_periodic_table_is_drawn_evenly(n, period):
    places = pool_rows(n)
    assert len(np.unique(places)) == len(places)
    assert places.max() < n
    shares = np.bincount(places % period) / len(places)
    assert_allclose(shares, 1 / period, atol=0.01)


def test_later_chunks_count_as_much_as_the_first(monkeypatch):
    rows = []
    update = EffectSums.update

    def counted(self, scores, x, *args, **kwargs):
        rows[-1] += len(x)
        return update(self, scores, x, *args, **kwargs)

    monkeypatch.setattr(EffectSums, "update", counted)
    rng = np.random.default_rng(0)
    explainer = AGOPExplainer(MLP(3))
    for _ in range(4):
        rows.append(0)
        explainer.partial_fit(rng.standard_normal((500, 3), dtype=np.float32))
    assert_allclose(rows, rows[0], rtol=0.02)


def test_a_column_that_was_constant_in_the_first_chunk():
    X = np.random.default_rng(0).standard_normal((400, 3)).astype(np.float32)
    X[:200, 1] = 0.0
    explainer = AGOPExplainer(MLP(3)).partial_fit(X[:200])
    with pytest.warns(UserWarning, match=r"Column\(s\) 'x1' had one value among the first rows"):
        explainer.partial_fit(X[200:])


def test_where_nothing_moves_a_score_its_attributions_are_zero():
    X = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    X[:, 2] = 1.0
    module = nn.Linear(3, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[0.0, 0.0, 50.0], [1.0, 2.0, 0.0]]))
    explainer = AGOPExplainer(module, contrast=False).fit(X)
    rows = X[:5].copy()
    rows[:, 2] = 3.0
    assert not explainer.explain(rows, 0).any()
    assert np.isfinite(explainer.explain(rows, 1)).all()


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_flags_of_a_score_far_from_zero(offset):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal(500), rng.random(500) < 0.4, rng.random(500) < 0.3])
    module = nn.Linear(3, 1, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1.0, 2.0, 3.0]]))
        module.bias.fill_(offset)
    found = AGOPExplainer(module).fit(X).explain(X)
    assert relative_error(found, (X - X.mean(axis=0)) * [1, 2, 3]) < 1e-3


@pytest.mark.parametrize("make", [torch.jit.script, lambda m: torch.jit.trace(m, torch.zeros(2, 6))])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_module(make, X):
    module = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).eval()
    found = AGOPExplainer(make(module)).fit(X).explain(X)
    assert_allclose(found, AGOPExplainer(module).fit(X).explain(X), atol=1e-5)


@pytest.mark.parametrize("names", [[2, 0, 1], ["2", "0", "1"], [1, 2, 3], ["a", "b", "c"]])
def test_variances_go_by_place_whatever_the_columns_are_called(names):
    X = pd.DataFrame(np.random.default_rng(0).standard_normal((400, 3)).astype(np.float32), columns=names)
    explainer = AGOPExplainer(Formula(lambda x: x[:, 0] ** 2)).fit(X)
    assert_allclose(np.diag(explainer.interaction_importances_), [1, 0, 0], atol=1e-6)
