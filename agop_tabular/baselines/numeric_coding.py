"""A table as numbers and back, for libraries that accept only numeric columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype


@dataclass(frozen=True, eq=False)
class NumericCoding:
    """A two-way coding of tables: numbers unchanged; text, categories and booleans as the numbers of their levels.

    Attributes
    ----------
    frame : DataFrame or None
        The columns of the table, without rows; None for an array.
    levels : dict of int to Index
        Levels of each column that is coded, by the column's position; a missing value is a level of its own.
    """

    frame: pd.DataFrame | None
    levels: dict[int, pd.Index]

    @classmethod
    def of(cls, table: Any) -> NumericCoding:
        """The coding for the columns and levels of a table."""
        if not isinstance(table, pd.DataFrame):
            return cls(None, {})
        levels = {
            j: pd.Index(table.iloc[:, j].astype(object).unique())
            for j, dtype in enumerate(table.dtypes)
            if is_bool_dtype(dtype) or not is_numeric_dtype(dtype)
        }
        return cls(table.iloc[:0], levels)

    def encode(self, table: Any) -> np.ndarray:
        """Rows as numbers (n, d), float64; raises ValueError for an unknown level."""
        if self.frame is None:
            return np.asarray(table, dtype=np.float64)
        out = np.empty(table.shape)
        for j in range(table.shape[1]):
            column = table.iloc[:, j]
            if j not in self.levels:
                out[:, j] = column.to_numpy(dtype=np.float64, na_value=np.nan)
                continue
            codes = self.levels[j].get_indexer(column.astype(object))
            if (codes < 0).any():
                unseen = column[codes < 0].iloc[0]
                raise ValueError(
                    f"Column {column.name!r} has the level {unseen!r}, which no background row has; add one that does."
                )
            out[:, j] = codes
        return out

    def decode(self, codes: np.ndarray) -> Any:
        """The rows that numbers (n, d) stand for, as a DataFrame with the original dtypes, or an array."""
        if self.frame is None:
            return codes
        columns = []
        for j in range(codes.shape[1]):
            if j in self.levels:
                values = self.levels[j].take(codes[:, j].astype(int))
                columns.append(pd.Series(values).astype(self.frame.dtypes.iloc[j]))
            else:
                columns.append(pd.Series(codes[:, j]))
        return pd.concat(columns, axis=1).set_axis(self.frame.columns, axis=1)
