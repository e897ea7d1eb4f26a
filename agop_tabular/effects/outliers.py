"""Values that no training row has, of which no effect is known: the network is asked what they do.

A main effect continues with its last slope, which is right near the training rows and may be wrong by any factor far
from them. In a wide gap between them anything may happen. A coordinate that they have one value of has no effect at
all, and a combination of values that they do not have is none of the states that were compared. So a row is looked up
as its *near* row, with the nearest known values in place of others. What the network scores the row above the near row
is then attributed by itself: as Shapley values, from a few orders in which the columns of both join those of typical
rows. Where background rows have such values themselves, the near rows join near typical rows, so that what a column
does together with those values is attributed, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.effects.permutations import permutation_gains, rows_at_a_time

SINGLY = 128
"""Up to this many columns all of them join one by one, in wider tables those that are far, and all others at once: what
such a row costs, 16 evaluations of the network for each column that joins, is then bounded."""


@dataclass(frozen=True, eq=False)
class Changes:
    """What columns of some rows add to the scores beyond what those of their near rows do.

    Attributes
    ----------
    rows : Tensor of int, shape (m,)
    values : Tensor of shape (m, d, C), float64
    jointly : Tensor of shape (m, C), float64
        What the other columns add together, which is shared among them by their absolute attributions.
    others : Tensor of bool, shape (m, d)
    """

    rows: Tensor
    values: Tensor
    jointly: Tensor
    others: Tensor

    def added_to(self, phi: Tensor, target: Tensor | int) -> Tensor:
        """Attributions (b, d) of one score of each row, with what is added; they are overwritten.

        Parameters
        ----------
        phi : Tensor of shape (b, d)
        target : Tensor of int, shape (b,), or int
        """
        if isinstance(target, int):
            own, jointly = self.values[:, :, target], self.jointly[:, target]
        else:
            each, index = torch.arange(len(self.rows), device=phi.device), target[self.rows]
            own, jointly = self.values[each, :, index], self.jointly[each, index]
        size = torch.where(self.others, phi[self.rows].abs() + torch.finfo(torch.float32).tiny, 0.0)
        share = size / size.sum(dim=1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
        return phi.index_add_(0, self.rows, (own + jointly[:, None] * share).to(phi.dtype))


@dataclass(frozen=True, eq=False)
class Outliers:
    """Attributes what the network scores rows above their near rows.

    Attributes
    ----------
    typical, near_typical : Tensor of shape (n, p)
        Rows that absent columns are taken from, one for each order and its reverse, and the near rows of these.
    column_of : Tensor of int, shape (p,)
    n_columns : int
    """

    typical: Tensor
    near_typical: Tensor
    column_of: Tensor
    n_columns: int

    @property
    def of_all_rows(self) -> bool:
        """Whether typical rows have something far themselves, against which every row is to be seen."""
        return not torch.equal(self.typical, self.near_typical)

    def changes(self, scores: Scores, x: Tensor, near: Tensor) -> Changes:
        """What each column adds to the scores: in the rows with something far, or in all.

        Parameters
        ----------
        scores : callable
            Maps coordinates (b, p) to scores (b, C).
        x, near : Tensor of shape (b, p)
        """
        far = x != near
        rows = torch.nonzero(far.any(dim=1) | self.of_all_rows).flatten()
        x, near, far = x[rows], near[rows], far[rows] | (self.typical != self.near_typical).any(dim=0)
        parts = [(own, columns, self._gains(scores, x[own], near[own], columns)) for own, columns in self._alike(far)]
        n_scores = parts[0][2].shape[2]
        values = torch.zeros(len(x), self.n_columns, n_scores, dtype=torch.float64)
        jointly, others = torch.zeros(len(x), n_scores, dtype=torch.float64), torch.zeros(values.shape[:2]).bool()
        for own, columns, gains in parts:
            s = columns.shape[1]
            values[own[:, None], columns] = gains[:, :s]
            if s < self.n_columns:
                jointly[own] = gains[:, s]
                others[own] = torch.ones(len(own), self.n_columns).scatter_(1, columns, 0.0).bool()
        return Changes(rows, *(t.to(x.device) for t in (values, jointly, others)))

    def _alike(self, far: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Numbers of rows whose coordinates (m, p) may be far, a few at a time, and columns (k, s) that join singly."""
        singly = torch.ones(len(far), self.n_columns, dtype=torch.bool)
        if self.n_columns > SINGLY:
            singly = torch.zeros(singly.shape).index_add_(1, self.column_of, far.cpu().float()) > 0
        count = singly.sum(dim=1)
        for s in torch.unique(count).tolist():
            most = max(1, rows_at_a_time(far.shape[1]) // (2 * len(self.typical) * (s + 2)))
            for some in torch.split(torch.nonzero(count == s).flatten(), most):
                yield some, torch.nonzero(singly[some])[:, 1].reshape(-1, s)

    def _gains(self, scores: Scores, x: Tensor, near: Tensor, columns: Tensor) -> Tensor:
        """Differences (k, s, C) of what columns (k, s) add to the scores in k rows and near rows (k, p).

        What all other columns add together comes after them, if there are others.
        """
        s = columns.shape[1]
        group = torch.full((len(x), self.n_columns), s)  # all others join together
        group.scatter_(1, columns, torch.arange(s).expand_as(columns))
        n_groups, generator = s + (s < self.n_columns), torch.Generator().manual_seed(0)
        orders = torch.rand(len(self.typical), n_groups, generator=generator, dtype=torch.float32).argsort(dim=1)
        of_rows, of_near = (
            permutation_gains(scores, rows, absent, orders, group[:, self.column_of])
            for rows, absent in ((x, self.typical), (near, self.near_typical))
        )
        return (of_rows - of_near).mean(dim=(1, 2))
