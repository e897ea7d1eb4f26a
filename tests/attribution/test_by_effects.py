"""method="agop": attributions add up, are near the network's own Shapley values, and stand up to real tables."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler
from support.functions import Function
from support.model_scores import in_contrast
from support.nets import MLP
from support.preprocessing import PREPROCESSING
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import InputXGradient, NetworkShapley
from agop_tabular.evaluation import cosine


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1500, 6))
    y = (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) > 0.8).astype(int)
    return MLPClassifier((64, 32), random_state=0, max_iter=300, early_stopping=True).fit(X, y), X


def test_is_the_default():
    assert AGOPExplainer().method == "agop"


def test_near_the_networks_own_shapley_values(trained):
    model, X = trained
    rows = X[:60]
    own = NetworkShapley(n_permutations=2000)(model, rows, 1, X, 0)
    ours = AGOPExplainer(model).fit(X).explain(rows, 1)
    gradient = InputXGradient()(model, rows, 1, X, 0)
    assert cosine(ours, own).mean() > 0.98
    assert cosine(gradient, own).mean() < 0.9
    assert np.linalg.norm(ours - own) < 0.2 * np.linalg.norm(own)


@pytest.mark.parametrize("contrast", ["auto", False])
def test_adds_up_to_the_score(net, X, contrast):
    explainer = AGOPExplainer(net, contrast=contrast).fit(X)
    with torch.no_grad():
        s = net.module_.eval()(torch.from_numpy(X)).double().numpy()
    s = in_contrast(s) if contrast == "auto" else s
    explanation = explainer(X, target="all")
    np.testing.assert_allclose(explanation.base_values[0], s.mean(0), atol=1e-5)
    np.testing.assert_allclose(explanation.values.sum(1) + explanation.base_values, s, atol=1e-4)
    assert np.abs(explanation.gap).max() < 1e-4
    assert ((explanation.support > 0) & (explanation.support <= 1)).all()
    one = explainer(X)
    assert np.abs(one.gap).max() < 1e-4
    assert one[:3].gap.shape == (3,)


def test_gap_of_a_method_that_does_not_add_up(net, X):
    explanation = AGOPExplainer(net, method="agop-ixg").fit(X)(X, target=1)
    with torch.no_grad():
        s = net.module_.eval()(torch.from_numpy(X)).numpy()[:, 1]
    np.testing.assert_allclose(
        explanation.values.sum(1) + explanation.gap + explanation.base_values, s, rtol=1e-4, atol=1e-5
    )
    assert AGOPExplainer(net, method="agop-local").fit(X)(X).gap is None
    assert AGOPExplainer(net, method="agop-global").fit(X)(X).gap is None


def test_exact_on_additive_models(X):
    model = LinearRegression().fit(X, X @ [1, -2, 0, 0.5, 3, 0] + 4)
    found = AGOPExplainer(model).fit(X).explain(X)
    np.testing.assert_allclose(found, (X - X.mean(0)) * model.coef_, rtol=1e-4, atol=1e-4)
    y = np.digitize(X[:, 0] + X[:, 2], [0, 2])
    classifier = LogisticRegression(max_iter=2000).fit(X, y)
    W = in_contrast(classifier.coef_[None])[0]
    explanation = AGOPExplainer(classifier).fit(X)(X, target=2)
    np.testing.assert_allclose(explanation.values, (X - X.mean(0)) * W[2], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(explanation.support, 1, atol=1e-4)


def test_categories_flags_and_counts_are_exact_where_the_model_is_additive(frame, labels):
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city", "plan"]),
        (StandardScaler(), ["age"]),
        ("passthrough", ["member"]),
    )
    table = frame[["city", "plan", "age", "member"]]
    model = make_pipeline(encode, LogisticRegression()).fit(table, labels)
    found = AGOPExplainer(model).fit(table).explain(table, 1)
    own = NetworkShapley(n_permutations=2 * len(table))(model, table[:20], 1, table, 0)
    np.testing.assert_allclose(found[:20], own, rtol=1e-2, atol=1e-3)
    assert found.groupby(table["city"], observed=True)["city"].std().max() < 1e-3
    unseen = table[:5].assign(city="Oslo")
    out = AGOPExplainer(model).fit(table).explain(unseen, 1)
    assert out["city"].std() < 1e-3
    expected = model[:-1].transform(unseen)[:, :3].sum()
    assert expected == 0
    s = model.decision_function(unseen)
    np.testing.assert_allclose(out.sum(axis=1), s - model.decision_function(table).mean(), rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore:Bins whose width", "ignore:Feature .* is constant")
@pytest.mark.parametrize("name", sorted(PREPROCESSING))
def test_every_preprocessing(frame, labels, name):
    model = make_pipeline(PREPROCESSING[name](), LogisticRegression(max_iter=500)).fit(frame, labels)
    explainer = AGOPExplainer(model).fit(frame)
    explanation = explainer(frame)
    assert np.isfinite(explanation.values).all()
    assert np.abs(explanation.gap).max() < 1e-3
    assert list(explainer.explain(frame).columns) == list(frame.columns)


def test_regressor_and_several_outputs(rng):
    X = rng.standard_normal((400, 3))
    one = MLPRegressor(random_state=0, max_iter=300).fit(X, X[:, 0] * X[:, 1])
    explanation = AGOPExplainer(one).fit(X)(X)
    np.testing.assert_allclose(explanation.values.sum(1) + explanation.base_values, one.predict(X), atol=1e-4)
    two = MLPRegressor(random_state=0, max_iter=300).fit(X, X[:, :2])
    every = AGOPExplainer(two).fit(X)(X, target="all")
    np.testing.assert_allclose(every.values.sum(1) + every.base_values, two.predict(X), atol=1e-4)


def test_partial_fit_goes_on_and_ends_near_fit(trained):
    model, X = trained
    whole = AGOPExplainer(model).fit(X).explain(X[:50])
    parts = AGOPExplainer(model).partial_fit(X[:1000])
    parts.partial_fit(X[1000:1200]).partial_fit(X[1200:])
    assert parts.n_samples_seen_ == 1500
    assert cosine(parts.explain(X[:50]), whole).mean() > 0.99
    assert np.abs(parts(X[:50]).gap).max() < 1e-4


def test_same_bits_twice_and_order_of_rows_does_not_matter(net, X):
    first, again = (AGOPExplainer(net).fit(X).explain(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(AGOPExplainer(net).fit(X[order]).explain(X), first, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        AGOPExplainer(net).fit(X).explain(X[order])[np.argsort(order)], first, rtol=1e-5, atol=1e-5
    )
    other = AGOPExplainer(net, random_state=1).fit(X).explain(X)
    assert 0 < np.abs(other - first).max() < 0.2 * np.abs(first).max()


def test_pickle_and_half_precision(net, X):
    explainer = AGOPExplainer(net).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(explainer)).explain(X), explainer.explain(X))
    module = MLP(6, 3).bfloat16()
    assert np.isfinite(AGOPExplainer(module).fit(X).explain(X)).all()


def test_rows_far_outside_and_one_row(net, X):
    explainer = AGOPExplainer(net).fit(X)
    far = X[:4] * 1e4
    explanation = explainer(far)
    assert np.isfinite(explanation.values).all()
    assert ((explanation.support >= 0) & (explanation.support <= 1)).all()  # a network of ReLUs is linear out there
    np.testing.assert_allclose(explainer.explain(X[:1]), explainer.explain(X)[:1], rtol=1e-5, atol=1e-6)
    assert explainer.explain(pd.DataFrame(X[:1])).shape == (1, 6)


@pytest.mark.parametrize(("code", "share"), [(-999, 0.02), (-999, 0.1), (-99, 0.1)])
@pytest.mark.parametrize("scaler", [RobustScaler(), StandardScaler()], ids=["robust", "standard"])
def test_a_code_for_missing_values(code, share, scaler):
    rng = np.random.default_rng(0)
    amount = np.where(rng.random(1500) < share, code, rng.gamma(2, 1, 1500))
    X = np.c_[amount, rng.standard_normal(1500)]
    y = X[:, 1] + np.where(amount < 0, 4, 3 * np.log1p(np.abs(amount)))
    model = make_pipeline(scaler, MLPRegressor(hidden_layer_sizes=(32,), max_iter=500, random_state=0)).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    at = np.unique(X[:, 0])[[0, 100, 700, 1300]]
    curve = explainer.effects_.main(0).iloc[:, 0]
    by_hand = [model.predict(np.c_[np.full(1500, v), X[:, 1]]).mean() for v in at]
    by_hand -= np.mean([model.predict(np.c_[np.full(1500, v), X[:, 1]]).mean() for v in X[::10, 0]])
    np.testing.assert_allclose(np.interp(at, curve.index, curve), by_hand, atol=0.2 * np.ptp(by_hand) + 0.05)
    rows = X[:100]
    own = NetworkShapley(n_permutations=1000)(model, rows, "predicted", X, 0)
    error = np.linalg.norm(explainer.explain(rows) - own) / np.linalg.norm(own)
    assert error < 0.25
    refined = AGOPExplainer(model, refine=16).fit(X).explain(rows)
    assert np.linalg.norm(refined - own) / np.linalg.norm(own) < 1.2 * error


def test_large_offsets_are_taken_off_in_full_precision():
    class Late(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("centre", torch.tensor(1.6e9))

        def forward(self, x):
            return torch.tanh((x[:, :1] - self.centre) / 30) + 0 * x[:, 1:]

    X = np.random.default_rng(0).standard_normal((800, 2)) * [30, 1] + [1.6e9, 0]
    found = AGOPExplainer(Late().double()).fit(X).explain(X)
    expected = np.tanh((X[:, 0] - 1.6e9) / 30)
    np.testing.assert_allclose(found[:, 0], expected - expected.mean(), atol=0.02)


class Formula(nn.Module):
    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def forward(self, x):
        return self.formula(x)[:, None]


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


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("f", [torch.log, torch.sqrt, lambda z: torch.where(z < 0, torch.inf, z)])
@pytest.mark.parametrize(
    ("row", "refine", "way_out"), [([2.9, -1.0, 0.0], 20, "refine=0"), ([-20.0, 20.0, 0.0], 0, "leave such rows out")]
)
def test_a_network_that_is_not_finite_at_rows_that_nobody_gave_is_refused(f, row, refine, way_out):
    """Refinement takes columns from training rows, and far values are moved to where tables end."""
    net = Function(lambda x: f(4.5 - x[:, 0] - x[:, 1]) + x[:, 2]).double()
    X = np.random.default_rng(0).uniform(-2, 2, (300, 3))
    explainer = AGOPExplainer(net, refine=refine).fit(X)
    assert np.isfinite(explainer.explain(X)).all()
    with pytest.raises(ValueError, match=rf"not finite where single columns of a row have other values.*{way_out}"):
        explainer.explain(np.array([row]))
