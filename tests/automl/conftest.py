"""Adult, and trees fitted on it."""

import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

from agop_tabular.datasets import fetch_adult


@pytest.fixture(scope="module")
def adult():
    table = fetch_adult()
    return table.data[:3000], table.target[:3000], table.data[40_000:40_200]


@pytest.fixture(scope="module")
def trees(adult):
    X, y, _ = adult
    return HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=30, random_state=0).fit(X, y)
