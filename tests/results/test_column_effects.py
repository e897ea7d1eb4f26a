"""effects_ and interaction_importances_, in the user's columns."""

import dataclasses

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer
from support.functions import Function
from torch import nn

from agop_tabular import AGOPExplainer

mpl.use("Agg")


def test_main_effects_in_the_users_units(table_explainer, table):
    effects = table_explainer.effects_
    age = effects.main("age")
    assert age.index.name == "age"
    assert age.index.min() == table[0]["age"].min()
    assert age.index.max() == table[0]["age"].max()
    truth = 0.05 * (age.index - 54) * (0.6 + 0.1 - 0.3)
    assert np.corrcoef(age.iloc[:, 0], truth)[0, 1] > 0.95
    city = effects.main("city")
    assert set(city.index) == {"Bern", "Rome", "Oslo"}
    assert city.index[0] == "Bern"
    assert np.isnan(effects.main("income").index[-1])
    pd.testing.assert_frame_equal(effects.main(0), effects.main("age"))


def test_pair_effects(table_explainer):
    pair = table_explainer.effects_.pair("age", "city")
    old, young = pair.index > 80, pair.index < 25
    assert (pair.loc[old, "Rome"] < -0.5).all()
    assert (pair.loc[young, "Rome"] > 0.5).all()
    assert (pair.loc[old, "Bern"] > 0).all()
    pd.testing.assert_frame_equal(pair.T, table_explainer.effects_.pair("city", "age"))


def test_importances(table_explainer):
    found = table_explainer.interaction_importances_
    assert found.shape == (4, 4)
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(np.trace(found) + np.triu(found, 1).sum(), 1)
    upper = np.triu(found, 1)
    assert np.unravel_index(upper.argmax(), (4, 4)) == (0, 1)
    assert upper.max() > 0.3
    assert found[3].sum() < 0.02


def test_effects_add_up_to_attributions(table):
    """Of an additive model a row's attributions are its main effects."""
    X, score = table
    X = X[["age", "city"]]
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["city"]), (SplineTransformer(), ["age"])), LogisticRegression()
    ).fit(X, score > 0)
    explainer = AGOPExplainer(model).fit(X)
    found, main = explainer.explain(X[:200], True), explainer.effects_.main("city")["True"]
    np.testing.assert_allclose(found["city"], main[X["city"][:200]], atol=2e-3)
    at = explainer.effects_.main("age")["True"]
    np.testing.assert_allclose(found["age"], np.interp(X["age"][:200], at.index, at), atol=0.05)


def test_arrays_and_classes(net, X):
    explainer = AGOPExplainer(net).fit(X)
    curve = explainer.effects_.main(2)
    assert list(curve.columns) == [str(c) for c in explainer.classes_]
    assert curve.index.name == "x2"
    np.testing.assert_allclose(curve.sum(axis=1), 0, atol=1e-5)  # contrasts
    assert len(explainer.plot_effects(["x0", 1], target=1)) == 2
    plt.close("all")


def test_saved_and_loaded(table_explainer, tmp_path):
    table_explainer.save(tmp_path / "e.agop")
    again = AGOPExplainer.load(tmp_path / "e.agop", table_explainer.estimator_)
    for feature in ("age", "city", "income"):
        pd.testing.assert_frame_equal(again.effects_.main(feature), table_explainer.effects_.main(feature))
    np.testing.assert_array_equal(again.interaction_importances_, table_explainer.interaction_importances_)


def test_refusals(table_explainer, table, net, X):
    effects = table_explainer.effects_
    with pytest.raises(ValueError, match="not a column"):
        effects.main("shoe size")
    with pytest.raises(ValueError, match="no pair effect with itself"):
        effects.pair("age", "age")
    with pytest.raises(ValueError, match="is not one of"):
        table_explainer.plot_effects(target="maybe")
    with pytest.raises(ValueError, match="at least one"):
        table_explainer.plot_effects([])
    with pytest.raises(ValueError, match="positive whole number"):
        table_explainer.plot_interactions(n=0)
    with pytest.raises(AttributeError, match="gathers no effects"):
        _ = AGOPExplainer(net, method="ixg").fit(X).effects_
    with pytest.raises(ValueError, match="no pairs"):
        AGOPExplainer(MLPClassifier(max_iter=5).fit(X[:, :1], X[:, 0] > 0)).fit(X[:, :1]).plot_interactions()


def test_constant_and_many_valued_columns():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"one": np.ones(400), "id": [f"k{i}" for i in range(400)], "x": rng.normal(size=400)})
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["id"]), ("passthrough", ["one", "x"]))
    model = make_pipeline(encode, LogisticRegression()).fit(X, X["x"] > 0)
    effects = AGOPExplainer(model).fit(X).effects_
    assert (effects.main("one") == 0).all(axis=None)
    assert len(effects.main("id")) == 64
    assert effects.pair("one", "x").abs().max(axis=None) == 0


def test_names_come_before_places():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 3)), columns=[2, 1, 0])
    y = np.digitize(X[0] - X[1], [-1, 1]) + 1  # classes 1, 2, 3
    explainer = AGOPExplainer(MLPClassifier(max_iter=40, random_state=0).fit(X.to_numpy(), y)).fit(X.to_numpy())
    effects = explainer.effects_
    assert effects.main(0).index.name == "x0"
    assert effects.target_index(1) == 0
    assert effects.target_index(3) == effects.target_index(None) == 2
    with pytest.raises(ValueError, match="is not one of"):
        effects.pair(0, 1, target=0)


def test_text_that_looks_like_numbers_stays_text():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"zip": rng.choice(["1", "01", "7"], 500), "x": rng.normal(size=500)})
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["zip"]), remainder="passthrough"), LogisticRegression()
    ).fit(X, (X["zip"] == "01") | (X["x"] > 1))
    assert set(AGOPExplainer(model).fit(X).effects_.main("zip").index) == {"1", "01", "7"}


class Formula(nn.Module):
    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def forward(self, x):
        return self.formula(x)[:, None]


@pytest.mark.parametrize("names", [[2, 0, 1], ["2", "0", "1"], [1, 2, 3], ["a", "b", "c"]])
def test_variances_go_by_place_whatever_the_columns_are_called(names):
    X = pd.DataFrame(np.random.default_rng(0).standard_normal((400, 3)).astype(np.float32), columns=names)
    explainer = AGOPExplainer(Formula(lambda x: x[:, 0] ** 2)).fit(X)
    assert_allclose(np.diag(explainer.interaction_importances_), [1, 0, 0], atol=1e-6)


def test_importances_are_exactly_symmetric(table_explainer):
    """Also where a column has several axes, whose pair effects are added up."""
    X = np.random.default_rng(0).standard_exponential((13, 5))
    net = nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3))
    for explainer in (table_explainer, AGOPExplainer(net).fit(X)):
        shares = explainer.interaction_importances_
        assert np.array_equal(shares, shares.T)


@pytest.mark.parametrize(
    ("f", "shares"),
    [
        (lambda x: 2 * x[:, 0] + x[:, 1] * x[:, 2], [0.8, 0.1, 0.1, 0]),
        (lambda x: x[:, 0] * x[:, 1] * x[:, 2] + x[:, 3], [1 / 6, 1 / 6, 1 / 6, 1 / 2]),
        (lambda x: torch.tanh(3 * x[:, 3]), [0, 0, 0, 1]),
    ],
)
def test_importances_are_shapley_effects(f, shares):
    """Of normal columns: main effects whole, half of a product of two to each, a third of one of three, but shrunk."""
    X = np.random.default_rng(0).normal(size=(5000, 4)).astype(np.float32)
    explainer = AGOPExplainer(Function(f)).fit(X)
    np.testing.assert_allclose(explainer.feature_importances_, shares, atol=0.08 if shares[0] == 1 / 6 else 0.02)
    assert explainer.feature_importances_.sum() == pytest.approx(1)


def test_importances_without_effects_are_zero():
    X = np.ones((50, 3), dtype=np.float32)
    with pytest.warns(UserWarning, match="zero"):
        explainer = AGOPExplainer(torch.nn.Linear(3, 1)).fit(X)
    assert not explainer.feature_importances_.any()


def test_the_band_between_halves(table_explainer):
    effects = table_explainer.effects_
    for name in ("age", "city"):
        low, high = effects.main_band(name)
        assert (low <= high).all(axis=None)
        middle, effect = (low + high) / 2, effects.main(name)
        spread = float((high - low).to_numpy().max())
        np.testing.assert_allclose(middle, effect, atol=max(0.05 * float(effect.abs().max(axis=None)), spread))
    assert dataclasses.replace(effects, _halves=None).main_band("age") is None, "of an earlier file"
    with pytest.raises(AttributeError, match="fit again"):
        dataclasses.replace(effects, _halves=None).importance_intervals()


@pytest.mark.parametrize("levels", [20, 150])
def test_importances_of_a_category_of_several_axes(levels, rng, tmp_path):
    city = np.where(rng.random(1500) < 0.1, "Berlin", np.char.add("city ", rng.integers(0, levels, 1500).astype(str)))
    X = pd.DataFrame({"city": city, "z": rng.normal(size=1500)})
    columns = make_column_transformer(
        (OneHotEncoder(drop="first", sparse_output=False), ["city"]), remainder="passthrough"
    )
    model = make_pipeline(columns, LinearRegression()).fit(X, X["z"] + 3 * (city == "Berlin"))
    explainer = AGOPExplainer(model).fit(X)
    own = explainer.explain(X).var(ddof=0).to_numpy()  # of a linear model these are the variances of the two effects
    assert_allclose(explainer.feature_importances_, own / own.sum(), atol=2e-3)
    explainer.save(tmp_path / "a.agop")
    loaded = AGOPExplainer.load(tmp_path / "a.agop", model)
    assert_allclose(loaded.feature_importances_, explainer.feature_importances_, rtol=1e-12)


def test_the_pairs_of_axes_inside_a_column(rng):
    """Latitude and longitude of a city, whose product the network takes, are one column."""
    places = pd.DataFrame(rng.normal(size=(200, 2)), index=[f"city {i}" for i in range(200)])
    X = pd.DataFrame({"city": rng.choice(places.index, 2000), "z": rng.normal(size=2000)})

    located = FunctionTransformer(lambda X: places.loc[np.asarray(X)[:, 0]].to_numpy())
    columns = make_column_transformer((located, ["city"]), remainder="passthrough").fit(X)
    explainer = AGOPExplainer(make_pipeline(columns, Function(lambda x: x[:, 0] * x[:, 1] + x[:, 2]))).fit(X)
    own = explainer.explain(X).var(ddof=0).to_numpy()
    assert_allclose(explainer.feature_importances_, own / own.sum(), atol=0.02)
