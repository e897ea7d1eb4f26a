"""Explanations as DataFrames: wide, long, and the largest attributions of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from agop_tabular.models.frames import cells_as_objects, is_frame, to_pandas

if TYPE_CHECKING:
    from agop_tabular.results.explanation import Explanation


def wide_table(explanation: Explanation) -> pd.DataFrame:
    """Attributions (n, d); for all classes the columns are pairs (target, feature).

    Parameters
    ----------
    explanation : Explanation
    """
    values, index = explanation.values, explanation.index
    if values.ndim == 2:
        data, names = explanation.data, explanation.feature_names
        columns = data.columns if isinstance(data, pd.DataFrame) else list(names)
        return pd.DataFrame(values, index=index, columns=columns)
    pairs = [explanation.target_names, explanation.feature_names]
    columns = pd.MultiIndex.from_product(pairs, names=["target", "feature"])
    return pd.DataFrame(values.transpose(0, 2, 1).reshape(len(values), len(columns)), index=index, columns=columns)


def long_table(explanation: Explanation) -> pd.DataFrame:
    """One line for each row, target and column, with all that is known of the row.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    DataFrame of n · C · d lines
        row, target, prediction, probability, base_value, support, error, feature, value, attribution; where something
        is not known its column is left out.
    """
    cube, n_targets = _cube(explanation)
    n, d, _ = cube.shape
    rows, which = np.repeat(np.arange(n), n_targets * d), np.tile(np.repeat(np.arange(n_targets), d), n)
    columns = np.tile(np.arange(d), n * n_targets)
    out: dict[str, np.ndarray | pd.Index] = {
        "row": explanation.index[rows],
        "target": _targets(explanation, rows, which),
    }
    fields = {
        "prediction": explanation.predictions,
        "probability": explanation.probabilities,
        "base_value": explanation.base_values,
        "support": explanation.support,
        "error": explanation.error,
    }
    for name, part in fields.items():
        if part is not None:
            out[name] = part[rows] if part.ndim == 1 else part[rows, which]
    out["feature"] = np.asarray(explanation.feature_names, dtype=object)[columns]
    out["value"] = _cells(explanation)[rows, columns]
    out["attribution"] = cube[rows, columns, which]
    return pd.DataFrame(out)


def top_table(explanation: Explanation, k: int) -> pd.DataFrame:
    """The k columns with the largest absolute attributions in each row.

    Parameters
    ----------
    explanation : Explanation
    k : int

    Returns
    -------
    DataFrame
        Indexed by row, target and place (1 for the largest), with columns feature, value and attribution.
    """
    if not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"k={k!r} is not a positive whole number.")
    cube, n_targets = _cube(explanation)
    k, n = min(int(k), cube.shape[1]), len(cube)
    order = np.argsort(-np.abs(cube), axis=1, kind="stable")[:, :k].transpose(0, 2, 1)  # (n, n_targets, k)
    rows = np.repeat(np.arange(n), n_targets * k)
    which = np.tile(np.repeat(np.arange(n_targets), k), n)
    features = order.ravel()
    targets = _targets(explanation, rows, which)
    index = pd.MultiIndex.from_arrays(
        [explanation.index[rows], targets, np.tile(np.arange(1, k + 1), n * n_targets)],
        names=["row", "target", "place"],
    )
    return pd.DataFrame(
        {
            "feature": np.asarray(explanation.feature_names, dtype=object)[features],
            "value": _cells(explanation)[rows, features],
            "attribution": cube[rows, features, which],
        },
        index=index,
    )


def as_numbers(data: object) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows as numbers for colours, text as its rank in sorted order; unchanged for labels if any is text.

    Parameters
    ----------
    data : ndarray or DataFrame of shape (n, d)
    """
    data = to_pandas(data)
    columns, text = [], False
    for _, column in data.items():
        try:
            columns.append(column.to_numpy(dtype=float, na_value=np.nan))
        except (TypeError, ValueError):
            text = True
            codes = column.astype("category").cat.codes.to_numpy(dtype=float)
            columns.append(np.where(codes < 0, np.nan, codes))
    numbers = np.column_stack(columns) if columns else np.empty((len(data), 0))
    return numbers, data.astype(object).where(data.notna(), np.nan).to_numpy() if text else None


def _cube(explanation: Explanation) -> tuple[np.ndarray, int]:
    """Attributions (n, d, C), C = 1 for one score a row, and C."""
    values = explanation.values
    cube = values[:, :, None] if values.ndim == 2 else values
    return cube, cube.shape[2]


def _targets(explanation: Explanation, rows: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Names of the explained scores, by row and place."""
    if explanation.values.ndim == 2:
        return explanation.row_targets()[rows]
    return np.asarray(explanation.target_names, dtype=object)[which]


def _cells(explanation: Explanation) -> np.ndarray:
    """The user's cells (n, d), as objects where they are a DataFrame's."""
    data = explanation.data
    return cells_as_objects(data) if is_frame(data) else np.asarray(data)
