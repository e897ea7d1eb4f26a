"""Tables become dense arrays of floats, or are refused with the names of the columns."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

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
