"""Credit Default: the bundled copy, and OpenML's."""

import pandas as pd
import pytest
from support.openml_cache import lay_out

from agop_tabular.datasets import fetch_credit_default


def test_credit(credit):
    assert credit.data.shape == (30000, 23)
    assert (credit.target == 1).sum() == 6636
    assert credit.split is None
    assert not credit.data.isna().any().any()
    assert credit.categorical_feature_names == ["SEX", "EDUCATION", "MARRIAGE"]
    assert credit.data["LIMIT_BAL"].iloc[0] == 20000


@pytest.mark.slow
@pytest.mark.parametrize("nominal", [["y"], ["y", "x2", "x3", "x4"]])
def test_credit_from_openml_is_the_same_table(cache, credit, nominal):
    raw = credit.frame.astype(object)
    raw.columns = [*(f"x{i}" for i in range(1, 24)), "y"]
    lay_out(cache, 42477, "default", raw, nominal, "y")
    same = fetch_credit_default(source="openml")
    pd.testing.assert_frame_equal(same.data, credit.data)
    pd.testing.assert_series_equal(same.target, credit.target)
