"""The user's rows: names, dtype, one of them, and a sample from all over a table."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from agop_tabular.models.rows import column_names, one_row, own_rows, result_dtype, spread_rows, take_rows


def test_names_of_columns():
    assert column_names(np.zeros((2, 3))) == ("x0", "x1", "x2")
    assert column_names(pd.DataFrame({"a": [1], 7: [2]})) == ("a", "7")


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        ("float32", "float32"),
        ("float64", "float64"),
        ("float16", "float32"),
        ("int64", "float64"),
        (bool, "float64"),
        (np.longdouble, "float64"),
        (">f4", "float32"),
        (">f8", "float64"),
    ],
)
def test_dtype_of_attributions(given, returned):
    assert result_dtype(np.zeros((2, 2), dtype=given)) == returned
    assert result_dtype(pd.DataFrame(np.zeros((2, 2), dtype=given))) == returned


def test_mixed_dtypes_are_float64():
    assert result_dtype(pd.DataFrame({"a": np.zeros(2, "float32"), "b": np.zeros(2)})) == np.float64
    assert result_dtype(pd.DataFrame({"a": pd.array([1.0], dtype="Float32")})) == np.float64


def test_one_row_of_any_form():
    names = np.array(["a", "b"])
    for row in ([1, "x"], {"a": 1, "b": "x"}, pd.Series({"a": 1, "b": "x"}), pd.DataFrame({"a": [1], "b": ["x"]})):
        table = one_row(row, names)
        assert table.shape == (1, 2)
        assert table.iloc[0].to_dict() == {"a": 1, "b": "x"}
    np.testing.assert_array_equal(one_row([1.0, 2.0], None), [[1, 2]])
    assert one_row([1, 2, 3], names).shape == (1, 3), "its width is refused later"


@pytest.mark.parametrize(("n", "k"), [(10, 10), (5, 20), (1000, 64), (1001, 7), (50, 0)])
def test_spread_rows_are_distinct_ascending_and_from_every_stretch(n, k):
    places = spread_rows(n, k)
    count = min(n, max(k, 1))
    assert len(places) == count
    assert (np.diff(places) > 0).all()
    borders = np.arange(count + 1) * n / count
    assert ((np.floor(borders[:-1]) <= places) & (places < borders[1:])).all()


@pytest.mark.parametrize("period", [2, 3, 10])
def test_a_period_in_the_table_does_not_show_in_the_sample(period):
    counts = np.bincount(spread_rows(100_000, 5000) % period)
    np.testing.assert_allclose(counts / 5000, 1 / period, atol=0.01)


def test_rows_of_arrays_and_frames():
    array = np.arange(6).reshape(3, 2)
    assert np.shares_memory(take_rows(array, slice(1, 3)), array)
    assert take_rows(pd.DataFrame(array), np.array([2, 0]))[0].tolist() == [4, 0]


@pytest.mark.parametrize(
    "row", [np.zeros((2, 2)), pd.DataFrame(np.zeros((2, 2))), [[1, 2], [3, 4]], np.zeros((1, 1, 2))]
)
def test_several_rows_are_refused(row):
    for names in (None, np.array(["a", "b"])):
        with pytest.raises(ValueError, match="baseline has shape .* give one row"):
            one_row(row, names)


def test_a_sparse_matrix_of_any_format():
    array = np.arange(6.0).reshape(3, 2)
    for form in ("coo", "csr", "csc", "bsr", "dia", "dok", "lil"):
        some = take_rows(scipy.sparse.coo_matrix(array).asformat(form), slice(1, 3))
        np.testing.assert_array_equal(some.toarray(), array[1:3])


def test_rows_of_other_libraries():
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]})
    assert column_names(table) == ("a", "b")
    assert take_rows(table, slice(0, 2)).shape == (2, 2)
    assert take_rows(table, np.array([2, 0]))["b"].to_list() == ["z", "x"]
    assert result_dtype(table) == np.float64
    assert result_dtype(table.select(pl.col("a").cast(pl.Float32))) == np.float32
    pytest.importorskip("pyarrow")
    some = take_rows(table.to_arrow(), np.array([2, 0]))
    assert some["b"].tolist() == ["z", "x"], "as pandas, which transformers take"


@pytest.mark.parametrize("kind", ["array", "pandas", "polars", "pyarrow"])
def test_own_rows_do_not_change_with_the_callers(kind):
    values = np.arange(6.0).reshape(3, 2)
    if kind == "array":
        table = values
    elif kind == "pandas":
        table = pd.DataFrame(values, columns=["a", "b"])
    else:
        table = pytest.importorskip("polars").DataFrame({"a": values[:, 0], "b": values[:, 1]})
        table = table.to_arrow() if kind == "pyarrow" and pytest.importorskip("pyarrow") else table
    own = own_rows(table)
    assert type(own) is type(table)
    if kind == "array":
        table[0] = 9
    elif kind == "pandas":
        table.loc[0] = 9
    elif kind == "polars":
        table[0, "a"] = 9
    assert np.array_equal(np.asarray(own), np.arange(6.0).reshape(3, 2))
