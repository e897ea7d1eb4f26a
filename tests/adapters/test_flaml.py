"""flaml.AutoML: its best estimator is explained."""

import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

from agop_tabular import automl
from agop_tabular.datasets import fetch_adult

pytestmark = pytest.mark.filterwarnings("ignore")


def test_flaml_with_trees():
    flaml = pytest.importorskip("flaml")
    table = fetch_adult()
    X, y, rows = table.data[:3000], table.target[:3000], table.data[40_000:40_200]
    search = flaml.AutoML()
    search.fit(X, y, task="classification", estimator_list=["lgbm"], time_budget=3, verbose=0)
    explanation = automl.explain(search, X, rows, random_state=0, min_fidelity=0.3)
    assert explanation.about["by"] == "student"
