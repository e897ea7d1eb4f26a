"""One-hot coordinates for the codes that a network looks up in embeddings.

A look-up is the product of a one-hot block and the table, and as such it has a gradient. While the network runs, its
look-ups are replaced by products; the network itself is not changed.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from agop_tabular.models.codes import CodeRows, one_hot
from agop_tabular.models.probabilities import one_tensor


@dataclass(frozen=True)
class Lookups:
    """Which columns of a network's input hold codes, and where its embeddings look them up.

    Attributes
    ----------
    n_columns : Tensor of int, shape ()
        Columns of the network's own input.
    columns : Tensor of int, shape (k,)
        Columns of codes, ascending.
    first, sizes : Tensor of int, shape (k,)
        The lowest code of each column, and the number of its codes.
    n_calls : Tensor of int, shape ()
        Calls of embeddings in one run of the network.
    slots : Tensor of int, shape (m, 3)
        For each index of a call that looks up codes: the number of the call, which of the k columns (-1 for an index
        that does not depend on the row), and the row of the table where the column's lowest code is.
    labels : Tensor of uint8
        Names of the k columns, as JSON.
    """

    n_columns: Tensor
    columns: Tensor
    first: Tensor
    sizes: Tensor
    n_calls: Tensor
    slots: Tensor
    labels: Tensor

    def named(self, names: list[str]) -> Lookups:
        """The same with names for the columns of codes."""
        text = json.dumps([str(name) for name in names]).encode()
        return replace(self, labels=torch.tensor(list(text), dtype=torch.uint8))

    def steps(self) -> tuple[Any, ...]:
        """Fitted transformers from the network's own input to its numeric columns and the one-hot blocks."""
        spans = zip(self.columns.tolist(), self.first.tolist(), self.sizes.tolist(), strict=True)
        codes = {column: range(first, first + size) for column, first, size in spans}
        names = json.loads(bytes(self.labels.tolist()))
        return CodeRows(codes, names), one_hot(codes, int(self.n_columns))


class EmbeddedCodes(nn.Module):
    """A network whose input has one-hot blocks, behind the numeric columns, instead of columns of codes.

    Parameters
    ----------
    module : torch.nn.Module
        The user's; its scores depend on the codes only through the look-ups.
    lookups : Lookups
    """

    def __init__(self, module: nn.Module, lookups: Lookups):
        super().__init__()
        self.module, self.lookups = module, lookups
        codes = lookups.columns.tolist()
        numeric = [j for j in range(int(lookups.n_columns)) if j not in set(codes)]
        self.n_numeric, self.sizes = len(numeric), lookups.sizes.tolist()
        self._numeric, self._place = torch.tensor(numeric, dtype=torch.long), torch.tensor(numeric + codes).argsort()
        self._slots: dict[int, list[tuple[int, int]]] = {}
        for call, block, row in lookups.slots.tolist():
            self._slots.setdefault(call, []).append((block, row))

    def forward(self, x: Tensor) -> Tensor:
        """Raw output of the user's module for numeric columns and blocks (b, p)."""
        codes = self.lookups.first.to(x).expand(len(x), -1)  # any codes: the look-ups are replaced
        return self.output(x, codes)

    def output(self, x: Tensor, codes: Tensor) -> Tensor:
        """The same, but the module's own input has these codes (b, k)."""
        numeric, *blocks = x.split([self.n_numeric, *self.sizes], dim=1)
        rows = torch.cat((numeric, codes), dim=1).index_select(1, self._place.to(x.device))
        with _Products(self._slots, blocks) as calls:
            out = one_tensor(self.module(rows))
        if calls.n != int(self.lookups.n_calls):
            raise RuntimeError(CHANGED_CALLS)
        return out

    def coordinates(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Coordinates (b, p), and codes (b, k), of rows of the module's own input."""
        codes = rows.index_select(1, self.lookups.columns.to(rows.device))
        steps = (codes.long() - self.lookups.first.to(rows.device)).unbind(dim=1)
        blocks = [functional.one_hot(step, size).to(rows) for step, size in zip(steps, self.sizes, strict=True)]
        return torch.cat((rows.index_select(1, self._numeric.to(rows.device)), *blocks), dim=1), codes


CHANGED_CALLS = "the network does not call its embeddings as it did on the rows that the explainer was fitted on"


class EmbeddingCalls(TorchFunctionMode):
    """Context in which calls of embeddings are counted and may be replaced; codes may be floats."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not functional.embedding and func is not functional.embedding_bag:
            return func(*args, **(kwargs or {}))
        bound = inspect.signature(func).bind(*args, **(kwargs or {}))
        bound.apply_defaults()
        bound.arguments["input"] = bound.arguments["input"].long()
        self.n += 1
        return self.look_up(func, bound.arguments)

    def look_up(self, func: Callable[..., Tensor], arguments: dict[str, Any]) -> Tensor:
        """Result of a call; subclasses replace it."""
        return func(**arguments)


class _Products(EmbeddingCalls):
    """Replaces look-ups by products of one-hot blocks and tables."""

    def __init__(self, slots: dict[int, list[tuple[int, int]]], blocks: list[Tensor]):
        super().__init__()
        self.slots, self.blocks = slots, blocks

    def look_up(self, func: Callable[..., Tensor], arguments: dict[str, Any]) -> Tensor:
        slots = self.slots.get(self.n - 1)
        if slots is None:
            return func(**arguments)
        index, table = arguments["input"], arguments["weight"]
        if index.numel() != len(self.blocks[0]) * len(slots):
            raise RuntimeError(CHANGED_CALLS)
        indices = index.reshape(-1, len(slots))
        parts = [self._part(table, indices[:, i], *slot) for i, slot in enumerate(slots)]
        out = torch.stack(parts, dim=1).reshape(*index.shape, table.shape[1])
        if func is functional.embedding:
            return out
        return out.sum(dim=-2) if arguments["mode"] == "sum" else out.mean(dim=-2)

    def _part(self, table: Tensor, index: Tensor, block: int, row: int) -> Tensor:
        if block < 0:
            return table[index]
        x = self.blocks[block]
        return x.to(table.dtype) @ table[row : row + x.shape[1]]


def has_embeddings(module: nn.Module) -> bool:
    """Whether a network has embeddings of torch's own classes."""
    return any(isinstance(m, (nn.Embedding, nn.EmbeddingBag)) for m in module.modules())
