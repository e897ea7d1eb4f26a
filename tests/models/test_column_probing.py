"""Transformers without a rule: other values go in, and the outputs that change belong to that input."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.preprocessing import FunctionTransformer

from agop_tabular.models.column_links import Links
from agop_tabular.models.column_probing import keeps_columns_apart, links_by_probing, links_of_scaled


@pytest.fixture
def rows():
    return np.random.default_rng(0).standard_normal((30, 3))


def probed(function, rows):
    return links_by_probing(FunctionTransformer(function), Links.identity(("a", "b", "c")), rows)


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, scipy.sparse.csr_matrix])
def test_outputs_in_another_order(form, rows):
    def shuffled(table):
        table = table.toarray() if scipy.sparse.issparse(table) else np.asarray(table)
        return np.column_stack([table[:, 2] ** 2, np.ones(len(table)), table[:, 0] > 0])

    links = probed(shuffled, form(rows))
    assert links.column.tolist() == [2, -1, 0]
    assert links.names == ["c[0]", "constant[1]", "a[2]"]


def test_mixed_columns_are_refused(rows):
    with pytest.raises(ValueError, match="FunctionTransformer mixes the columns 'a', 'c' into one coordinate"):
        probed(lambda table: table[:, [0]] + table[:, [2]], rows)


@pytest.mark.parametrize(
    ("column", "is_q"),
    [
        (pd.Categorical(list("pqr") * 10), lambda column: column.cat.codes == 1),
        (pd.Categorical([1, 2, 3] * 10, ordered=True), lambda column: column.cat.as_ordered() > 1),
        (pd.array(list("pqr") * 10, dtype="string"), lambda column: column.str.upper() == "Q"),
        (pd.array([1, 2, None] * 10, dtype="Int64"), lambda column: column.fillna(0).astype("int64") == 2),
        (pd.date_range("2026-01-01", periods=30, tz="UTC"), lambda column: column.dt.day > 10),
    ],
    ids=["category", "ordered", "string", "whole numbers", "dates"],
)
def test_a_column_keeps_its_dtype(column, is_q, rows):
    table = pd.DataFrame({"a": rows[:, 0], "b": rows[:, 1], "c": column})
    with pytest.raises(ValueError, match="FunctionTransformer mixes the columns 'a', 'c' into one coordinate"):
        probed(lambda table: np.column_stack([table["a"] * is_q(table["c"]).to_numpy()]), table)
    links = probed(lambda table: np.column_stack([table["a"], is_q(table["c"]).to_numpy() * 1.0]), table)
    assert links.column.tolist() == [0, 2]


def test_a_step_that_takes_no_other_values_of_a_column_is_refused(rows):
    def checked(table):
        if (np.asarray(table)[:, 1] != rows[: len(table), 1]).any():
            raise KeyError("no such row")
        return table[:, [0, 2]]

    with pytest.raises(ValueError, match="raises an error wherever 'b' has the value of another row"):
        probed(checked, rows)


def test_nor_does_it_keep_columns_apart(rows):
    def checked(table):
        if not np.isin(table.round(6), rows.round(6)).all() or (table[:, 0] != rows[: len(table), 0]).any():
            raise KeyError("no such row")
        return table

    links = Links.identity(("a", "b", "c"))
    assert not keeps_columns_apart(FunctionTransformer(checked), links, rows, rows)


def test_values_that_a_transformer_refuses_are_left_out(rows):
    def positive(table):
        if (table > rows.max()).any():
            raise ValueError("too large")
        return table[:, [1]]

    assert probed(positive, rows).column.tolist() == [1]


@pytest.mark.filterwarnings("error")
def test_values_that_no_row_has_make_no_warnings(rows):
    rows = np.abs(rows)
    assert probed(np.log, rows).column.tolist() == [0, 1, 2]
    assert apart(lambda table: np.sqrt(table - rows.min()), rows)


def test_outputs_in_the_order_of_the_inputs_keep_their_names(rows):
    assert probed(lambda table: 2 * table, rows).names == ["a", "b", "c"]


def test_the_values_of_indicators_are_scaled_along(rows):
    links = Links.identity(("a", "b", "c"))
    links.block = np.array([-1, 0, 0])
    scale = FunctionTransformer(lambda table: table * [1, 2, 0] + [0, 1, 0])
    found = links_of_scaled(scale, links, rows)
    assert found.block.tolist() == [-1, 0, -1], "a constant leaves its block"
    assert (found.low[1], found.high[1]) == (1, 3)
    assert links.high.tolist() == [1, 1, 1], "unchanged"


def apart(function, rows, column=(0, 1, 2)):
    links = Links.identity(("a", "b", "c"))
    links.column = np.array(column)
    step = FunctionTransformer(function)
    return keeps_columns_apart(step, links, rows, step.transform(rows))


def test_a_declaration_of_one_output_for_each_input(rows):
    assert apart(lambda table: 2 * table + 1, rows)
    assert apart(np.abs, rows)
    assert not apart(lambda table: table[:, ::-1], rows)
    assert not apart(lambda table: table - table.mean(axis=1, keepdims=True), rows)
    assert not apart(lambda table: np.column_stack([table[:, 0], table[:, 1] + table[:, 2], table[:, 2]]), rows)
    assert not apart(lambda table: np.column_stack([table[:, 0], table[:, 1], table[:, 2] * table[:, 0]]), rows)


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, scipy.sparse.csr_matrix])
def test_a_declaration_in_any_form_of_table(form, rows):
    def as_array(table):
        return table.toarray() if scipy.sparse.issparse(table) else np.asarray(table)

    assert apart(lambda table: as_array(table) + 1, form(rows))
    assert not apart(lambda table: as_array(table)[:, ::-1], form(rows))


def test_a_declaration_of_columns_of_several_kinds():
    table = pd.DataFrame({"a": list("xyzx") * 5, "b": np.arange(20), "c": np.arange(20) % 2 == 0}, index=[0] * 20)
    assert apart(lambda table: table, table)
    assert not apart(lambda table: table.assign(b=table["b"] * (table["a"] == "x")), table)
    assert not apart(lambda table: table.assign(a=table["a"].where(table["c"], "other")), table)


def test_coordinates_of_one_column_may_be_mixed(rows):
    def swap_last(table):
        return table[:, [0, 2, 1]]

    assert apart(swap_last, rows, column=(0, 1, 1))
    assert not apart(swap_last, rows)


def test_missing_cells_may_be_filled_from_other_columns(rows):
    rows[::3, 0] = np.nan
    assert apart(lambda table: np.where(np.isnan(table), table[:, [1]], table), rows)
    assert not apart(lambda table: np.where(np.isnan(table), table[:, [1]], table + table[:, [2]]), rows)
