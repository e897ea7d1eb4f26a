"""A user's rows, in memory or in a dask collection, as a table whose columns are those of the fit."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from agop_tabular.distributed.fitting import DaskTable
from agop_tabular.distributed.partitions import Partitions, is_collection
from agop_tabular.fitting.tables import MemoryTable, Table
from agop_tabular.models.rows import one_row


def validated_table(estimator: BaseEstimator, X: Any, *, reset: bool) -> Table:
    """Check column names and the number of columns. Values are checked later, at the network's input.

    Parameters
    ----------
    estimator : AGOPExplainer
        Whose ``n_features_in_`` and ``feature_names_in_`` are compared, or set.
    X : ndarray, DataFrame, dask array or dask DataFrame, of shape (n, d)
    reset : bool
        Whether the columns are set; otherwise they are compared.

    Raises
    ------
    ValueError
        Where there are no rows, or the columns are not those of the fit.
    """
    if is_collection(X):
        table = DaskTable(Partitions.of(X))
        validated_table(estimator, table.example, reset=reset)
        return table
    if isinstance(X, pd.DataFrame):
        X = validate_data(estimator, X, reset=reset, skip_check_array=True)
        if len(X) == 0:
            raise ValueError("Found array with 0 sample(s); a minimum of 1 is required by AGOPExplainer.")
        return MemoryTable(X)
    return MemoryTable(validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False))


def validated_baseline(estimator: BaseEstimator, baseline: Any) -> Any:
    """The parameter ``baseline``: "mean" or "zero" as it is, a row as a table of one row in the columns of the fit.

    Raises
    ------
    ValueError
        Where it has other columns, or several rows.
    """
    if isinstance(baseline, str):
        return baseline
    row = one_row(baseline, getattr(estimator, "feature_names_in_", None))
    table = validated_table(estimator, row, reset=False)
    if len(table) != 1:
        raise ValueError(f"baseline has {len(table)} rows; give one row in the columns of X.")
    return table.example
