"""What the tables of numeric axes and of axes of states have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor

from agop_tabular.effects.scratch import Scratch


class Reading(NamedTuple):
    """What the tables of n axes say about b rows, for one score.

    Attributes
    ----------
    own : Tensor of shape (n, b)
        Main effects, minus the own term ``½ u · u`` of the pair effects, with u the factors.
    factor_sum : Tensor of shape (r, b)
        Sum of the factors of the axes.
    terms : Tensor
        From which the table computes the factors again.
    """

    own: Tensor
    factor_sum: Tensor
    terms: Tensor


class AxisTables(ABC):
    """Effects of some axes, laid out so that many rows are read at once: axes go down, rows go across.

    Attributes
    ----------
    axes : list of int
        Numbers of the axes.
    n_numbers : int
        Numbers in memory for each row while it is read.
    """

    axes: list[int]
    n_numbers: int

    @property
    def n_bytes(self) -> int:
        """Memory of the tables."""
        return sum(t.nbytes for t in vars(self).values() if isinstance(t, Tensor))

    @abstractmethod
    def read(self, x: Tensor, c: int, scratch: Scratch) -> Reading:
        """Read score c at rows (b, p). The result is valid until the next call with the same scratch memory."""

    @abstractmethod
    def with_pairs(self, c: int, reading: Reading, factor_sum: Tensor, scratch: Scratch) -> Tensor:
        """Add the pair effects to what was read, (n, b); the own values may be overwritten.

        Parameters
        ----------
        c : int
        reading : Reading
        factor_sum : Tensor of shape (r, b)
            Sum of the factors of all axes, in these tables and others, times half their signs.
        scratch : Scratch
        """
