"""Dates as numbers, for a student that is to learn what a predictor makes of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from agop_tabular.models.frames import is_frame, to_pandas

DAY = pd.Timedelta(days=1)
"""The unit of the numbers; the student's own preprocessing scales them."""


class DaysOfDates(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Replaces the date and time columns of a DataFrame by days since 1970, and durations by days; the rest stays."""

    def fit(self, X: Any, y: Any = None) -> DaysOfDates:
        """Nothing is learned."""
        return self

    def transform(self, X: Any) -> Any:
        """Rows with numbers for dates, NaN for missing ones.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)

        Returns
        -------
        ndarray, or DataFrame of pandas
        """
        X = to_pandas(X) if is_frame(X) else X
        places = date_columns(X)
        if places:
            X = X.copy(deep=False)
        for j in places:
            cells = X.iloc[:, j]
            if isinstance(cells.dtype, pd.DatetimeTZDtype):
                cells = cells.dt.tz_convert("UTC").dt.tz_localize(None)
            since = cells - pd.Timestamp(0) if cells.dtype.kind == "M" else cells
            X.isetitem(j, (since / DAY).to_numpy(dtype=float))
        return X

    def __sklearn_is_fitted__(self) -> bool:
        return True


def date_columns(X: Any) -> list[int]:
    """Places of the columns of a DataFrame that hold dates, times or durations; none of an array."""
    if not isinstance(X, pd.DataFrame):
        return []
    return [j for j, dtype in enumerate(X.dtypes) if getattr(dtype, "kind", "O") in "Mm"]
