"""Numbers that the preprocessing encodes into several coordinates, against the network's own Shapley values."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)
from support.shapley import enumerated

from agop_tabular import AGOPExplainer

D, ROWS, EXPLAINED = 4, 150, 12


def columns(*functions):
    return FunctionTransformer(lambda X: np.hstack([f(X) for f in functions]))


ENCODINGS = {
    "spline": lambda: make_pipeline(StandardScaler(), SplineTransformer(n_knots=4)),
    "fine spline": lambda: make_pipeline(SplineTransformer(n_knots=8), StandardScaler()),
    "powers": lambda: make_pipeline(columns(lambda X: X, np.square, lambda X: X**3), StandardScaler()),
    "value and quantile": lambda: FeatureUnion([("v", StandardScaler()), ("q", QuantileTransformer(n_quantiles=20))]),
    "value and flag": lambda: make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
    "value and bins": lambda: FeatureUnion(
        [("v", StandardScaler()), ("b", KBinsDiscretizer(4, encode="onehot-dense"))]
    ),
    "sine and cosine": lambda: columns(np.sin, np.cos),
    "size and sign": lambda: columns(np.abs, np.sign),
}


def model_and_rows(encode, n=ROWS, with_missing=False):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, D))
    if with_missing:
        X[rng.random(X.shape) < 0.15] = np.nan
    Z = np.nan_to_num(X, nan=1.5)
    y = np.sin(2 * Z[:, 0]) * Z[:, 1] + np.abs(Z[:, 2]) + 0.5 * Z[:, 3] * Z[:, 1]
    parts = ColumnTransformer([(f"c{j}", encode(), [j]) for j in range(D)])
    network = MLPRegressor(hidden_layer_sizes=(32, 32), max_iter=150, solver="lbfgs", random_state=0)
    return make_pipeline(parts, network).fit(X, y), X


def off(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


def worth(model, X, x):
    """Mean score over the rows X for every set of columns that are set to those of x."""
    found = {}
    for chosen in (s for k in range(D + 1) for s in combinations(range(D), k)):
        Z = X.copy()
        Z[:, list(chosen)] = x[list(chosen)]
        found[chosen] = model.predict(Z).mean()
    return found


def of_effects(model, X, x):
    """Shapley values of a row, and those of its main and pair effects, with the rest in proportion to them."""
    v = worth(model, X, x)
    effects = {s: sum((-1) ** (len(s) - len(t)) * v[t] for t in v if set(t) <= set(s)) for s in v}
    true, two = (
        np.array([sum(effects[s] / len(s) for s in v if j in s and len(s) <= most) for j in range(D)])
        for most in (D, 2)
    )
    return true, two + (true.sum() - two.sum()) * np.abs(two) / np.abs(two).sum()


def errors(model, X):
    """Relative errors of attributions, and of exact main and pair effects."""
    true, two = map(np.array, zip(*(of_effects(model, X, x) for x in X[:EXPLAINED]), strict=True))
    np.testing.assert_allclose(true[0], enumerated(lambda Z: model.predict(Z)[:, None], X[0], X)[:, 0], atol=1e-9)
    return off(AGOPExplainer(model).fit(X).explain(X[:EXPLAINED]), true), off(two, true)


@pytest.mark.parametrize("name", ENCODINGS)
def test_attributions_are_near_shapley_values(name):
    """They are nearly as near as exact main and pair effects; by single coordinates splines were .4 to 1.0 off."""
    found, exact = errors(*model_and_rows(ENCODINGS[name], with_missing="flag" in name))
    assert found < exact + 0.1


def turned(share):
    return lambda: columns(lambda X: np.sin(2 * np.pi * share * X), lambda X: np.cos(2 * np.pi * share * X))


def value_and_indicators():
    indicators = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return FeatureUnion([("value", StandardScaler()), ("indicators", indicators)])


CODES = np.random.default_rng(5).normal(size=(100, 3))
UNIFORM = np.random.default_rng(0).uniform(size=(800, D))
SPREAD = {
    "codes": (
        np.floor(100 * UNIFORM),
        lambda X: CODES[X.astype(int), 0],
        lambda: columns(lambda X: CODES[X[:, 0].astype(int)]),
    ),
    "40 numbers": (np.floor(40 * UNIFORM), lambda X: X / 10 - 2, lambda: SplineTransformer(n_knots=4)),
    "hours": (np.floor(24 * UNIFORM), lambda X: np.sin(2 * np.pi * X / 24 + 0.7), turned(1 / 24)),
    "value and indicators": (np.floor(80 * UNIFORM), lambda X: X / 20 - 2, value_and_indicators),
    "half a period": (UNIFORM, lambda X: 1.5 * np.sin(np.pi * X + 0.7), turned(1 / 2)),
    "ten periods": (UNIFORM, lambda X: 1.5 * np.sin(20 * np.pi * X), turned(10)),
}


@pytest.mark.parametrize("name", SPREAD)
def test_numbers_that_are_spread_evenly(name):
    """Codes, and many periods, are in no order; many values need no states; at the end of half a period no key grows.

    Where that is not seen errors are .3 to .5 larger than those of exact main and pair effects.
    """
    X, meant, encode = SPREAD[name]
    Z = meant(X)
    y = np.sin(2 * Z[:, 0]) * Z[:, 1] + np.abs(Z[:, 2]) + 0.5 * Z[:, 3] * Z[:, 1]
    parts = ColumnTransformer([(f"c{j}", encode(), [j]) for j in range(D)])
    network = MLPRegressor(hidden_layer_sizes=(32, 32), max_iter=150, solver="lbfgs", random_state=0)
    found, exact = errors(make_pipeline(parts, network).fit(X, y), X)
    assert found < exact + 0.2


def test_a_column_most_of_whose_values_are_nearly_zero():
    """Squared exponentials go down to 1e-260; tables of them were not finite."""
    X = np.random.default_rng(0).normal(size=(400, D))
    far = ("far", columns(lambda X: np.exp(-(((X - 2) / 0.2) ** 2))), [0])
    network = MLPRegressor(hidden_layer_sizes=(16,), max_iter=100, solver="lbfgs", random_state=0)
    model = make_pipeline(ColumnTransformer([far, ("rest", "passthrough", [1, 2, 3])]), network)
    found, exact = errors(model.fit(X, X[:, 0] + X[:, 1] * X[:, 2]), X)
    assert found < exact + 0.1


def test_few_rows():
    found, exact = errors(*model_and_rows(ENCODINGS["spline"], n=8))
    assert found < exact + 0.1


@pytest.mark.parametrize("name", ["fine spline", "sine and cosine"])
def test_saved_and_loaded(name, tmp_path):
    model, X = model_and_rows(ENCODINGS[name])
    explainer = AGOPExplainer(model).fit(X)
    explainer.save(tmp_path / "e.agop")
    loaded = AGOPExplainer.load(tmp_path / "e.agop", model)
    np.testing.assert_array_equal(loaded.explain(X), explainer.explain(X))
    np.testing.assert_allclose(explainer.explain(X[3:4]), explainer.explain(X)[3:4], rtol=1e-5, atol=1e-6)


def test_values_beyond_the_training_rows_go_on():
    """Of powers of a value the network's input moves on, and so do the attributions."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-1, 1, (400, 2)), columns=["a", "b"])
    powers = ColumnTransformer([("a", columns(lambda X: X, lambda X: X**2), ["a"]), ("b", "passthrough", ["b"])])
    network = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=500, random_state=0)
    model = make_pipeline(powers, network).fit(X, 3 * X["a"] + X["b"])
    found = AGOPExplainer(model).fit(X).explain(pd.DataFrame({"a": [2.0], "b": [0.0]}))
    assert found["a"][0] == pytest.approx(3 * (2 - X["a"].mean()), rel=0.1)


def test_values_beyond_the_training_rows_are_not_missing():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (1000, D))
    X[rng.random(X.shape) < 0.1] = np.nan
    Z = np.nan_to_num(X, nan=-1.0)
    parts = ColumnTransformer([(f"c{j}", ENCODINGS["value and flag"](), [j]) for j in range(D)])
    network = MLPRegressor(hidden_layer_sizes=(16,), max_iter=300, solver="lbfgs", random_state=0)
    model = make_pipeline(parts, network).fit(X, 3 * Z[:, 0] + Z[:, 1] * Z[:, 2] + Z[:, 3] ** 2)
    explainer, rows = AGOPExplainer(model).fit(X), np.nan_to_num(X[:6], nan=0.2)
    for value in (1.5, 2.9, 6.0, np.nan):
        rows[:, 0] = value
        true = np.array([of_effects(model, X, x)[0] for x in rows])
        assert off(explainer.explain(rows), true) < 0.1, value


if __name__ == "__main__":
    for n in ENCODINGS:
        print(n, errors(*model_and_rows(ENCODINGS[n], with_missing="flag" in n)))
