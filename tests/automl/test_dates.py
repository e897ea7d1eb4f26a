"""Dates as numbers for a student, and a predictor that drops them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from agop_tabular import automl
from agop_tabular.automl.dates import DaysOfDates, date_columns


def test_days():
    table = pd.DataFrame(
        {
            "x": [1.5, 2.5],
            "day": pd.to_datetime(["1970-01-03", None]),
            "zoned": pd.to_datetime(["1970-01-02 00:00", "1970-01-01 12:00"]).tz_localize("Etc/GMT+12"),
            "spell": pd.to_timedelta([36, 12], unit="h"),
        }
    )
    before = table.copy()
    found = DaysOfDates().fit(table).transform(table)
    assert date_columns(table) == [1, 2, 3]
    np.testing.assert_allclose(found.to_numpy(), [[1.5, 2, 1.5, 1.5], [2.5, np.nan, 1, 0.5]])
    assert list(found.columns) == list(table.columns)
    pd.testing.assert_frame_equal(table, before)
    array = np.zeros((2, 2))
    assert DaysOfDates().transform(array) is array


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("uses", [False, True])
def test_a_student_of_a_predictor_that_drops_or_uses_a_date(rng, uses):
    n = 400
    table = pd.DataFrame({"x": rng.normal(size=n), "day": pd.date_range("2020-01-01", periods=n)[rng.permutation(n)]})
    since = (table["day"] - table["day"].min()).dt.days
    y = (since > n / 2) if uses else (table["x"] > 0)
    parts = [("passthrough", ["x"])]
    if uses:
        parts.append((FunctionTransformer(lambda d: d.apply(lambda c: c.astype("int64") / 1e15)), ["day"]))
    forest = make_pipeline(make_column_transformer(*parts), RandomForestClassifier(50, random_state=0))
    explanation = automl.explain(forest.fit(table, y), table, table[:100], random_state=0)
    share = np.abs(explanation.values).mean(axis=0)
    strong, weak = (share[1], share[0]) if uses else (share[0], share[1])
    assert weak < 0.2 * strong
