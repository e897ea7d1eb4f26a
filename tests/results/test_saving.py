"""Files of explanations."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from agop_tabular import AGOPExplainer


@pytest.mark.parametrize("target", ["predicted", "all"])
def test_tables_come_back(explainer, frame, tmp_path, target):
    explanation = explainer(frame, target=target)
    expected = explanation.to_frame(long=True)
    for name, read in (("a.csv", pd.read_csv), ("a.parquet", pd.read_parquet)):
        explanation.save(tmp_path / name)
        found = read(tmp_path / name)
        assert list(found.columns) == list(expected.columns)
        np.testing.assert_allclose(found["attribution"], expected["attribution"], rtol=1e-6)
        assert found["row"].tolist() == expected["row"].tolist()
        assert found["value"].isna().tolist() == expected["value"].isna().tolist()


def test_json_has_everything(explainer, frame, tmp_path):
    explanation = explainer(frame)
    explanation.save(str(tmp_path / "a.json"))
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["feature_names"] == list(frame.columns)
    assert found["unit"] == explanation.unit
    row = found["rows"][17]
    assert row["row"] == "r17"
    assert row["prediction"] == explanation.predictions[17]
    assert row["data"][1] is None, "missing values are null"
    np.testing.assert_allclose(row["attributions"], explanation.values[17])
    explainer(frame, target="all").save(tmp_path / "b.json")
    found = json.loads((tmp_path / "b.json").read_text())
    assert np.shape(found["rows"][0]["attributions"]) == (6, 2)


def test_a_page_stands_alone(explanation, tmp_path):
    explanation.save(tmp_path / "a.HTML")
    page = (tmp_path / "a.HTML").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("row r") == 100
    assert "140 more rows" in page


def test_what_cannot_be_written(explanation, tmp_path):
    with pytest.raises(ValueError, match=r"does not end in \.parquet, \.csv, \.json, \.html"):
        explanation.save(tmp_path / "a.xlsx")
    for name in ("a.csv", "a.json", "a.html", "a.parquet"):
        (tmp_path / "taken" / name).mkdir(parents=True)
        with pytest.raises(FileNotFoundError, match=r"nowhere does not exist; make it first\.$"):
            explanation.save(tmp_path / "nowhere" / name)
        with pytest.raises(IsADirectoryError, match=r"is a folder; name a file in it\.$"):
            explanation.save(tmp_path / "taken" / name)


def test_dates_as_rows_and_cells(net, X, tmp_path):
    table = pd.DataFrame(X[:3], columns=list("abcdef"), index=pd.date_range("2024-01-01", periods=3))
    explanation = AGOPExplainer(net).fit(table)(table)
    for ending in ("csv", "json", "parquet", "html"):
        explanation.save(tmp_path / f"a.{ending}")
    assert json.loads((tmp_path / "a.json").read_text())["rows"][1]["row"] == "2024-01-02 00:00:00"


def kinds_of_cells(n=4):
    """A column of each kind."""
    return pd.DataFrame(
        {
            "a": np.arange(n) / 8,
            "id": 9007199254740993 + np.arange(n),  # no float has it
            "small": np.arange(n, dtype="uint8") + 14,
            "truth": [True, False] * (n // 2),
            "gaps": pd.array([None, 9007199254740993, 2, 3][:n], dtype="Int64"),
            "maybe": pd.array([True, None] * (n // 2), dtype="boolean"),
            "level": pd.Categorical([1, 2] * (n // 2)),
            "day": pd.date_range("2024-01-01", periods=n),
            "took": pd.to_timedelta(np.arange(n), unit="s"),
        }
    )


def explained_kinds(table):
    """Of a model that reads the first column alone."""
    coded = make_column_transformer(("passthrough", [0]))
    model = make_pipeline(coded, LinearRegression()).fit(table, np.arange(len(table)))
    return AGOPExplainer(model).fit(table)(table)


def rows_of_json(table, path):
    explained_kinds(table).save(path)
    return [row["data"] for row in json.loads(path.read_text())["rows"]]


def test_json_cells_are_what_they_were(tmp_path):
    table = kinds_of_cells()
    second = [0.125, 9007199254740994, 15, False, 9007199254740993, None, 2, "2024-01-02 00:00:00", "0 days 00:00:01"]
    for columns in (table.columns, ["a", "id", "small"], ["a", "small", "truth"], ["a", "gaps"]):
        found = rows_of_json(table[list(columns)], tmp_path / "a.json")
        expected = [cell for cell, name in zip(second, table.columns, strict=True) if name in columns]
        assert [(type(cell), cell) for cell in found[1]] == [(type(cell), cell) for cell in expected]
    assert found[0] == [0.0, None]
    whole = rows_of_json(table[["small", "id"]].to_numpy(dtype="int64"), tmp_path / "a.json")
    assert whole[1] == [15, 9007199254740994]
    assert all(type(cell) is int for row in whole for cell in row)


def test_whole_numbers_with_gaps_of_other_libraries(tmp_path):
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"a": [0.5, 1.5, 2.5], "id": [9007199254740993, None, 3]})
    assert rows_of_json(table, tmp_path / "a.json") == [[0.5, 9007199254740993], [1.5, None], [2.5, 3]]
    long = explained_kinds(table).to_frame(long=True)
    assert long["value"].tolist()[1::2] == [9007199254740993, None, 3]


def test_no_warning_of_pandas(explanation, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ending in ("parquet", "csv", "json", "html"):
            explanation.save(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("target", ["predicted", "all"])
def test_no_rows(explainer, frame, tmp_path, target):
    gated = AGOPExplainer(explainer.estimator, gate=np.arange(6) > 2).fit(frame)
    for empty in (explainer(frame, target)[:0], gated(frame, target)[np.zeros(len(frame), dtype=bool)]):
        for ending in ("parquet", "csv", "json", "html"):
            empty.save(tmp_path / f"a.{ending}")
        assert json.loads((tmp_path / "a.json").read_text())["rows"] == []
