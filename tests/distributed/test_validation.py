"""A user's rows as a table whose columns are those of the fit, in memory or not."""

import pytest
from support.dask_tables import as_frame, dask, in_chunks, in_parts, never

from agop_tabular import AGOPExplainer
from agop_tabular.distributed.fitting import DaskTable
from agop_tabular.distributed.validation import validated_table
from agop_tabular.fitting.tables import MemoryTable


@pytest.mark.parametrize("rows", [as_frame, lambda table: in_parts(as_frame(table)), lambda table: table, in_chunks])
def test_columns_are_set_and_compared(table, network, rows):
    explainer, X = AGOPExplainer(network), rows(table)
    found = validated_table(explainer, X, reset=True)
    assert isinstance(found, DaskTable if dask.is_dask_collection(X) else MemoryTable)
    assert found.shape == (4500, 6)
    assert explainer.n_features_in_ == 6
    assert hasattr(explainer, "feature_names_in_") == hasattr(X, "columns")
    with pytest.raises(ValueError, match="features|feature names"):
        validated_table(explainer, X[list("abc")] if hasattr(X, "columns") else X[:, :3], reset=False)


def test_columns_are_compared_without_computing(table, network):
    explainer = AGOPExplainer(network)
    validated_table(explainer, as_frame(table), reset=True)
    with dask.config.set(scheduler=never):
        validated_table(explainer, in_parts(as_frame(table)), reset=False)


def test_no_rows(network, table):
    for empty in (table[:0], as_frame(table)[:0]):
        with pytest.raises(ValueError, match="0 sample"):
            validated_table(AGOPExplainer(network), empty, reset=True)
