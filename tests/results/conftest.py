"""A classifier and a regressor of tables with categories and missing values, explained."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from support.preprocessing import PREPROCESSING

from agop_tabular import AGOPExplainer


@pytest.fixture
def explainer(frame, labels):
    y = np.array(["no", "yes"])[labels]
    network = MLPClassifier((20,), max_iter=60, random_state=0)
    model = make_pipeline(PREPROCESSING["dense one-hot"](), network).fit(frame, y)
    return AGOPExplainer(model, method="agop-ixg").fit(frame)


@pytest.fixture
def explanation(explainer, frame):
    return explainer(frame)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 2000
    X = pd.DataFrame(
        {
            "age": rng.uniform(18, 90, n).round(1),
            "city": rng.choice(["Bern", "Rome", "Oslo"], n, p=[0.6, 0.3, 0.1]),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(10, 1, n)),
            "idle": rng.normal(size=n),
        }
    )
    score = 0.05 * (X["age"] - 50) * np.where(X["city"] == "Rome", -1, 1) + (X["income"].fillna(0) > 3e4)
    return X, score.to_numpy()


@pytest.fixture(scope="module")
def table_explainer(table):
    X, score = table
    encode = make_column_transformer(
        (OneHotEncoder(), ["city"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income", "idle"]),
    )
    model = make_pipeline(
        encode, MLPRegressor(hidden_layer_sizes=(64, 32), random_state=0, max_iter=200, early_stopping=True)
    )
    return AGOPExplainer(model).fit(X, score)
