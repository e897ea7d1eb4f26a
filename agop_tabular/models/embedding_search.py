"""Search for the columns of a network's input that hold codes of its embeddings.

The indices that the network passes to its embeddings are recorded on a few rows: which change with which column, and by
which constant they differ from it. Then rows with every code are tried, and the result is compared with the network.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.embeddings import EmbeddedCodes, EmbeddingCalls, Lookups, has_embeddings
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.probabilities import one_tensor
from agop_tabular.models.tolerance import output_tolerance

MAX_CODES = 4096
"""Largest number of codes, over all columns, that become coordinates: the gradients' outer product M has the square of
it, 134 MB in float64."""

_FAILURES = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError)
"""Errors of a network that is run on rows that it was not made for."""


@dataclass(frozen=True)
class _Call:
    """A call of an embedding.

    Attributes
    ----------
    table : Tensor
    index : Tensor of int
    is_product : bool
        Whether a matrix product with the table gives the same result.
    """

    table: Tensor
    index: Tensor
    is_product: bool

    def rows(self, b: int) -> Tensor:
        """Indices of each of b rows, (b, m)."""
        if self.index.numel() % b:
            raise ValueError("indices depend on the rows, but not every row has the same number of them")
        return self.index.reshape(b, -1)


class _Recorder(EmbeddingCalls):
    """Records the calls of embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []

    def look_up(self, func: Callable[..., Tensor], arguments: dict[str, Any]) -> Tensor:
        index, table = arguments["input"], arguments["weight"]
        if ((index < 0) | (index >= len(table))).any():  # on a GPU such a call leaves the process unusable
            raise IndexError("index out of range")
        is_product = arguments["max_norm"] is None
        if func is functional.embedding_bag:
            unusual = [arguments[name] for name in ("offsets", "per_sample_weights", "padding_idx")]
            is_product &= index.ndim > 1 and arguments["mode"] in ("sum", "mean") and all(u is None for u in unusual)
        self.calls.append(_Call(table, index, is_product))
        return func(**arguments)


def embedded_codes(module: nn.Module, x: Tensor) -> Lookups | None:
    """Find the columns that a network looks up in embeddings and uses in no other way.

    Each index must be a column plus a constant, for every code that a table has room for. If the network does anything
    else with these columns (a hash, a comparison, arithmetic), none are returned.

    Parameters
    ----------
    module : torch.nn.Module
    x : Tensor of shape (b, d)
        A few rows of its input.

    Returns
    -------
    Lookups or None
        Without names.

    Raises
    ------
    ValueError
        If there are too many codes to be coordinates.
    """
    if not has_embeddings(module) or any(isinstance(m, EmbeddedCodes) for m in module.modules()):
        return None
    if not torch.isfinite(x).all():
        return None
    found: _CodeColumns | None = None
    with evaluating(module), torch.no_grad():
        with suppress(*_FAILURES):
            found = _CodeColumns.found(module, x)
        if found is None:
            return None
        if found.n_codes > MAX_CODES:
            raise NoGradientError(
                f"The network looks up {found.n_codes} codes in its embeddings; as one-hot coordinates, of which "
                f"{MAX_CODES} can be explained, they are too many. Merge rare categories, or explain the part of the "
                "network behind the embeddings."
            )
        with suppress(*_FAILURES):
            return found.verified(module, x)
    return None


@dataclass(frozen=True)
class _CodeColumns:
    """Columns of codes as a few rows show them.

    Attributes
    ----------
    calls : list of _Call
        Of one run of the network.
    owner : dict
        Column of codes, and the constant added to it, for each index that depends on the row. Indices are numbered by
        call, and by place among a row's indices in this call.
    spans : dict
        Lowest code, and end of the codes, for each column, as far as its tables have room.
    """

    calls: list[_Call]
    owner: dict[tuple[int, int], tuple[int, int]]
    spans: dict[int, tuple[int, int]]

    @property
    def n_codes(self) -> int:
        """Number of codes of all columns."""
        return sum(stop - start for start, stop in self.spans.values())

    @classmethod
    def found(cls, module: nn.Module, x: Tensor) -> _CodeColumns | None:
        """Search on a few rows; None if an index depends on anything but one column of integers, or none depends."""
        calls, whole = _record(module, x), (x == x.round()).all(dim=0)
        if not calls or _changed_indices(module, x, ~whole, calls) != []:
            return None
        if _changed_indices(module, x, whole, calls) == []:
            return None
        owner: dict[tuple[int, int], tuple[int, int]] = {}
        for j in whole.nonzero()[:, 0].tolist():
            alone = torch.arange(len(whole), device=x.device) == j
            for call, place in _changed_indices(module, x, alone, calls) or ():
                offsets = (calls[call].rows(len(x))[:, place] - x[:, j].long()).unique()
                if (call, place) in owner or len(offsets) > 1 or not calls[call].is_product:
                    return None
                owner[call, place] = j, int(offsets[0])
        return cls(calls, dict(sorted(owner.items())), _spans(calls, owner, x)) if owner else None

    def verified(self, module: nn.Module, x: Tensor) -> Lookups | None:
        """The look-ups, if rows with every code confirm them; None if codes have any other effect on the network."""
        columns = sorted(self.spans)
        rows = torch.cat((x, _all_codes(x, self.spans)))
        again, known = _record(module, rows), torch.ones(len(rows), dtype=torch.bool, device=x.device)
        first, sizes = [], []
        for j in columns:
            span = self._confirmed_span(j, x, rows, again)
            if span is None:
                return None
            start, stop = span
            known &= (rows[:, j] >= start) & (rows[:, j] < stop)
            first.append(start)
            sizes.append(stop - start)
        slots = self._slots(columns, first, len(x))
        integers = (x.shape[1], columns, first, sizes, len(self.calls), slots)
        lookups = Lookups(*(torch.tensor(n) for n in (*integers, [])))
        return lookups if _reproduces_output(EmbeddedCodes(module, lookups), rows[known]) else None

    def _confirmed_span(self, j: int, x: Tensor, rows: Tensor, again: list[_Call]) -> tuple[int, int] | None:
        """Lowest code and end of the codes of column j whose indices are the code plus the constant.

        Codes beyond those of x that are looked up elsewhere, such as where the network clamps them, end the span. If
        codes of x, or between them, are looked up elsewhere, the result is None.

        Parameters
        ----------
        j : int
        x : Tensor of shape (b, d)
        rows : Tensor of shape (n, d)
            Rows with every code.
        again : list of _Call
            On these rows.
        """
        right = [
            again[call].rows(len(rows))[:, place] == rows[:, j].long() + offset
            for (call, place), (column, offset) in self.owner.items()
            if column == j
        ]
        wrong = rows[~torch.stack(right).all(dim=0), j].long()
        least, most = int(x[:, j].min()), int(x[:, j].max())
        start = max([self.spans[j][0], *(wrong[wrong < least] + 1).tolist()])
        stop = min([self.spans[j][1], *wrong[wrong > most].tolist()])
        if ((wrong >= least) & (wrong <= most)).any() or not start <= least <= most < stop:
            return None
        return start, stop

    def _slots(self, columns: list[int], first: list[int], b: int) -> list[list[int]]:
        """``Lookups.slots`` of the calls with indices of codes; ``b`` is the number of rows of the calls."""
        slots = []
        for call in sorted({call for call, _ in self.owner}):
            for place in range(self.calls[call].rows(b).shape[1]):
                column, offset = self.owner.get((call, place), (-1, 0))
                k = columns.index(column) if column >= 0 else -1
                slots.append([call, k, first[k] + offset if column >= 0 else 0])
        return slots


def _record(module: nn.Module, rows: Tensor) -> list[_Call]:
    """Calls of embeddings in a run of the network."""
    with _Recorder() as recorder:
        module(rows.clone())
    return recorder.calls


def _changed_indices(module: nn.Module, x: Tensor, columns: Tensor, calls: list[_Call]) -> list[tuple[int, int]] | None:
    """Indices, by call and place, that change with these columns; None if the network cannot be run on other values.

    A column takes the values of the rows before; a column with only one value, the next integer.
    """
    constant = (x == x[:1]).all(dim=0)
    for step in (1, -1):
        other = torch.where(constant, x + step, x.roll(1, dims=0))
        try:
            again = _record(module, torch.where(columns, other, x))
        except _FAILURES:
            continue
        changed = []
        for i, (before, after) in enumerate(zip(calls, again, strict=True)):
            if before.index.shape != after.index.shape:
                raise ValueError("indices change their shape with the rows")
            if not torch.equal(before.index, after.index):
                differs = (before.rows(len(x)) != after.rows(len(x))).any(dim=0)
                changed += [(i, place) for place in differs.nonzero()[:, 0].tolist()]
        return changed
    return None


def _spans(calls: list[_Call], owner: dict[tuple[int, int], tuple[int, int]], x: Tensor) -> dict[int, tuple[int, int]]:
    """Lowest code, and end of the codes, that each column's tables have room for.

    Columns that share a table add different constants, and each has the rows up to the next one's constant. A constant
    that all of them add leaves room for negative codes.
    """
    offsets: dict[int, set[int]] = {}
    for (call, _), (_, offset) in owner.items():
        offsets.setdefault(id(calls[call].table), set()).add(offset)
    spans: dict[int, tuple[int, int]] = {}
    for (call, _), (j, offset) in owner.items():
        table = calls[call].table
        in_table = sorted(offsets[id(table)])
        stop = min([o for o in in_table if o > offset], default=len(table)) - offset
        if stop <= x[:, j].max():  # its codes reach into the part of the next column: they share the rows
            stop = len(table) - offset
        start, end = spans.get(j, (-in_table[0], stop))
        spans[j] = max(start, -in_table[0]), min(end, stop)
    return spans


def _all_codes(x: Tensor, spans: dict[int, tuple[int, int]]) -> Tensor:
    """Rows that have every code of every column, each column's in another random order."""
    generator = torch.Generator().manual_seed(0)
    n = max(len(x), *(stop - start for start, stop in spans.values()))
    rows = x.repeat(-(-n // len(x)), 1)[:n]
    for j, (start, stop) in spans.items():
        rows[:, j] = (start + torch.randperm(n, generator=generator) % (stop - start)).to(rows)
    return rows


def _reproduces_output(wrapped: EmbeddedCodes, rows: Tensor) -> bool:
    """Whether matrix products reproduce the network's output, and the codes have no other effect on it."""
    x, codes = wrapped.coordinates(rows)
    with EmbeddingCalls():
        out = one_tensor(wrapped.module(rows.clone()))
    products = wrapped.output(x, codes)
    near = bool(((products - out).abs() <= output_tolerance(out)).all())
    return near and torch.equal(wrapped(x), products)  # wrapped(x) passes the same codes for all rows
