"""Which columns a network looks up in embeddings.

It is seen from the indices that the network hands to its embeddings on a few rows, and on rows that have every code.
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
from agop_tabular.models.embeddings import Calls, EmbeddedCodes, Lookups, has_embeddings
from agop_tabular.models.probabilities import first_output

MOST = 4096
"""Codes in all that become coordinates; M has the square of it."""

_FAILURES = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError)
"""What a network raises that is tried on rows that it was not made for."""


@dataclass(frozen=True)
class _Call:
    """A call of an embedding: its table, its indices, and whether products can stand for it."""

    table: Tensor
    index: Tensor
    product: bool

    def rows(self, b: int) -> Tensor:
        """Indices of each of b rows, (b, m)."""
        if self.index.numel() % b:
            raise ValueError("indices depend on the row, but are not so many for each")
        return self.index.reshape(b, -1)


class _Recorded(Calls):
    """Keeps the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []

    def look_up(self, func: Callable[..., Tensor], arguments: dict[str, Any]) -> Tensor:
        index, table = arguments["input"], arguments["weight"]
        if ((index < 0) | (index >= len(table))).any():  # on a GPU nothing could be done any more after that
            raise IndexError("index out of range")
        product = arguments["max_norm"] is None
        if func is functional.embedding_bag:
            unusual = [arguments[name] for name in ("offsets", "per_sample_weights", "padding_idx")]
            product &= index.ndim > 1 and arguments["mode"] in ("sum", "mean") and all(u is None for u in unusual)
        self.calls.append(_Call(table, index, product))
        return func(**arguments)


def embedded_codes(module: nn.Module, x: Tensor) -> Lookups | None:
    """Which columns a network looks up in embeddings, if the look-ups are all that it does with them.

    Each index has to be a column plus a constant, as far as all codes that a table has room for show it; a network
    that does anything else with these columns (a hash, a comparison, their use as numbers) is left as it is.

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
        Where there are too many codes to be coordinates.
    """
    if not has_embeddings(module) or any(isinstance(m, EmbeddedCodes) for m in module.modules()):
        return None
    if not torch.isfinite(x).all():
        return None
    found: _Found | None = None
    with evaluating(module), torch.no_grad():
        with suppress(*_FAILURES):
            found = _Found.on(module, x)
        if found is None:
            return None
        if found.n_codes > MOST:
            raise ValueError(
                f"The network looks up {found.n_codes} codes in its embeddings; as one-hot coordinates, of which "
                f"{MOST} can be explained, they are too many. Merge rare categories, or explain the part of the "
                "network behind the embeddings."
            )
        with suppress(*_FAILURES):
            return found.verified(module, x)
    return None


@dataclass(frozen=True)
class _Found:
    """What a few rows show: the calls, and the column and the offset of each look-up of codes in them.

    ``owner`` has the number of a call and the place in its rows of indices as key, ``spans`` a column, with its lowest
    code and the end of its codes, as far as the tables have room.
    """

    calls: list[_Call]
    owner: dict[tuple[int, int], tuple[int, int]]
    spans: dict[int, tuple[int, int]]

    @property
    def n_codes(self) -> int:
        """Codes of all columns."""
        return sum(stop - start for start, stop in self.spans.values())

    @classmethod
    def on(cls, module: nn.Module, x: Tensor) -> _Found | None:
        """None where no index depends on the rows, or one depends on anything but a single column of integers."""
        calls, whole = _recorded(module, x), (x == x.round()).all(dim=0)
        if not calls or _moved(module, x, ~whole, calls) != [] or _moved(module, x, whole, calls) == []:
            return None
        owner: dict[tuple[int, int], tuple[int, int]] = {}
        for j in whole.nonzero()[:, 0].tolist():
            alone = torch.arange(len(whole), device=x.device) == j
            for call, place in _moved(module, x, alone, calls) or ():
                offsets = (calls[call].rows(len(x))[:, place] - x[:, j].long()).unique()
                if (call, place) in owner or len(offsets) > 1 or not calls[call].product:
                    return None
                owner[call, place] = j, int(offsets[0])
        return cls(calls, dict(sorted(owner.items())), _spans(calls, owner, x)) if owner else None

    def verified(self, module: nn.Module, x: Tensor) -> Lookups | None:
        """The look-ups, if every code is looked up where it should be and makes no other difference to the network."""
        columns = sorted(self.spans)
        rows = torch.cat((x, _all_codes(x, self.spans)))
        again, known = _recorded(module, rows), torch.ones(len(rows), dtype=torch.bool, device=x.device)
        first, sizes = [], []
        for j in columns:
            right = [
                again[call].rows(len(rows))[:, place] == rows[:, j].long() + offset
                for (call, place), (column, offset) in self.owner.items()
                if column == j
            ]
            wrong = rows[~torch.stack(right).all(dim=0), j].long()
            least, most = int(x[:, j].min()), int(x[:, j].max())
            start = max([self.spans[j][0], *(wrong[wrong < least] + 1).tolist()])  # such as where codes are clamped
            stop = min([self.spans[j][1], *wrong[wrong > most].tolist()])
            if ((wrong >= least) & (wrong <= most)).any() or not start <= least <= most < stop:
                return None
            known &= (rows[:, j] >= start) & (rows[:, j] < stop)
            first.append(start)
            sizes.append(stop - start)
        slots = []
        for call in sorted({call for call, _ in self.owner}):
            for place in range(self.calls[call].rows(len(x)).shape[1]):
                column, offset = self.owner.get((call, place), (-1, 0))
                k = columns.index(column) if column >= 0 else -1
                slots.append([call, k, first[k] + offset if column >= 0 else 0])
        integers = (x.shape[1], columns, first, sizes, len(self.calls), slots)
        lookups = Lookups(*(torch.tensor(n) for n in (*integers, [])))
        return lookups if _the_same(EmbeddedCodes(module, lookups), rows[known]) else None


def _recorded(module: nn.Module, rows: Tensor) -> list[_Call]:
    """Calls of embeddings in a run of the network."""
    with _Recorded() as recorded:
        module(rows.clone())
    return recorded.calls


def _moved(module: nn.Module, x: Tensor, columns: Tensor, calls: list[_Call]) -> list[tuple[int, int]] | None:
    """Look-ups, by call and place, that other values in these columns change; None where no others can be run.

    A column takes the value of the row before; where it has only one value, the next integer.
    """
    constant = (x == x[:1]).all(dim=0)
    for step in (1, -1):
        other = torch.where(constant, x + step, x.roll(1, dims=0))
        try:
            again = _recorded(module, torch.where(columns, other, x))
        except _FAILURES:
            continue
        moved = []
        for i, (before, after) in enumerate(zip(calls, again, strict=True)):
            if before.index.shape != after.index.shape:
                raise ValueError("indices change their shape with the rows")
            if not torch.equal(before.index, after.index):
                changed = (before.rows(len(x)) != after.rows(len(x))).any(dim=0)
                moved += [(i, place) for place in changed.nonzero()[:, 0].tolist()]
        return moved
    return None


def _spans(calls: list[_Call], owner: dict[tuple[int, int], tuple[int, int]], x: Tensor) -> dict[int, tuple[int, int]]:
    """Codes of each column that its tables have room for.

    Columns that share a table begin at offsets of their own and end where the next begins; an offset that all have
    leaves room for negative codes.
    """
    offsets: dict[int, set[int]] = {}
    for (call, _), (_, offset) in owner.items():
        offsets.setdefault(id(calls[call].table), set()).add(offset)
    spans: dict[int, tuple[int, int]] = {}
    for (call, _), (j, offset) in owner.items():
        table = calls[call].table
        all_of_it = sorted(offsets[id(table)])
        stop = min([o for o in all_of_it if o > offset], default=len(table)) - offset
        if stop <= x[:, j].max():  # the next one's are used as well
            stop = len(table) - offset
        start, end = spans.get(j, (-all_of_it[0], stop))
        spans[j] = max(start, -all_of_it[0]), min(end, stop)
    return spans


def _all_codes(x: Tensor, spans: dict[int, tuple[int, int]]) -> Tensor:
    """Rows that have every code of every column, each column's in an order of its own."""
    generator = torch.Generator().manual_seed(0)
    n = max(len(x), *(stop - start for start, stop in spans.values()))
    rows = x.repeat(-(-n // len(x)), 1)[:n]
    for j, (start, stop) in spans.items():
        rows[:, j] = (start + torch.randperm(n, generator=generator) % (stop - start)).to(rows)
    return rows


def _the_same(wrapped: EmbeddedCodes, rows: Tensor) -> bool:
    """Whether the look-ups' products give the network's output, and other codes, where all look-ups are held, too."""
    x, codes = wrapped.coordinates(rows)
    with Calls():
        out = first_output(wrapped.module(rows.clone()))
    products = wrapped.output(x, codes)
    size = min(1e4 * torch.finfo(out.dtype).eps, 0.05) * out.abs().max()
    near = bool(((products - out).abs() <= size).all())
    return near and torch.equal(wrapped(x), products)
