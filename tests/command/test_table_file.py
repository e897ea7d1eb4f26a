"""Tables are read, and a model's columns found in them."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.linear_model import LogisticRegression

from agop_tabular.command.table_file import model_columns, read_table, without_target


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "a.parquet", "a.pq"])
def test_rows_come_back(tmp_path, table, name):
    if not name.endswith(("csv", "gz")):
        pytest.importorskip("pyarrow")
    path = tmp_path / name
    if "csv" in name.lower():
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    assert_frame_equal(read_table(path), table)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", r"a\.csv cannot be read as a table \(No columns to parse from file\)\.$"),
        ("a.csv", b"x,y\n", r"a\.csv has no rows\.$"),
        ("a.csv", b"x\n1,2\n1,2,3\n", r"a\.csv cannot be read as a table \(.*\)\.$"),
        ("a.csv", b"x\n\xff\xfe\n", r"a\.csv cannot be read as a table \(.*\)\.$"),
        ("a.csv.gz", b"no gzip", r"a\.csv\.gz cannot be read as a table \(.*\)\.$"),
        ("a.parquet", b"no parquet", r"a\.parquet cannot be read as a table \(.*\)\.$"),
        ("a.xlsx", b"", r"a\.xlsx does not end in \.csv, \.csv\.gz, \.parquet, \.pq, which say how it is read\.$"),
    ],
)
def test_what_is_no_table(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as error:
        read_table(tmp_path / name)
    assert "\n" not in str(error.value)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*none\.csv\.$"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(IsADirectoryError, match="is a folder; name the file of a table"):
        read_table(tmp_path)


def test_labels_are_taken_out(tmp_path, table):
    X, y = without_target(table, "kind", tmp_path)
    assert list(X) == ["age", "income", "visits", "debt"]
    assert y.equals(table["kind"])
    with pytest.raises(ValueError, match="has no column 'sort', which --target names; it has age, income, visits"):
        without_target(table, "sort", tmp_path)


def test_columns_are_put_in_the_order_of_the_model(tmp_path):
    model = LogisticRegression().fit(pd.DataFrame({"a": [0, 1], "b": [1, 0]}), [0, 1])
    assert list(model_columns(pd.DataFrame({"b": [1], "a": [2]}), model, tmp_path)) == ["a", "b"]
    with pytest.raises(ValueError, match=r"t\.csv lacks columns of the model: b\.$"):
        model_columns(pd.DataFrame({"a": [1]}), model, tmp_path / "t.csv")
    with pytest.raises(ValueError, match=r"t\.csv lacks columns of the model: a, b, and has c instead\.$"):
        model_columns(pd.DataFrame({"c": [1]}), model, tmp_path / "t.csv")
    with pytest.raises(ValueError, match="has columns that the model does not: c; --target COLUMN leaves out"):
        model_columns(pd.DataFrame({"a": [1], "b": [1], "c": [1]}), model, tmp_path)


def test_a_model_without_names_gets_the_table_as_it_is(tmp_path, table):
    assert model_columns(table, object(), tmp_path) is table
