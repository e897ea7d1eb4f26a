"""What may be given as a table: the forms that are read, and a sentence for each that is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import scipy.sparse
import torch
from torch import Tensor

from agop_tabular.models.frames import column_labels, in_native_order, is_frame

FORMS = "give one table of shape (n_samples, n_features): an array, a DataFrame of pandas or polars, or a pyarrow Table"
"""The way out of most refusals."""

OTHER_TABLES = ("__dataframe__", "__arrow_c_stream__", "__arrow_c_array__")
"""Attributes of tables of all kinds; numpy would read one without its names."""


def readable_table(X: Any, name: str = "X") -> Any:
    """A table as it is if it is a DataFrame, otherwise as what numpy and scikit-learn read without a loss.

    Whether it has two dimensions, rows and columns is left to scikit-learn.

    Parameters
    ----------
    X : object
        What a user gave.
    name : str
        What messages call it.

    Returns
    -------
    DataFrame, ndarray, sparse matrix, or object with ``__array__``

    Raises
    ------
    TypeError, ValueError
        Where it is no table, several, or one whose cells numpy would read as other ones.
    """
    try:
        frame = is_frame(X)
    except nw.exceptions.DuplicateError as error:
        raise ValueError(f"{name} has columns of the same name; rename or drop them.") from error
    if frame:
        _check_distinct(X, name)
        return in_native_order(X)
    if scipy.sparse.issparse(X):  # scikit-learn's own message names the way out
        return X
    if isinstance(X, Tensor):
        return as_array(X, name)
    if not isinstance(X, np.ndarray):
        _check_kind(X, name)
    if isinstance(X, (list, tuple)):
        X = _of_sequence(X, name)
    elif not isinstance(X, (np.ndarray, pd.Series)):  # of a Series, scikit-learn's own message names the way out
        X = np.asarray(X)
    check_unmasked(X, name)
    dtype = getattr(X, "dtype", None)
    if getattr(dtype, "names", None) is not None:
        raise ValueError(f"{name} is a structured array of records; give a DataFrame of it, pd.DataFrame({name}).")
    if getattr(dtype, "kind", "") == "c":
        raise ValueError(
            f"Complex data not supported: {name} has dtype {dtype}; give real and imaginary parts as columns."
        )
    return X


def as_array(tensor: Tensor, name: str = "X") -> np.ndarray:
    """A tensor on any device, with or without a gradient, as an array; halves that numpy lacks become float32.

    Parameters
    ----------
    tensor : Tensor
    name : str
        What messages call it.

    Raises
    ------
    ValueError
        Where numpy has no like of it.
    """
    if tensor.is_nested:
        raise ValueError(f"{name} is a nested tensor, whose rows need not be equally long; give a dense one.")
    if tensor.layout != torch.strided:
        raise ValueError(f"{name} is a sparse tensor; give a dense one, {name}.to_dense().")
    if tensor.is_complex():
        raise ValueError(f"Complex data not supported: {name} has dtype {tensor.dtype}; give real columns.")
    if tensor.device.type == "meta":
        raise ValueError(f"{name} is a tensor on the device meta, which holds no values.")
    dense = tensor.dequantize() if tensor.is_quantized else tensor.detach()
    if dense.is_floating_point() and dense.dtype not in (torch.float16, torch.float32, torch.float64):
        dense = dense.float()
    array: np.ndarray = dense.cpu().resolve_neg().numpy()
    return array


def check_unmasked(X: Any, name: str) -> None:
    """Refuse an array with masked cells, which numpy and scikit-learn read as what lies under the mask.

    Parameters
    ----------
    X : object
    name : str
        What messages call it.

    Raises
    ------
    ValueError
    """
    if np.ma.is_masked(X):
        raise ValueError(
            f"{name} is a masked array, whose masked cells would count as what lies under the mask: fill them, for "
            f"example with missing values, {name}.filled(np.nan)."
        )


def _check_distinct(X: Any, name: str) -> None:
    """Refuse a DataFrame that has two columns of one name, as no attribution could be told from the other."""
    labels = [str(label) for label in column_labels(X) or ()]
    if len(set(labels)) < len(labels):
        twice = [label for label, times in Counter(labels).items() if times > 1]
        raise ValueError(
            f"{name} has more than one column named {', '.join(map(repr, twice[:5]))}; rename or drop them, so that "
            "every column has a name of its own."
        )


def _check_kind(X: Any, name: str) -> None:
    """Refuse objects that numpy would read as something other than one table."""
    kind = type(X).__name__
    if isinstance(X, Mapping):
        raise TypeError(
            f"{name} is a {kind} of several inputs, and a network is explained that takes one: {FORMS}; columns of a "
            f"table make one by pd.DataFrame({name})."
        )
    if isinstance(nw.from_native(X, pass_through=True), nw.LazyFrame):
        raise TypeError(f"{name} is a lazy {kind}, whose rows are not in memory: give {name}.collect().")
    if isinstance(X, (list, tuple)) or hasattr(X, "__array__"):
        if any(hasattr(X, attribute) for attribute in OTHER_TABLES) and getattr(X, "ndim", 2) != 1:
            raise TypeError(f"{name} is of type {kind}, which is not read: {FORMS}.")
        return
    raise TypeError(f"{name} is of type {kind}, which is no table: {FORMS}.")


def _of_sequence(X: Any, name: str) -> np.ndarray:
    """A list or tuple of rows as an array."""
    if any(isinstance(row, Mapping) for row in X):
        raise TypeError(f"{name} is a {type(X).__name__} of records; give a DataFrame of them, pd.DataFrame({name}).")
    tables = any(is_frame(part) or scipy.sparse.issparse(part) or _ndim_of(part) > 1 for part in X)
    if tables or (isinstance(X, tuple) and len(X) > 0 and all(_ndim_of(part) > 0 for part in X)):
        raise TypeError(
            f"{name} is a {type(X).__name__} of {len(X)} arrays, which are several inputs, and a network is explained "
            f"that takes one: {FORMS}; arrays of the same rows make one by np.column_stack({name})."
        )
    if any(np.ma.is_masked(row) for row in X):
        raise ValueError(f"{name} has masked cells; fill them, for example with missing values, row.filled(np.nan).")
    try:
        return np.asarray([as_array(row, name) if isinstance(row, Tensor) else row for row in X])
    except ValueError as error:
        raise ValueError(f"The rows of {name} are not equally long ({error}): {FORMS}.") from error


def _ndim_of(part: Any) -> int:
    """Dimensions of an array or tensor; 0 for anything else, lists and tuples too."""
    return int(part.ndim) if isinstance(part, (np.ndarray, Tensor)) else 0
