"""Transformers that turn integer codes of categories into one-hot coordinates.

They are for networks that look codes up in a table: the row of a code is the product of its one-hot vector and the
table, which has a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin

from agop_tabular.models.dense import to_dense

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer


def one_hot(codes: dict[int, range], d: int) -> ColumnTransformer:
    """A fitted transformer that passes numeric columns through and appends one-hot blocks for the columns of codes.

    Parameters
    ----------
    codes : dict of int to range
        Codes of each column of codes, in the order of the blocks.
    d : int
        Number of columns.
    """
    from sklearn.compose import ColumnTransformer  # here, since it imports all linear models
    from sklearn.preprocessing import OneHotEncoder

    numeric = [j for j in range(d) if j not in codes]
    steps: list[tuple[str, Any, list[int]]] = [("numeric", "passthrough", numeric)]
    row = np.zeros((1, d), dtype=int)
    if codes:
        row[0, list(codes)] = [values.start for values in codes.values()]
        encoder = OneHotEncoder(categories=[np.array(c) for c in codes.values()], sparse_output=False, dtype=np.float32)
        steps.append(("codes", encoder, list(codes)))
    return ColumnTransformer(steps).set_output(transform="default").fit(row)


class CodeRows(OneToOneFeatureMixin, BaseEstimator):
    """Checks that columns of codes hold known codes, and returns the table as dense floats.

    Parameters
    ----------
    codes : dict of int to range
        Codes of each column of codes.
    names : list of str
        The user's names of these columns.
    """

    def __init__(self, codes: dict[int, range], names: list[str]):
        self.codes = codes
        self.names = names

    def fit(self, X: Any, y: Any = None) -> Any:
        """Do nothing: there is nothing to fit."""
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The table (n, d), as floats.

        Raises
        ------
        ValueError
            If a cell is none of its column's codes.
        """
        dense = to_dense(X)
        for (j, codes), name in zip(self.codes.items(), self.names, strict=True):
            unknown = ~np.isin(dense[:, j], np.array(codes))
            if unknown.any():
                raise ValueError(
                    f"Column {name!r} holds {dense[unknown, j][0]:g}, which is none of the codes {codes.start} to "
                    f"{codes.stop - 1} that the network looks up in its embedding; leave such rows out, or encode the "
                    "column so that every value has a code."
                )
        return dense

    def __sklearn_is_fitted__(self) -> bool:
        return True


def blocks(sizes: Sequence[int], start: int = 0) -> list[slice]:
    """Place of each of several adjacent blocks, the first at ``start``."""
    ends = start + np.cumsum(sizes, dtype=int)
    return [slice(int(end) - size, int(end)) for end, size in zip(ends, sizes, strict=True)]
