"""A classifier of a table with categories and missing values, explained, and a regressor."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from agop_tabular import AGOPExplainer

EVIL = "{}'\"--></script><script>window.hit=1</script><img src=x onerror=window.hit=1>$x^$&amp;"
"""Ends a string, a comment and a script, and runs code in two ways; matplotlib would read a part as a formula."""


def make_table(n=600, city="city", cities=("Bern", "Rome", "Oslo")):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "age": rng.uniform(18, 90, n).round(1),
            city: rng.choice(cities, n, p=[0.5, 0.3, 0.2]),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(10, 1, n).round()),
            "idle": rng.normal(size=n),
        },
        index=[f"r{i}" for i in range(n)],
    )
    score = 0.05 * (X["age"] - 50) * np.where(X[city] == cities[1], -1, 1) + (X["income"].fillna(0) > 3e4)
    return X, score.to_numpy() + 0.3 * rng.normal(size=n)


def make_model(network, city="city"):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encode = make_column_transformer((OneHotEncoder(), [city]), (numbers, ["age", "income", "idle"]))
    return make_pipeline(encode, network)


@pytest.fixture(scope="session")
def table():
    return make_table()


@pytest.fixture(scope="session")
def labels(table):
    return np.where(table[1] > 0.3, "yes", "no")


@pytest.fixture(scope="session")
def explainer(table, labels):
    X, _ = table
    model = make_model(MLPClassifier((16,), random_state=0, max_iter=150)).fit(X[:400], labels[:400])
    return AGOPExplainer(model).fit(X[:400])


@pytest.fixture(scope="session")
def regressor(table):
    X, score = table
    model = make_model(MLPRegressor(hidden_layer_sizes=(16,), random_state=0, max_iter=300)).fit(X[:400], score[:400])
    return AGOPExplainer(model).fit(X[:400])


@pytest.fixture(scope="session")
def hostile():
    """An explainer, rows and labels whose names are all pieces of HTML; any of them that is run sets window.hit."""
    X, score = make_table(300, EVIL.format("column"), [EVIL.format(f"level {k}") for k in range(3)])
    X.index = [EVIL.format(f"row {i}") for i in range(len(X))]
    y = (score > 0.3).astype(int)
    network = type(EVIL.format("predictor"), (MLPClassifier,), {})((8,), random_state=0, max_iter=60)
    network.__class__.__init__ = MLPClassifier.__init__
    model = make_model(network, EVIL.format("column")).fit(X, y)
    return AGOPExplainer(model, class_names=[EVIL.format("no"), EVIL.format("yes")]).fit(X), X, y
