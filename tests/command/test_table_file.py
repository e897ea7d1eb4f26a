"""Tables are read, and a model's columns found in them."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.linear_model import LogisticRegression

from agop_tabular.command.column_types import Expected
from agop_tabular.command.table_file import model_columns, model_labels, read_table, with_types, without_target


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
        (
            "a.csv",
            b"x,y\n1,2,3\n1,2,3\n",
            r"\(line 2 has 3 cells and the first line 2 names: every column needs a name",
        ),
        (
            "a.csv",
            b"x,y\n1,2,\n",
            r"\(line 2 has 3 cells and the first line 2 names: .* no line ends with a comma\)\.$",
        ),
        ("a.csv", b'x,y\n1,"2\n3"\n\n5\n', r"\(line 5 has 1 cells and the first line 2 names"),
        ("a.csv", b'x,y\n1,"2\n', r"EOF inside string"),
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
    with pytest.raises(
        ValueError, match="has no column 'sort', which --target names; it has 'age', 'income', 'visits'"
    ):
        without_target(table, "sort", tmp_path)


def test_columns_are_put_in_the_order_of_the_model(tmp_path):
    model = LogisticRegression().fit(pd.DataFrame({"a": [0, 1], "b": [1, 0]}), [0, 1])
    assert list(model_columns(pd.DataFrame({"b": [1], "a": [2]}), model, tmp_path)) == ["a", "b"]
    with pytest.raises(ValueError, match=r"t\.csv lacks columns of the model: 'b'\.$"):
        model_columns(pd.DataFrame({"a": [1]}), model, tmp_path / "t.csv")
    with pytest.raises(ValueError, match=r"t\.csv lacks columns of the model: 'a', 'b', and has 'c', ' a' instead\.$"):
        model_columns(pd.DataFrame({"c": [1], " a": [1]}), model, tmp_path / "t.csv")
    with pytest.raises(ValueError, match="has columns that the model does not: 'c'; --target COLUMN leaves out"):
        model_columns(pd.DataFrame({"a": [1], "b": [1], "c": [1]}), model, tmp_path)


def test_a_model_without_names_gets_the_table_as_it_is(tmp_path, table):
    assert model_columns(table, object(), tmp_path) is table


CELLS = "NA,None,null,nan,01,True,,x"
TEXT, NUMBERS = Expected("text"), Expected("numbers")


def typed(path, cells, expected):
    """One column of a file, with an expectation."""
    path.write_text("\n".join(["s,k", *(f"{cell},1" for cell in cells.split(","))]) + "\n")
    return with_types(read_table(path)[["s"]], [expected], path)["s"]


@pytest.mark.parametrize("expected", [TEXT, None])
def test_text_stays_as_it_stands_in_a_csv(tmp_path, expected):
    assert typed(tmp_path / "a.csv", CELLS, expected).fillna("?").tolist() == [*CELLS.split(",")[:6], "?", "x"]


@pytest.mark.parametrize("cells", ["01,02,03", "True,False,True", "NA,NA,NA", "1.0,2,3", "1_0,2e3,inf"])
def test_codes_are_text_where_the_model_knows_text(tmp_path, cells):
    assert typed(tmp_path / "a.csv", cells, TEXT).tolist() == cells.split(",")


def test_levels_say_what_is_missing(tmp_path):
    known = Expected("text", ("NA", "x", float("nan")))
    assert typed(tmp_path / "a.csv", "NA,x,nan,,new", known).fillna("?").tolist() == ["NA", "x", "?", "?", "new"]
    found = typed(tmp_path / "a.csv", "NA,x,,None", Expected("text", ("NA", "x", None))).tolist()
    assert found == ["NA", "x", None, None]


@pytest.mark.parametrize("expected", [NUMBERS, None])
def test_gaps_in_numbers(tmp_path, expected):
    found = typed(tmp_path / "a.csv", "1,NA,NaN,,2.5,null", expected)
    assert found.dtype == float
    assert found.isna().tolist() == [False, True, True, True, False, True]
    assert typed(tmp_path / "a.csv", "1,2", expected).dtype == int
    assert typed(tmp_path / "a.csv", "True,False", expected).dtype == bool


def test_text_among_numbers_is_named(tmp_path):
    with pytest.raises(
        ValueError, match=r"a\.csv has the cell 'a\$' in the column 's', where the model needs a number\.$"
    ):
        typed(tmp_path / "a.csv", "1,NA,a$,b", NUMBERS)
    (tmp_path / "a.csv").write_text('s\n1.5\n"1,304.00"\n')
    with pytest.raises(ValueError, match=r"has the cell '1,304\.00' in the column 's'"):
        with_types(read_table(tmp_path / "a.csv"), [NUMBERS], tmp_path / "a.csv")


def test_other_files_stay_as_they_are(tmp_path):
    table = pd.DataFrame({"s": ["NA", "x"]})
    assert with_types(table, [NUMBERS], tmp_path / "a.parquet") is table


def test_labels_have_the_type_of_the_classes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,kind\n1,01\n2,NA\n3,None\n4,01\n")
    table = read_table(path)
    model = LogisticRegression().fit(table[["a"]], ["01", "NA", "None", "01"])
    assert model_labels(table["kind"], model, path).tolist() == ["01", "NA", "None", "01"]
    assert model_labels(table["a"], LogisticRegression().fit(table[["a"]], [1, 1, 2, 2]), path).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfx,y\r\n1,2\r\n\r\n", b'"x","y"\n"1",2', b"\nx,y\n1,2\n"])
def test_even_lines(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    assert_frame_equal(read_table(tmp_path / "a.csv"), pd.DataFrame({"x": [1], "y": [2]}))
