"""Tables become dense arrays of floats, or are refused with the names of the columns."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from agop_tabular.models.dense import to_dense

NUMBERS = np.array([[1, 0], [0, 2]])


@pytest.mark.parametrize(
    "table",
    [
        NUMBERS,
        NUMBERS.astype(bool) * NUMBERS,
        NUMBERS.astype(object),
        NUMBERS.astype("float16"),
        scipy.sparse.csr_matrix(NUMBERS),
        pd.DataFrame(NUMBERS).astype({0: "Int8", 1: "float32"}),
        np.asfortranarray(NUMBERS.astype(float)),
    ],
)
def test_numbers_of_any_kind_are_float64(table):
    found = to_dense(table)
    assert found.dtype == np.float64
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, NUMBERS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_keep_their_dtype(dtype):
    for table in (NUMBERS.astype(dtype), pd.DataFrame(NUMBERS).astype(dtype)):
        assert to_dense(table).dtype == dtype


def test_missing_values_are_nan():
    table = pd.DataFrame({"a": pd.array([1, pd.NA], dtype="Int64"), "b": [0.5, None]})
    np.testing.assert_array_equal(to_dense(table), [[1, 0.5], [np.nan, np.nan]])


def test_what_is_no_number_is_refused():
    table = pd.DataFrame({"a": [1], "when": pd.Timestamp("2026-01-01"), "text": "x"})
    with pytest.raises(ValueError, match=r"Column\(s\) 'when', 'text' cannot be read as numbers"):
        to_dense(table)
    for array in (np.array([["x"]]), np.array([["x"]], dtype=object)):
        with pytest.raises(ValueError, match="The network's input cannot be read as numbers"):
            to_dense(array)


@pytest.mark.parametrize(
    "cells",
    [
        np.array(["1", "2"], dtype=object),
        pd.Series(["1", "2"]),
        pd.Categorical(["1", "2"]),
        pd.Categorical(pd.date_range("2020-01-01", periods=2)),
        pd.Series([np.datetime64("2020-01-01")] * 2, dtype=object),
        pd.Series([np.timedelta64(3, "D")] * 2, dtype=object),
        np.array([1 + 2j, 3]),
        pd.period_range("2020-01-01", periods=2, freq="D"),
    ],
    ids=lambda cells: str(cells.dtype),
)
def test_what_only_looks_like_numbers_is_refused(cells):
    with pytest.raises(ValueError, match=r"Column\(s\) 'bad' cannot be read as numbers"):
        to_dense(pd.DataFrame({"good": [1.0, 2.0], "bad": cells}))


def test_an_array_of_text_is_refused():
    for table in (NUMBERS.astype(str), NUMBERS.astype(str).astype(object), NUMBERS.astype("M8[D]").astype(object)):
        with pytest.raises(ValueError, match="cannot be read as numbers"):
            to_dense(table)


def test_a_categorical_of_numbers_is_its_numbers():
    np.testing.assert_array_equal(to_dense(pd.DataFrame({"a": pd.Categorical([3, 1])})), [[3], [1]])


def test_tensors_and_tables_of_other_libraries():
    x = torch.tensor(NUMBERS, dtype=torch.bfloat16, requires_grad=True)
    np.testing.assert_array_equal(to_dense(x), NUMBERS)
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"a": [1, None], "b": [True, False]})
    np.testing.assert_array_equal(to_dense(table), [[1, 1], [np.nan, 0]])
    assert to_dense(pl.DataFrame(NUMBERS.astype("float32"))).dtype == np.float32
    with pytest.raises(ValueError, match=r"Column\(s\) 'c' cannot be read as numbers"):
        to_dense(table.with_columns(c=pl.Series(["1", "2"])))
