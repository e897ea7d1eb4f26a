"""Origin of the outputs of a transformer that does not describe them: inputs are changed, and outputs compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from torch import Tensor

from agop_tabular.models.column_links import Links
from agop_tabular.models.frames import other_frame, take_columns, with_values
from agop_tabular.models.inputs import as_array
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.rows import own_rows


def links_by_probing(transformer: Any, links: Links, rows: Any) -> Links:
    """Links behind a transformer, found by changing one column at a time on a few rows.

    Parameters
    ----------
    transformer : fitted transformer
    links : Links
        Of its input.
    rows : array-like, sparse matrix or DataFrame of shape (n, k)
        A few rows of its input.

    Raises
    ------
    ValueError
        If an output changes with several of the user's columns, or the transformer takes no other values of one.
    """
    before = numbers_of(transformer.transform(rows))
    if len(set(links.column.tolist())) == 1 and len(links.column) != before.shape[1]:  # all come from the only column
        return links.derived([0] * before.shape[1], [f"[{k}]" for k in range(before.shape[1])])
    moves = _moved_outputs(transformer, rows, before, links.names)
    used = [np.flatnonzero(column) for column in moves.T]
    refuse_mixing(transformer, links, used)
    # Outputs that did not move stand for the input in the same place, if the others do.
    if len(used) == len(moves) and all(u.size == 0 or u[0] == k for k, u in enumerate(used)):
        return links_of_scaled(transformer, links, rows)
    return links.derived([u[0] if len(u) else -1 for u in used], [f"[{k}]" for k in range(len(used))])


def links_of_scaled(transformer: Any, links: Links, rows: Any) -> Links:
    """Links behind a transformer with one output for each input, which may scale the columns of one-hot blocks.

    Their values ``low`` and ``high`` are sent through the transformer; a column that becomes constant leaves its block.
    """
    links = links.take(np.arange(len(links.column)))
    inside = np.flatnonzero(links.block >= 0)
    if len(inside):
        links.low = links.low.copy()
        links.high = links.high.copy()
        for values in (links.low, links.high):
            placed = transformer.transform(_with_columns(rows, inside, values[inside]))
            values[inside] = numbers_of(placed)[0, inside]
        flat = links.high == links.low
        links.block = np.where(flat, -1, links.block)
    return links


def keeps_columns_apart(transformer: Any, links: Links, rows: Any, out: Any) -> bool:
    """Whether each output of a transformer that has one for each input comes from no column but that of its input.

    Half of the columns are changed at once, in as many ways as tell any two columns apart; outputs in the place of the
    others must stay as they are. Cells that are missing are left out: whatever fills one, it counts for its own column.

    Parameters
    ----------
    transformer : fitted transformer
    links : Links
        Of its input.
    rows : array-like, sparse matrix or DataFrame of shape (n, k)
        A few rows of its input.
    out : array-like, sparse matrix or DataFrame of shape (n, n_outputs)
        What the transformer made of them.
    """
    before, cells = numbers_of(out), numbers_of(rows)
    if before.shape != cells.shape:
        return True  # which is told apart by what calls this
    filled = missing_cells_of(cells)
    column = np.unique(links.column, return_inverse=True)[1]
    each = [list(_other_values(numbers_of(take_columns(rows, [j]))[:, 0])) for j in range(len(column))]
    # values of other rows, and, of numbers, new ones: all ways would take seconds on wide frames
    others = [own_rows(_with_columns(rows, range(len(column)), [values[way] for values in each])) for way in (0, -1)]
    for bit in range(int(column.max(initial=0)).bit_length()):
        for changed in ((column >> bit) & 1 == 0, (column >> bit) & 1 == 1):
            tried = [_after(transformer, _columns_of_both(rows, other, changed)) for other in others]
            taken = [after for after in tried if after is not None]
            if not taken or any((_changes(before, after) & ~filled)[:, ~changed].any() for after in taken):
                return False
    return True


def _columns_of_both(rows: Any, other: Any, changed: np.ndarray) -> Any:
    """The rows, with some columns, those of ``changed`` (k,), of another table."""
    if hasattr(rows, "iloc"):
        both = pd.concat([rows.iloc[:, ~changed], other.iloc[:, changed]], axis=1)
        return both.iloc[:, np.argsort(np.argsort(changed, kind="stable"))]
    places = np.flatnonzero(changed).tolist()
    if other_frame(rows) is not None:
        return with_values(rows, places, [numbers_of(take_columns(other, [j]))[:, 0] for j in places])
    copy = rows.toarray() if scipy.sparse.issparse(rows) else np.array(rows)
    copy[:, changed] = numbers_of(other)[:, changed]
    return type(rows)(copy) if scipy.sparse.issparse(rows) else copy


def refuse_mixing(transformer: Any, links: Links, used: list[np.ndarray]) -> None:
    """Raise if an output depends on several of the user's columns.

    Parameters
    ----------
    transformer : transformer
        Named in the message.
    links : Links
        Of its input.
    used : list of ndarray of int
        Inputs that each output depends on.
    """
    for inputs in used:
        columns = {links.column[i] for i in inputs}
        if len(columns) > 1:
            mixed = ", ".join(repr(links.names[i]) for i in inputs[:3]) + (", …" if len(inputs) > 3 else "")
            raise NoGradientError(
                f"{type(transformer).__name__} mixes the columns {mixed} into one coordinate, so attributions cannot "
                "be folded back to the user's columns. Make it the first layer of the network, or explain the network "
                "itself on the transformed table: AGOPExplainer(pipeline[-1]).fit(pipeline[:-1].transform(X))."
            )


def _moved_outputs(transformer: Any, rows: Any, before: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Which inputs change which outputs, (d, n_outputs) of bool.

    Parameters
    ----------
    transformer : fitted transformer
    rows : array-like, sparse matrix or DataFrame of shape (n, d)
    before : ndarray of shape (n, n_outputs)
        Their outputs.
    names : sequence of str
        Of the inputs, for messages.
    """
    moves = np.zeros((rows.shape[1], before.shape[1]), dtype=bool)
    for j in range(len(moves)):
        taken = False
        for values in _other_values(numbers_of(take_columns(rows, [j]))[:, 0]):
            after = _after(transformer, _with_columns(rows, [j], [values]))
            if after is not None:
                taken = True
                moves[j] |= _changes(before, after).any(axis=0)
        if not taken:
            raise NoGradientError(
                f"{type(transformer).__name__} raises an error wherever {names[j]!r} has the value of another row, so "
                "what it makes of that column cannot be seen. Let it take such rows, or explain the network itself on "
                "the transformed table: AGOPExplainer(pipeline[-1]).fit(pipeline[:-1].transform(X))."
            )
    return moves


def _after(transformer: Any, changed: Any) -> np.ndarray | None:
    """Outputs of changed rows; None where the transformer does not take them."""
    with np.errstate(all="ignore"):  # such as the logarithm of a number that no row has: nothing for the user to read
        try:
            return numbers_of(transformer.transform(changed))
        except Exception:  # each library has errors of its own
            return None


def _changes(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.asarray((after != before) & ~(missing_cells_of(after) & missing_cells_of(before)))


def _other_values(column: np.ndarray) -> Iterator[np.ndarray]:
    """Yield other values for a column: those of other rows, and new ones if it is numeric."""
    yield np.roll(column, 1)
    yield np.roll(column, len(column) // 2)
    if column.dtype.kind in "fiu":
        yield column + 1
        yield 2 * column - 1


def numbers_of(table: Any) -> np.ndarray:
    """The cells of a table that goes into or comes out of a transformer, (n, k)."""
    if scipy.sparse.issparse(table):
        return table.toarray()
    return as_array(table, "A step's output") if isinstance(table, Tensor) else np.asarray(table)


def missing_cells_of(values: np.ndarray) -> np.ndarray:
    """Which cells are missing, of numbers or of objects."""
    return np.asarray(pd.isna(values))


def _of_dtype(values: np.ndarray, column: pd.Series) -> Any:
    """Values of the dtype of a column of pandas' own types, such as a category, whose methods a step may call."""
    if not pd.api.types.is_extension_array_dtype(column.dtype):
        return values
    try:
        return pd.Series(values, index=column.index).astype(column.dtype)
    except (TypeError, ValueError):  # such as a fraction in a column of whole numbers
        return values


def _with_columns(rows: Any, columns: Any, values: Any) -> Any:
    """A copy of the rows with other values, a constant or one per row, in some columns."""
    if hasattr(rows, "iloc"):
        copy = rows.copy()
        for j, value in zip(columns, values, strict=True):
            copy.isetitem(j, _of_dtype(np.broadcast_to(value, len(copy)), rows.iloc[:, j]))
        return copy
    if other_frame(rows) is not None:
        return with_values(rows, columns, values)
    sparse = scipy.sparse.issparse(rows)
    copy = rows.toarray() if sparse else np.array(rows)
    for j, value in zip(columns, values, strict=True):
        copy[:, j] = value
    return type(rows)(copy) if sparse else copy
