"""A table in memory, as fitting needs it."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import torch

from agop_tabular.adapters import adapt
from agop_tabular.fitting import tables
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.fitting.tables import MemoryTable
from agop_tabular.models.explained_model import ExplainedModel


def test_rows_by_their_places(X):
    for rows in (X, pd.DataFrame(X)):
        table = MemoryTable(rows)
        assert (len(table), table.shape) == (200, (200, 6))
        every = np.asarray(table.take(np.arange(200)))
        np.testing.assert_array_equal(every, X)
        assert table.trainable is table.example is rows
        np.testing.assert_array_equal(np.asarray(table.take(np.array([7, 3]))), X[[7, 3]])


def test_rows_of_an_array_are_copied_since_preprocessing_may_write_into_them(X):
    assert not np.shares_memory(MemoryTable(X).take(np.arange(200)), X)


def test_labels_by_their_places(X):
    table = MemoryTable(X)
    assert table.labels_at(None, np.array([1])) is None
    assert table.labels_at(list(range(200)), np.array([5, 1])).tolist() == [5, 1]
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[200, 3\]"):
        table.labels_at([0, 1, 2], np.array([1]))


def test_random_rows_in_their_order(X):
    table, y = MemoryTable(X), np.arange(200)
    assert table.sampled(200, y, 0) == (table, y)
    some, labels = table.sampled(50, y, 0)
    assert (np.diff(labels) > 0).all()
    np.testing.assert_array_equal(some.rows, X[labels.astype(int)])
    again, none = table.sampled(50, None, 0)
    np.testing.assert_array_equal(again.rows, some.rows)
    assert none is None


def test_the_first_row_that_lacks_a_value_for_each_column():
    rows = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": ["x", "y", None], "c": [1, 2, 3]})
    assert MemoryTable(rows).missing_rows().tolist() == [1, 2]


@pytest.mark.parametrize("keep_up_to", [200, 199])
def test_coordinates_are_returned_of_few_rows(module, X, keep_up_to):
    model = ExplainedModel.connect(adapt(module), X)
    empty = TrainingStatistics.empty("dense", model)
    statistics, coordinates = MemoryTable(X).gather(model, empty, 7, scored=True, keep_up_to=keep_up_to)
    assert statistics.n == 200
    if keep_up_to == 200:
        torch.testing.assert_close(coordinates, torch.from_numpy(X))
    else:
        assert coordinates is None


@pytest.mark.parametrize("kind", ["array", "pandas", "polars"])
def test_rows_that_lack_a_value_are_found_in_parts(kind, monkeypatch):
    rows = np.zeros((100, 3))
    rows[[70, 90], 0] = rows[40, 2] = np.nan
    if kind == "pandas":
        rows = pd.DataFrame(rows)
    elif kind == "polars":
        rows = pytest.importorskip("polars").DataFrame(rows)
    for cells in (1, 30, 10_000):
        monkeypatch.setattr(tables, "CELLS_AT_A_TIME", cells)
        assert MemoryTable(rows).missing_rows().tolist() == [40, 70]


@pytest.mark.parametrize("kind", ["array", "pandas", "polars"])
def test_a_row_of_each_rare_value(kind):
    rows = np.column_stack([np.arange(500) % 3, np.arange(500.0), np.zeros(500)])
    rows[[77, 78, 300], 2] = [5, 5, np.nan]
    if kind == "pandas":
        rows = pd.DataFrame(rows)
    elif kind == "polars":
        rows = pytest.importorskip("polars").DataFrame(rows)
    assert MemoryTable(rows).rare_rows().tolist() == [0, 1, 2, 77]


def test_cells_that_cannot_be_counted_have_no_rare_values():
    assert not len(MemoryTable(pd.DataFrame({"a": [[1], [2]]})).rare_rows())


def test_of_many_rare_values_the_rarest(monkeypatch):
    monkeypatch.setattr(tables, "PROBE_ROWS", 2)
    rows = np.repeat([0, 1, 2, 3], [10, 1, 20, 2])[:, None]
    assert MemoryTable(rows).rare_rows().tolist() == [10, 31]


def test_missing_rows_are_found_in_little_memory():
    rows = np.zeros((400_000, 50), dtype="float32")
    tracemalloc.start()
    MemoryTable(rows).missing_rows()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * rows.size, "no mask of the whole table"
