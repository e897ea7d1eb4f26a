"""Files of explanations."""

import json

import numpy as np
import pandas as pd
import pytest

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
