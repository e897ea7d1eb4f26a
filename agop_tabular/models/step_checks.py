"""What a step of a user's own does to rows: whether each is transformed by itself, the same way every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from sklearn.preprocessing import FunctionTransformer

from agop_tabular.models.column_probing import missing_cells_of, numbers_of
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.rows import take_rows

AGREE = 1e-5
"""Share of an output's largest value by which rows may differ: float32 sums in another order, a thousand times over."""

LIBRARIES = ("sklearn", "agop_tabular")
"""Packages whose transformers, once fitted, are known to transform every row by itself."""

SINGLE = 4
"""Rows that are transformed alone: a few, since a step that ranks or counts shows it on nearly any row."""


def is_known(transformer: Any) -> bool:
    """Whether a fitted transformer does what its class declares: a library's, without a function of the user's own."""
    if type(transformer) is FunctionTransformer:
        function = transformer.func
        return function is None or isinstance(function, (np.ufunc, type))  # np.log1p and np.float32 go cell by cell
    within = getattr(transformer, "estimator", None)  # such as what a FrozenEstimator holds
    return type(transformer).__module__.partition(".")[0] in LIBRARIES and (within is None or is_known(within))


def check_rows_apart(transformer: Any, rows: Any, out: Any) -> None:
    """Refuse a step whose outputs of a row depend on the other rows, or differ from call to call.

    Parameters
    ----------
    transformer : fitted transformer
    rows : array-like, sparse matrix or DataFrame of shape (n, k)
    out : array-like, sparse matrix or DataFrame of shape (n, n_outputs)
        What the transformer made of them.

    Raises
    ------
    NoGradientError
    """
    name, n, expected = type(transformer).__name__, rows.shape[0], numbers_of(out)
    if not _agrees(transformer, rows, expected, np.arange(n)):
        raise NoGradientError(
            f"{name} returns other values for the same rows when it is called again, so its outputs explain nothing: "
            "give it a fixed seed, or leave it out of the model that is explained."
        )
    alone = np.unique(np.linspace(0, n - 1, SINGLE).astype(int))
    for some in (np.arange(0, n, 2), *alone[:, None]):
        if not _agrees(transformer, rows, expected, some):
            raise NoGradientError(
                f"{name} transforms a row by the rows that come with it, such as by their mean, ranks or codes, so a "
                "row has no outputs of its own: make it a transformer whose fit learns these from the training rows, "
                "such as StandardScaler, QuantileTransformer or OrdinalEncoder."
            )


def _agrees(transformer: Any, rows: Any, expected: np.ndarray, some: np.ndarray) -> bool:
    """Whether some of the rows are transformed as they are among all; also where they cannot be transformed."""
    part = take_rows(rows.tocsr() if scipy.sparse.issparse(rows) else rows, some)
    try:
        found = numbers_of(transformer.transform(part))
    except Exception:  # a step that wants more rows; each library has errors of its own
        return True
    return found.shape == expected[some].shape and not _differs(found, expected[some], expected).any()


def _differs(found: np.ndarray, expected: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Cells, (n, k), that are not the same, beyond rounding where they are numbers."""
    both_missing = missing_cells_of(found) & missing_cells_of(expected)
    if not all(values.dtype.kind in "fiub" for values in (found, expected)):
        return np.asarray(found != expected) & ~both_missing
    found, expected, whole = (values.astype(np.float64) for values in (found, expected, whole))
    with np.errstate(invalid="ignore"):  # of two infinities, which are equal
        close = np.abs(found - expected) <= AGREE * np.abs(np.where(np.isfinite(whole), whole, 0)).max(axis=0)
    return ~(close | (found == expected) | both_missing)
