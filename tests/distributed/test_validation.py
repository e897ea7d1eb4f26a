"""A user's rows as a table whose columns are those of the fit, in memory or not."""

import numpy as np
import pandas as pd
import pytest
from support.dask_tables import as_frame, dask, in_chunks, in_parts, never

from agop_tabular import AGOPExplainer
from agop_tabular.distributed.fitting import DaskTable
from agop_tabular.distributed.validation import validated_baseline, validated_table, validated_training
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


def test_columns_without_text_keep_their_order(table, network):
    """scikit-learn compares names of text only: other labels would be explained by place."""
    rows = pd.DataFrame(table)
    explainer = AGOPExplainer(network)
    validated_table(explainer, rows, reset=True)
    validated_table(explainer, rows, reset=False)
    validated_table(explainer, table, reset=False)
    for other in (rows[[1, 0, 2, 3, 4, 5]], rows.set_axis(range(5, 11), axis=1), in_parts(rows)[[1, 0, 2, 3, 4, 5]]):
        with pytest.raises(ValueError, match="give the same columns in the same order"):
            validated_table(explainer, other, reset=False)
    validated_table(explainer, table, reset=True)
    validated_table(explainer, rows[[1, 0, 2, 3, 4, 5]], reset=False)


def test_columns_without_text_keep_their_order_after_loading(X, net, tmp_path):
    rows = pd.DataFrame(X)
    AGOPExplainer(net, method="ixg").fit(rows).save(tmp_path / "e.agop")
    loaded = AGOPExplainer.load(tmp_path / "e.agop", net)
    assert loaded.explain(rows).shape == loaded.explain(X).shape == X.shape
    with pytest.raises(ValueError, match="the same columns in the same order"):
        loaded.explain(rows[[1, 0, 2, 3, 4, 5]])


def test_labels_of_rows(table, network):
    rows, labels = validated_training(AGOPExplainer(network), table, list(range(4500)), reset=True)
    assert (len(rows), len(labels)) == (4500, 4500)
    lazy = in_chunks(table)
    assert validated_training(AGOPExplainer(network), lazy, lazy[:, 0], reset=True)[1].ndim == 1
    for X in (table, lazy):
        with pytest.raises(ValueError, match="y='abc' is not an array of labels"):
            validated_training(AGOPExplainer(network), X, "abc", reset=True)


def test_a_masked_baseline(table, network):
    explainer = AGOPExplainer(network)
    validated_table(explainer, table, reset=True)
    with pytest.raises(ValueError, match="baseline is a masked array"):
        validated_baseline(explainer, np.ma.masked_greater(table[0], -100))
