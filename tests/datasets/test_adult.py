"""Adult: the bundled copy, and OpenML's."""

import pandas as pd
import pytest
from support.openml_cache import lay_out

from agop_tabular.datasets import fetch_adult


def test_adult(adult):
    assert adult.data.shape == (48842, 14)
    assert (adult.target == ">50K").sum() == 11687
    assert adult.split.value_counts().to_dict() == {"train": 32561, "test": 16281}
    assert adult.data.isna().any(axis=1).sum() == 3620
    assert adult.data.isna().sum().sum() == 6465
    assert [c for c in adult.data if adult.data[c].dtype == "category"] == adult.categorical_feature_names
    assert len(adult.categorical_feature_names) == 8
    assert adult.data.iloc[0].to_dict()["occupation"] == "Adm-clerical"
    assert adult.feature_names == list(adult.data.columns)
    assert adult.target_names == ["<=50K", ">50K"]
    assert "CC BY 4.0" in adult.DESCR


def test_return_X_y(adult):
    X, y = fetch_adult(return_X_y=True)
    pd.testing.assert_frame_equal(X, adult.data)
    pd.testing.assert_series_equal(y, adult.target)


@pytest.mark.slow
def test_adult_from_openml_is_the_same_table(cache, adult):
    raw = adult.frame.astype(object).rename(columns={"income": "class"})
    test_first = pd.concat([raw[adult.split == "test"], raw[adult.split == "train"]])
    lay_out(cache, 1590, "adult", test_first, [*adult.categorical_feature_names, "class"], "class")
    same = fetch_adult(source="openml")
    pd.testing.assert_frame_equal(same.data, adult.data)
    pd.testing.assert_series_equal(same.target, adult.target)
    pd.testing.assert_series_equal(same.split, adult.split)
