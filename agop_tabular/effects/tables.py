"""Main and pair effects of class scores, integrated from conditional means of their gradients.

In one pass over rows, sums are gathered of the gradients per bin of an axis, and per bin of a second axis. Along a
numeric axis they integrate to main effects and pair effects (after accumulated local effects, Apley and Zhu 2020, in
their gradient form, Gkolemis and others, arXiv 2210.04542); between states, differences of the scores take the
gradients' place. The pair effects of all axes form one symmetric matrix a class, of which the leading eigenvectors are
kept: every axis then has a short vector at each of its values, and the effect of a pair is the product of two of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from agop_tabular.effects.axes import Axis
from agop_tabular.effects.sums import EffectSums

LOST = 1e-3
"""Share of the pair effects' variance that may be left out where pair effects are laid out."""

LOST_OF_ALL = 1e-4
"""Share of the variance of all effects that may be left out all the same."""

RANK = 64
"""Eigenvectors kept of the pair effects, at most."""

SHRINK = 5.0
"""Rows' worth of no effect that every cell of a pair begins with."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects of all axes, as tables over their values.

    Attributes
    ----------
    axes : tuple of Axis
    nodes : tuple of Tensor of shape (k,)
        Keys at which an axis's tables stand, ascending.
    share : tuple of Tensor of shape (k,)
        Share of the rows at each of them.
    mains : tuple of Tensor of shape (n_scores, k)
        Main effects at the nodes, mean zero over rows.
    pair_nodes : tuple of Tensor of shape (g,)
        Keys at which an axis's vectors stand, ascending; between them they are interpolated, beyond them constant.
    vectors : tuple of Tensor of shape (n_scores, g, r)
        Mean zero over rows. The pair effect of two axes is the product of their vectors, term by term times ``signs``,
        summed.
    signs : Tensor of shape (n_scores, r)
    """

    axes: tuple[Axis, ...]
    nodes: tuple[Tensor, ...]
    share: tuple[Tensor, ...]
    mains: tuple[Tensor, ...]
    pair_nodes: tuple[Tensor, ...]
    vectors: tuple[Tensor, ...]
    signs: Tensor

    @classmethod
    def of(cls, moment: EffectSums) -> Effects:
        """From the sums."""
        nodes, share, mains, group_nodes = [], [], [], []
        for axis, part in zip(moment.axes, moment.bins_of, strict=True):
            count, slope = moment.counts[part], moment.slopes[:, part]
            there = count > 0
            if axis.compared is not None:
                there = torch.ones_like(there)
                mains.append(slope / moment.compared.clamp_min(1))
            else:
                mains.append(integrated(axis.nodes[there], slope[:, there] / count[there]))
            nodes.append(axis.nodes[there])
            share.append(axis.share[there] / axis.share[there].sum())
            totals = torch.zeros(2, axis.n_groups, dtype=torch.float64)
            totals.index_add_(1, axis.groups, torch.stack((axis.share * axis.nodes, axis.share)))
            group_node = totals[0] / totals[1].clamp_min(1e-12)
            mains[-1] = mains[-1] - (mains[-1] @ share[-1])[:, None]
            group_nodes.append(group_node)
        pairs = pair_effects(moment, group_nodes)
        vectors, signs = _truncated(pairs, group_shares(moment), _variances(mains, share, len(pairs)))
        at_nodes = []
        for i, axis in enumerate(moment.axes):
            own = vectors[:, moment.groups_of[i]]
            if not moment.interacting[i]:
                group_nodes[i], own = nodes[i][:1], vectors.new_zeros(len(vectors), 1, vectors.shape[2])
            elif axis.states is not None:
                group_nodes[i], own = nodes[i], own[:, axis.groups]
            mean = torch.einsum("k,ckr->cr", share[i], interpolated(nodes[i], group_nodes[i], own))
            at_nodes.append(own - mean[:, None])
        return cls(moment.axes, tuple(nodes), tuple(share), tuple(mains), tuple(group_nodes), tuple(at_nodes), signs)

    def vectors_at_nodes(self, i: int) -> Tensor:
        """Vectors of an axis at the nodes of its main effect, (n_scores, k, r)."""
        return interpolated(self.nodes[i], self.pair_nodes[i], self.vectors[i])

    def main(self, i: int, x: Tensor) -> Tensor:
        """Main effects of an axis at rows (b, p): linear between nodes, and on beyond the ends, (n_scores, b)."""
        if self.axes[i].states is not None:
            return self.mains[i][:, self.axes[i].bins(x)]
        return extended(self.axes[i].keys(x).contiguous(), self.nodes[i], self.mains[i], self.mains[i])

    def at(self, i: int, x: Tensor) -> Tensor:
        """Vectors of an axis at rows (b, p), (n_scores, b, r)."""
        if self.axes[i].states is not None and len(self.pair_nodes[i]) > 1:
            return self.vectors[i][:, self.axes[i].bins(x)]
        return interpolated(self.axes[i].keys(x).contiguous(), self.pair_nodes[i], self.vectors[i])

    def mean(self, i: int, x: Tensor) -> Tensor:
        """Mean of an axis's vectors over rows (b, p), (n_scores, r)."""
        if self.axes[i].states is not None and len(self.pair_nodes[i]) > 1:
            weights = torch.bincount(self.axes[i].bins(x), minlength=len(self.pair_nodes[i])).double() / len(x)
        else:
            nodes = self.pair_nodes[i]
            weights = interpolated(self.axes[i].keys(x).contiguous(), nodes, torch.eye(len(nodes)).double()[None])[
                0
            ].mean(dim=0)
        return torch.einsum("g,cgr->cr", weights, self.vectors[i])

    @cached_property
    def interacting(self) -> tuple[int, ...]:
        """Axes that have vectors."""
        return tuple(i for i, nodes in enumerate(self.pair_nodes) if len(nodes) > 1)

    @cached_property
    def seconds(self) -> Tensor:
        """Mean of the outer products of the vectors of each interacting axis with themselves, (m, n_scores, r, r)."""
        n_scores, r = self.signs.shape
        second = torch.zeros(len(self.interacting), n_scores, r, r, dtype=torch.float64)
        for place, i in enumerate(self.interacting):
            u = self.vectors_at_nodes(i)
            second[place] = (u * self.share[i][:, None]).transpose(1, 2) @ u
        return second

    def pair_variances(self) -> Tensor:
        """Variance of the pair effects of interacting axes, (n_scores, m, m), zero on the diagonals."""
        signed = self.seconds * self.signs[:, :, None] * self.signs[:, None, :]
        each = torch.einsum("icrs,jcrs->cij", self.seconds, signed)
        return each.masked_fill_(torch.eye(each.shape[1], dtype=torch.bool), 0.0)

    def negligible(self) -> Tensor:
        """Variance that may be left out of the pair effects of each score, (n_scores,), never zero."""
        mains = _variances(self.mains, self.share, len(self.signs))
        return _negligible(self.pair_variances().sum(dim=(1, 2)) / 2, mains).clamp_min(1e-300)

    def pair(self, i: int, j: int) -> Tensor:
        """Pair effect of two axes at their nodes, (n_scores, k_i, k_j)."""
        return torch.einsum("car,cr,cbr->cab", self.vectors_at_nodes(i), self.signs, self.vectors_at_nodes(j))


def integrated(x: Tensor, slopes: Tensor) -> Tensor:
    """Integral along the nodes x (k,) of slopes (..., k), by trapezoids, zero at the first."""
    steps = 0.5 * (slopes[..., 1:] + slopes[..., :-1]) * x.diff()
    return torch.cat((torch.zeros_like(slopes[..., :1]), steps.cumsum(dim=-1)), dim=-1)


def pair_effects(moment: EffectSums, group_nodes: list[Tensor]) -> Tensor:
    """Effects of all pairs of groups, (n_scores, m, m), symmetric, of mean zero along either axis."""
    out = torch.zeros_like(moment.pairs)
    share = group_shares(moment)
    for i, (axis, rows) in enumerate(zip(moment.axes, moment.groups_of, strict=True)):
        if not moment.interacting[i]:
            continue
        counts = moment.pair_counts[rows] if axis.compared is None else moment.state_rows.expand(axis.n_groups, -1)
        of_one = moment.pairs[:, rows, rows].sum(dim=2) / counts[:, rows].sum(dim=1).clamp_min(1)  # what it does alone
        h = (moment.pairs[:, rows] - of_one[:, :, None] * counts) / (counts + SHRINK)
        if axis.compared is None:
            h = integrated(group_nodes[i], h.transpose(1, 2)).transpose(1, 2)
        h = h - torch.einsum("g,cgm->cm", share[rows], h)[:, None]
        for k, columns in enumerate(moment.groups_of):
            if moment.interacting[k] and k != i:
                block = h[:, :, columns]
                out[:, rows, columns] = block - (block @ share[columns])[:, :, None]
    return (out + out.transpose(1, 2)) / 2


def group_shares(moment: EffectSums) -> Tensor:
    """Share of the training rows in each group of its axis, (m,)."""
    out = torch.zeros(len(moment.pair_counts), dtype=torch.float64)
    for i, (axis, part) in enumerate(zip(moment.axes, moment.groups_of, strict=True)):
        if moment.interacting[i]:
            out[part] = torch.zeros(axis.n_groups, dtype=torch.float64).index_add_(0, axis.groups, axis.share)
    return out


def _variances(mains: Iterable[Tensor], share: Iterable[Tensor], n_scores: int) -> Tensor:
    """Variance of all main effects of each score, (n_scores,)."""
    each = [main.square() @ part for main, part in zip(mains, share, strict=True)]
    return torch.stack([torch.zeros(n_scores, dtype=torch.float64), *each]).sum(dim=0)


def _negligible(pairs: Tensor, mains: Tensor) -> Tensor:
    """Variance that may be left out of pair effects, beside the variances of pair and of main effects."""
    return torch.maximum(LOST * pairs, LOST_OF_ALL * (pairs + mains))


def _truncated(H: Tensor, share: Tensor, mains: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors (C, m, r) and signs (C, r) whose products are H, as near as r allows where the rows are."""
    if not H.numel():
        return H.new_zeros(len(H), 0, 0), H.new_zeros(len(H), 0)
    w = share.clamp_min(1e-4).sqrt()
    values, components = torch.linalg.eigh(H * w * w[:, None])
    order = values.abs().argsort(dim=1, descending=True)
    values = values.gather(1, order)
    without = values.square().flip(1).cumsum(1).flip(1) / 2  # every pair is there twice
    needed = (without > _negligible(without[:, 0], mains)[:, None]).sum(dim=1)
    rank = min(max(1, int(needed.amax())), RANK)
    values, order = values[:, :rank], order[:, :rank]
    components = components.gather(2, order[:, None].expand(-1, components.shape[1], -1))
    return components * values.abs().sqrt()[:, None] / w[:, None], values.sign()


def interpolated(x: Tensor, nodes: Tensor, values: Tensor) -> Tensor:
    """Values (C, g, r) at the nodes (g,), linearly at x (k,), constant beyond the ends: (C, k, r)."""
    if len(nodes) == 1:
        return values.expand(-1, len(x), -1)
    k = (torch.searchsorted(nodes, x) - 1).clamp(0, len(nodes) - 2)
    w = ((x - nodes[k]) / (nodes[k + 1] - nodes[k])).clamp(0, 1)[:, None]
    return values[:, k] * (1 - w) + values[:, k + 1] * w


def extended(at: Tensor, x: Tensor, values: Tensor, h: Tensor) -> Tensor:
    """Values (C, k) at the nodes x, linearly at others; beyond the ends they go on with the slope of h: (C, m)."""
    if len(x) == 1:
        return values.expand(-1, len(at))
    k = (torch.searchsorted(x, at) - 1).clamp(0, len(x) - 2)
    w = ((at - x[k]) / (x[k + 1] - x[k])).clamp(0, 1)
    inside = values[:, k] * (1 - w) + values[:, k + 1] * w
    slope = h.diff(dim=1) / x.diff()
    return inside + slope[:, :1] * (at - x[0]).clamp_max(0) + slope[:, -1:] * (at - x[-1]).clamp_min(0)
