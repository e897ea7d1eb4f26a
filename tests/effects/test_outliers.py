"""Values outside the training rows are credited with what they change in the scores."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from support.nets import MLP
from support.shapley import enumerated
from support.three_way import COLUMNS, D, brute_force, scores, table

from agop_tabular import AGOPExplainer
from agop_tabular.effects.outliers import Outliers
from agop_tabular.effects.typical_rows import TYPICAL_ROWS
from agop_tabular.fitting.shuffled_rows import pool_rows


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).standard_normal((800, 4), dtype=np.float32)


@pytest.mark.parametrize("singly", [32, 2])
def test_changes_are_the_shapley_values_of_the_difference(monkeypatch, singly):
    """Exact where effects are of pairs; in wide tables those of far columns, when all others join at once."""
    monkeypatch.setattr("agop_tabular.effects.outliers.SINGLY", singly)

    def of_pairs(x):
        a, b, c, s, t = x.unbind(1)
        return torch.stack((a * b.square() + torch.sin(2 * c) + torch.exp(s) * a, s * t + b * s, 0 * a), dim=1)

    typical, near = table(TYPICAL_ROWS, 3), table(6, 4)
    x = near.clone()
    x[1, 0], x[2, 1], x[2, 3], x[4, 4] = 100, -10, 3, 2
    found = Outliers(typical, typical, COLUMNS, D).changes(of_pairs, x, near)
    assert found.rows.tolist() == [1, 2, 4]
    expected = (brute_force(of_pairs, x, typical) - brute_force(of_pairs, near, typical))[found.rows]
    if singly < D:
        far = torch.tensor([[0], [1], [1]]) == torch.arange(D)
        far[1, 3], far[2, 1], far[2, 3] = True, False, True
        torch.testing.assert_close(found.jointly, torch.where(far[..., None], 0.0, expected).sum(dim=1))
        assert torch.equal(found.others, ~far)
        expected = torch.where(far[..., None], expected, 0.0)
    torch.testing.assert_close(found.values, expected)


def test_rows_are_attributed_alike_alone_and_together(monkeypatch):
    typical, near = table(TYPICAL_ROWS, 3), table(50, 4)
    x = near.clone()
    x[::3, 0], x[::2, 1] = 20, 20
    for singly in (32, 2):
        monkeypatch.setattr("agop_tabular.effects.outliers.SINGLY", singly)
        outliers = Outliers(typical, typical, COLUMNS, D)
        together = outliers.changes(scores, x, near)
        for row, values in zip(together.rows.tolist(), together.values, strict=True):
            alone = outliers.changes(scores, x[[row]], near[[row]])
            torch.testing.assert_close(alone.values[0], values)


@pytest.mark.parametrize("value", [1e2, 1e8, 1e30, -1e20])
@pytest.mark.parametrize("refine", [0, 4])
def test_an_outlier_hides_no_other_column(X, value, refine):
    """The network saturates; the last slope would credit the outlier with a million times the score."""
    torch.manual_seed(0)
    net = MLP(4)
    net.classes_ = [0, 1]
    rows = X[:20].copy()
    rows[7, 1] = value
    explainer = AGOPExplainer(torch.nn.Sequential(torch.nn.Hardtanh(-4, 4), net), refine=refine).fit(X)
    limited = X[:20].copy()
    limited[7, 1] = np.clip(value, -4, 4)
    found, usual = explainer(rows, target=1), explainer(limited, target=1)
    np.testing.assert_allclose(found.gap, 0, atol=1e-4)
    assert np.abs(found.values[7] - usual.values[7]).max() < np.abs(usual.values[7]).max()
    np.testing.assert_array_equal(np.delete(found.values, 7, axis=0), np.delete(usual.values, 7, axis=0))


def test_all_scores_and_mixed_targets_agree(X):
    net = MLP(4)
    rows = np.where(np.eye(4, dtype=bool), np.float32(50), X[:4])
    explainer = AGOPExplainer(net).fit(X)
    every = explainer.explain(rows, target="all")
    for c in range(2):
        np.testing.assert_allclose(explainer.explain(rows, target=c), every[:, :, c], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-45, 1e-40])
def test_values_below_what_float32_holds_are_constant(X, scale):
    rows = X.astype(np.float64)
    rows[:, 0] *= scale
    explainer = AGOPExplainer(MLP(4).double()).fit(rows)
    usual = explainer.explain(X.astype(np.float64))
    assert np.isfinite(usual).all()
    assert np.isfinite(explainer.explain(rows)).all()


def test_a_column_that_was_constant_is_credited_where_it_is_not():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=2000), "b": rng.normal(size=2000), "flag": 0.0})
    X.loc[1990:, "flag"] = 1.0
    model = LinearRegression().fit(X, X["a"] + X["b"] + 10 * X["flag"])
    explainer = AGOPExplainer(model).fit(X[:1000])
    found = explainer.explain(X[1985:1995])
    expected = (X[1985:1995] - X[:1000].mean()) * [1, 1, 10]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (found["flag"][:5] == 0).all()


@pytest.mark.parametrize("left_out", ["a", "c"])
@pytest.mark.parametrize("drop", ["first", None])
def test_a_level_that_no_training_row_has(left_out, drop):
    """As the first, it is all zeros of the others' indicators; as another, an indicator that was never on."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=1200), "level": rng.choice(list("abcd"), 1200)})
    y = X["x"] + X["level"].map({"a": 7.0, "b": 1.0, "c": 5.0, "d": -3.0})
    columns = ColumnTransformer([("level", OneHotEncoder(drop=drop), ["level"])], remainder="passthrough")
    model = make_pipeline(columns, LinearRegression()).fit(X, y)
    known = X[X["level"] != left_out]
    own = known["level"].map({"a": 7.0, "b": 1.0, "c": 5.0, "d": -3.0})
    found = AGOPExplainer(model).fit(known).explain(X[:50])
    np.testing.assert_allclose(found["level"], y[:50] - X["x"][:50] - own.mean(), atol=1e-3)
    np.testing.assert_allclose(found["x"], X["x"][:50] - known["x"].mean(), atol=1e-3)


@pytest.mark.parametrize("kept", ["fitted", "saved", "against rows"])
def test_an_interaction_with_a_value_that_no_training_row_has(kept, tmp_path):
    """Close to the exact values, where a column has 0 in all training rows, or one of two levels."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((600, 5)).astype("float32")
    X[:, 3:] = X[:, 3:] > 1
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(5, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
    known, new = X[(X[:, 3:] == 0).all(axis=1)], X[(X[:, 3:] == 1).any(axis=1)][:6]
    explainer = AGOPExplainer(net).fit(known)
    background, reference = known, None
    if kept == "saved":
        explainer.save(tmp_path / "e.agop")
        explainer = AGOPExplainer.load(tmp_path / "e.agop", net)
    elif kept == "against rows":
        background = reference = X[(X[:, 3:] == 1).any(axis=1)][6:60]
    found = explainer.explain(new, reference=reference)

    def scored(rows):
        with torch.no_grad():
            return net(torch.from_numpy(rows)).numpy()

    expected = np.stack([enumerated(scored, row, background)[:, 0] for row in new])
    most = 0.2 if kept == "against rows" else 0.1  # a few rows with and without the value stand for all of them
    assert np.linalg.norm(found - expected) < most * np.linalg.norm(expected)


def test_a_flag_too_rare_for_the_background_rows():
    """It varies in the training rows, but is constant in those that effects are gathered on."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 3))
    X[:, 2] = 0
    rare = np.setdiff1d(np.arange(len(X)), pool_rows(len(X)))[:2]
    X[rare, 2] = 1
    model = LinearRegression().fit(X, X[:, 0] + 10 * X[:, 2])
    explainer = AGOPExplainer(model).fit(X)
    assert explainer.scale_[2] > 0
    assert (explainer.statistics_.background[:, 2] == 0).all()
    np.testing.assert_allclose(explainer.explain(X[[0, *rare]])[:, 2], [0, 10, 10], atol=0.01)


def test_what_others_do_in_wide_tables_is_theirs(monkeypatch):
    """x₀ x₁ with x₀ far: half of the change is x₁'s, though it does not join singly."""
    monkeypatch.setattr("agop_tabular.effects.outliers.SINGLY", 2)
    X = np.random.default_rng(0).standard_normal((600, 3)).astype("float32")

    class Product(torch.nn.Module):
        def forward(self, x):
            return x[:, :1] * x[:, 1:2] + 0 * x[:, 2:]

    rows = X[:5].copy()
    rows[:, 0] = 20
    found = AGOPExplainer(Product()).fit(X).explain(rows)
    half = rows[:, :2].prod(axis=1) / 2
    assert np.linalg.norm(found[:, :2] - half[:, None], axis=0).max() < 0.15 * np.linalg.norm(half)


@pytest.mark.parametrize("singly", [32, 1])
def test_scores_that_are_not_finite_there_are_refused(monkeypatch, singly):
    """Also where the other columns of a wide table join at once."""
    monkeypatch.setattr("agop_tabular.effects.outliers.SINGLY", singly)
    X = np.random.default_rng(0).standard_normal((600, 3)).astype("float32")

    class Logarithm(torch.nn.Module):
        def forward(self, x):
            return torch.log(30 + x[:, 1:2] * torch.relu(x[:, :1] - 10)) + x[:, 1:2] + 0 * x[:, 2:]

    rows = X[:5].copy()
    rows[:, 0], rows[:, 1] = 500, 2
    with pytest.raises(ValueError, match="values outside the training rows need"):
        AGOPExplainer(Logarithm()).fit(X).explain(rows)


def test_reference_rows_with_a_value_that_no_training_row_has():
    """a is 1 in the training rows: what b does where a is 3 shows in no table of theirs."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 3)).astype("float32")
    X[:, 0] = 1

    class Scaled(torch.nn.Module):
        def forward(self, x):
            return x[:, :1] * x[:, 1:2] + x[:, 2:]

    reference = X[:60].copy()
    reference[:, 0] = 3
    found = AGOPExplainer(Scaled()).fit(X).explain(X[60:70], reference=reference)
    x, r = X[60:70, None].astype(float), reference[None].astype(float)
    a = ((x - r)[..., 0] * (x + r)[..., 1] / 2).mean(axis=1)
    b = ((x - r)[..., 1] * (x + r)[..., 0] / 2).mean(axis=1)
    expected = np.stack((a, b, (x - r)[..., 2].mean(axis=1)), axis=1)
    assert np.linalg.norm(found - expected) < 0.1 * np.linalg.norm(expected)
