"""Several models of one run, in one table."""

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

from agop_tabular import automl

pytestmark = pytest.mark.filterwarnings("ignore")


def test_summary(adult, trees):
    X, y, rows = adult
    forest = RandomForestClassifier(5, random_state=0).fit(X.select_dtypes("number"), y)
    models = {
        "trees": trees,
        "net": automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y),
        "other": forest,
    }
    table, explanations = automl.summary(models, X, rows, random_state=0)
    assert table.index.tolist() == ["trees", "net", "other"]
    assert table["by"].tolist()[:2] == ["student", "gradient"]
    assert table["by"].iloc[2].startswith("refused")
    assert set(explanations) == {"trees", "net"}
    assert table.loc["net", "top"].count(",") == 2
