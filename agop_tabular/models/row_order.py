"""Whether what is given for each row, such as labels, is in the order of the rows."""

from __future__ import annotations

from typing import Any

import pandas as pd


def check_row_order(given: Any, X: Any, name: str) -> None:
    """Refuse a Series, or DataFrame, whose index has the labels of the rows in another order.

    Values belong to rows by their places, as in scikit-learn; an index of other labels, or none, says nothing of them.

    Parameters
    ----------
    given : object
        What a user gave, such as labels of the rows; only one of pandas has an index.
    X : object
        The table that it belongs to.
    name : str
        What the message calls it.

    Raises
    ------
    ValueError
    """
    if not isinstance(given, (pd.Series, pd.DataFrame)) or not isinstance(X, (pd.DataFrame, pd.Series)):
        return
    own, rows = given.index, X.index
    if len(own) != len(rows) or own.equals(rows) or not (own.is_unique and rows.is_unique):
        return
    if own.isin(rows).all():
        raise ValueError(
            f"The index of {name} has the labels of the rows of X in another order, and values are taken by their "
            f"places: give {name}.loc[X.index], or {name}.to_numpy() where they are in the order of the rows."
        )
