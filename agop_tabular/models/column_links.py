"""Origin of each column of a table that transformers computed from the user's table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Links:
    """Origin of each column of a table that transformers computed from the user's table.

    Attributes
    ----------
    column : ndarray of int, shape (k,)
        Place of the user's column; -1 for a constant.
    block : ndarray of int, shape (k,)
        Number of the one-hot block; -1 for none.
    low, high : ndarray of shape (k,)
        Values of a column of a one-hot block where its level is absent, and where it is present.
    names : list of str, length k
    """

    column: np.ndarray
    block: np.ndarray
    low: np.ndarray
    high: np.ndarray
    names: list[str]

    @classmethod
    def identity(cls, names: tuple[str, ...]) -> Links:
        """Links of the user's own table."""
        d = len(names)
        return cls(np.arange(d), np.full(d, -1), np.zeros(d), np.ones(d), [str(n) for n in names])

    def take(self, source: Any) -> Links:
        """Links of outputs that are these inputs; -1 for a constant."""
        source = np.asarray(source, dtype=int)
        if len(self.column) == 0:
            return Links.concatenate([])
        none = source < 0
        return Links(
            np.where(none, -1, self.column[source]),
            np.where(none, -1, self.block[source]),
            self.low[source],
            self.high[source],
            ["constant" if s < 0 else self.names[s] for s in source],
        )

    def derived(self, source: Any, labels: Iterable[str]) -> Links:
        """Links of outputs that are computed from one input each, and belong to no block.

        Parameters
        ----------
        source : sequence of int
            Place of each output's input; -1 for a constant.
        labels : iterable of str
            What each output's name has behind that of its input.
        """
        links = self.take(source)
        links.block = np.full(len(links.column), -1)
        links.names = [f"{n}{label}" for n, label in zip(links.names, labels, strict=True)]
        return links

    @classmethod
    def concatenate(cls, parts: list[Links]) -> Links:
        """Links of tables joined column-wise; blocks of different tables stay different."""
        offset, blocks = 0, [np.empty(0, dtype=int)]
        for part in parts:
            blocks.append(np.where(part.block >= 0, part.block + offset, -1))
            offset += part.block.max(initial=-1) + 1
        return cls(
            np.concatenate([np.empty(0, dtype=int), *(p.column for p in parts)]),
            np.concatenate(blocks),
            np.concatenate([np.empty(0), *(p.low for p in parts)]),
            np.concatenate([np.empty(0), *(p.high for p in parts)]),
            [n for p in parts for n in p.names],
        )
