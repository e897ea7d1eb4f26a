"""A user's rows, in memory or in a dask collection, as a table whose columns are those of the fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data
from torch import Tensor

from agop_tabular.distributed.fitting import DaskTable
from agop_tabular.distributed.partitions import Partitions, is_collection
from agop_tabular.fitting.tables import MemoryTable, Table
from agop_tabular.models.frames import column_labels
from agop_tabular.models.inputs import as_array, check_unmasked, readable_table
from agop_tabular.models.row_order import check_row_order
from agop_tabular.models.rows import one_row


def validated_table(estimator: BaseEstimator, X: Any, *, reset: bool, name: str = "X") -> Table:
    """Check the form, column names and the number of columns. Values are checked later, at the network's input.

    Parameters
    ----------
    estimator : AGOPExplainer
        Whose ``n_features_in_`` and ``feature_names_in_`` are compared, or set.
    X : ndarray, DataFrame, dask array or dask DataFrame, of shape (n, d)
    reset : bool
        Whether the columns are set; otherwise they are compared.
    name : str
        What messages call the table.

    Raises
    ------
    TypeError, ValueError
        Where it is no table, there are no rows, or the columns are not those of the fit.
    """
    if is_collection(X):
        table = DaskTable(Partitions.of(X))
        validated_table(estimator, table.example, reset=reset)
        return table
    X = readable_table(X, name)
    labels = column_labels(X)
    if labels is None:
        X = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False)
    else:  # only names and width: every library has dtypes of its own
        validate_data(estimator, pd.DataFrame(columns=labels), reset=reset, skip_check_array=True)
        if len(X) == 0:
            raise ValueError("Found array with 0 sample(s); a minimum of 1 is required by AGOPExplainer.")
    _check_labels(estimator, labels, reset=reset)
    return MemoryTable(X)


def validated_training(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool) -> tuple[Table, Any]:
    """Training rows as :func:`validated_table` returns them, and their labels, one a row.

    Parameters
    ----------
    estimator, X, reset
        As in :func:`validated_table`.
    y : array-like or dask collection of shape (n,) or (n, n_outputs), or None

    Raises
    ------
    TypeError, ValueError
        Where the rows are refused, or labels are not one a row.
    """
    table = validated_table(estimator, X, reset=reset)
    check_row_order(y, X, "y")
    if y is None or is_collection(y):
        return table, y
    y = as_array(y, "y") if isinstance(y, Tensor) else y
    if _is_no_array(y):
        raise ValueError(f"y={y!r} is not an array of labels; give one label for each row, or none.")
    if isinstance(table, MemoryTable):  # counting the rows of dask may take a pass
        check_consistent_length(table.example, y)
    return table, y


def validated_baseline(estimator: BaseEstimator, baseline: Any) -> Any:
    """The parameter ``baseline``: "mean" or "zero" as it is, a row as a table of one row in the columns of the fit.

    Raises
    ------
    TypeError
        Where it is a dict and the table of the fit has no names of columns.
    ValueError
        Where it has other columns, or several rows.
    """
    if isinstance(baseline, str):
        return baseline
    check_unmasked(baseline, "baseline")
    row = _row(estimator, baseline, "baseline")
    return validated_table(estimator, row, reset=False, name="baseline").take(np.arange(1))


def validated_reference(estimator: BaseEstimator, reference: Any) -> Table:
    """The table of rows that attributions are to be differences from.

    Parameters
    ----------
    estimator : AGOPExplainer
    reference : ndarray, DataFrame or dask table of shape (m, d), or one row as a dict, Series or sequence

    Raises
    ------
    TypeError, ValueError
        Where it has other columns, no rows, or masked cells.
    """
    check_unmasked(reference, "reference")
    if isinstance(reference, (dict, pd.Series)) or np.ndim(reference) == 1:
        reference = _row(estimator, reference, "reference")
    return validated_table(estimator, reference, reset=False, name="reference")


def _row(estimator: BaseEstimator, row: Any, name: str) -> Any:
    """One row as a table of one row; a dict only where columns have names or labels that its keys can be."""
    names = getattr(estimator, "feature_names_in_", None)
    if isinstance(row, dict) and names is None and _labels_of_the_fit(estimator) is None:
        raise TypeError(
            f"{name} is a dict by columns, but the table of the fit has no names of columns: give a sequence of one "
            "value a column, in their order."
        )
    return one_row(row, names, name)


def _is_no_array(y: Any) -> bool:
    """Whether numpy reads labels as no array of them, or not at all."""
    try:
        return isinstance(y, (str, bytes, dict)) or getattr(y, "ndim", np.asarray(y).ndim) == 0
    except ValueError:  # lists of different lengths
        return True


def _labels_of_the_fit(estimator: Any) -> tuple[str, ...] | None:
    """Labels of columns that are no text; None where the table of the fit had none."""
    if hasattr(estimator, "_labels_in") or not hasattr(estimator, "feature_map_"):
        return getattr(estimator, "_labels_in", None)
    names = estimator.feature_map_.names  # loaded from a file
    return None if names == tuple(f"x{j}" for j in range(len(names))) else names


def _check_labels(estimator: Any, labels: list[Any] | None, *, reset: bool) -> None:
    """Compare or keep labels of columns that are no text, which scikit-learn does not look at."""
    given = None
    if labels is not None and not all(isinstance(label, str) for label in labels):
        given = tuple(map(str, labels))
    if reset:
        estimator._labels_in = given
        return
    known = _labels_of_the_fit(estimator)
    if given is not None and known is not None and given != known and not hasattr(estimator, "feature_names_in_"):
        raise ValueError(
            f"X has the columns {_listed(given)}, but {type(estimator).__name__} was fitted on {_listed(known)}; give "
            "the same columns in the same order."
        )


def _listed(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
