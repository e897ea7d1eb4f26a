"""DataFrames of other libraries than pandas."""

import numpy as np
import pandas as pd
import pytest

from agop_tabular.models import frames

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

POLARS = pl.DataFrame({"n": [1, None, 3], "text": ["x", "y", None], "x": [1.0, 2.0, 3.0], "flag": [True, False, None]})
OTHERS = {"polars": POLARS, "pyarrow": POLARS.to_arrow()}


@pytest.fixture(params=OTHERS)
def table(request):
    return OTHERS[request.param]


def test_which_tables_are_frames(table):
    assert frames.is_frame(table)
    assert frames.is_frame(pd.DataFrame({"a": [1]}))
    for other in (np.zeros((2, 2)), [[1]], POLARS.lazy(), POLARS["n"], {"a": [1]}, None, pd.Series([1])):
        assert not frames.is_frame(other)
        assert frames.column_labels(other) is None


def test_columns_and_cells(table):
    assert frames.column_labels(table) == ["n", "text", "x", "flag"]
    np.testing.assert_array_equal(frames.cells_of(table, 0), [1, np.nan, 3])
    assert frames.cells_of(table, 1)[:2].tolist() == ["x", "y"]
    np.testing.assert_array_equal(
        frames.missing_cells(table),
        [[False, False, False, False], [True, False, False, False], [False, True, False, True]],
    )
    as_pandas = frames.to_pandas(table)
    assert list(as_pandas.columns) == ["n", "text", "x", "flag"]
    np.testing.assert_array_equal(frames.missing_cells(as_pandas), frames.missing_cells(table))


def test_rows_and_columns_keep_the_kind(table):
    some = frames.frame_rows(table, np.array([2, 0]))
    assert type(some) is type(table)
    np.testing.assert_array_equal(frames.cells_of(some, 2), [3, 1])
    two = frames.take_columns(table, list(np.array([2, 0])))
    assert (type(two), frames.column_labels(two)) == (type(table), ["x", "n"])


def test_transformers_get_what_they_take():
    assert frames.for_transformers(POLARS) is POLARS
    assert isinstance(frames.for_transformers(OTHERS["pyarrow"]), pd.DataFrame)
    array = np.zeros((2, 2))
    assert frames.for_transformers(array) is array


def test_floats(table):
    np.testing.assert_array_equal(frames.floats_of_column(table, 0), [1, np.nan, 3])
    np.testing.assert_array_equal(frames.floats_of_column(table, 3), [1, 0, np.nan])
    with pytest.raises(TypeError, match="is no number"):
        frames.floats_of_column(table, 1)


def test_values_are_put_in_place(table):
    changed = frames.with_values(table, [0, 1], [np.array([4.0, 5.0, 6.0]), np.array(["a", "b", "c"], dtype=object)])
    assert type(changed) is type(table)
    assert frames.cells_of(changed, 0).tolist() == [4, 5, 6]
    assert frames.cells_of(changed, 1).tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(frames.cells_of(frames.with_values(table, [0], [0.5]), 0), [0.5, 0.5, 0.5])


def test_attributions_in_the_kind_of_the_rows(table):
    values = np.arange(12, dtype="float32").reshape(3, 4)
    found = frames.like(table, values)
    assert type(found) is type(table)
    assert frames.floating_dtypes(found) == {np.dtype("float32")}
    np.testing.assert_array_equal(np.asarray(found), values)
    cube = np.zeros((3, 4, 2))
    assert frames.like(table, cube) is cube


def test_a_frame_of_pandas_holds_the_attributions_themselves():
    rows = pd.DataFrame({"a": [1, 2]}, index=["r", "s"])
    values = np.zeros((2, 1))
    found = frames.like(rows, values)
    assert found.index.equals(rows.index)
    assert np.shares_memory(found.to_numpy(), values)


def test_bytes_of_another_order():
    rows = pd.DataFrame({"a": np.arange(3, dtype=">f4"), "b": np.arange(3)})
    found = frames.in_native_order(rows)
    assert found.dtypes.tolist() == [np.dtype("float32"), np.dtype("int64")]
    assert found["a"].tolist() == [0, 1, 2]
    assert frames.in_native_order(found) is found
