"""Main and pair effects of scores, computed from conditional means of their gradients.

Sums of the gradients of shuffled rows, per bin of an axis and per pair of groups of two axes, are integrated along
numeric axes to main and pair effects. These are accumulated local effects (Apley and Zhu 2020) in their gradient form
(Gkolemis and others, arXiv 2210.04542). Between states, differences of the scores take the place of gradients.

The pair effects of all axes form one symmetric matrix for each score, of which the leading eigenvectors are kept. Every
axis then has a short vector of *factors* at each of its values, and a pair effect is a product of two such vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.sums import EffectSums

LOST = 1e-3
"""Share of the pair effects' variance that each simplification may lose: of eigenvectors, of knots, of axes. Three
times a thousandth is small against the error that is left, about 0.01 of the variance on average (docs/ablation.md)."""

LOST_OF_ALL = 1e-4
"""Share of the variance of all effects that it may lose even if that is more, so that next to large main effects no
time is spent on tiny pair effects."""

RANK = 64
"""Largest number of eigenvectors kept, since the time of an explanation grows with it. Chosen on development seeds."""

EXACT, SPARE, PRODUCTS = 4, 16, 4
"""Eigenvectors are approximated where there are this many times more than are kept; with so many more random vectors
and so many products the variance that the kept ones miss grows by less than a tenth (tests/effects/test_tables.py)."""

SMALLEST_GROUP = 1e-4
"""Share of the rows that every group has at least when eigenvectors are weighted by rows. Numerical: the weights are
divided out again, and groups without rows, such as a level not seen, would be 0/0."""

SMALLEST_TOTAL = 1e-12
"""Share of the rows that a group has at least when the mean of its grid points is taken. Numerical: 0/0 as above."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects of all axes, as tables over their values.

    Attributes
    ----------
    axes : tuple of Axis
    nodes : tuple of Tensor of shape (k,)
        Keys of the grid points of each axis, ascending.
    share : tuple of Tensor of shape (k,)
        Share of the rows at each of them.
    mains : tuple of Tensor of shape (n_scores, k)
        Main effects at the grid points, mean zero over rows.
    knots : tuple of Tensor of shape (g,)
        Keys at which the factors of each axis are given, ascending; between them they are linear, beyond them constant.
        An axis without pair effects has one knot.
    factors : tuple of Tensor of shape (n_scores, g, r)
        Mean zero over rows. The pair effect of two axes is the sum over r of the product of their factors and
        ``signs``.
    signs : Tensor of shape (n_scores, r)
        Signs of the eigenvalues.
    others : Tensor of shape (n_axes, n_scores, r) or None
        What a main effect gains for each unit of its axis's factors: means of the factors of all other axes, with
        signs, over background rows; None for those over which factors were centred.
    """

    axes: tuple[Axis, ...]
    nodes: tuple[Tensor, ...]
    share: tuple[Tensor, ...]
    mains: tuple[Tensor, ...]
    knots: tuple[Tensor, ...]
    factors: tuple[Tensor, ...]
    signs: Tensor
    others: Tensor | None = None

    @classmethod
    def from_sums(cls, sums: EffectSums) -> Effects:
        """Compute the effects from sums over rows."""
        nodes, share, mains = main_effects(sums)
        pairs = pair_effects(sums)
        by_group, signs = _factorize(pairs, group_shares(sums), _variances(mains, share, len(pairs)))
        none = by_group.new_zeros(len(by_group), 1, by_group.shape[2])
        knots, factors = [own[:1] for own in nodes], [none] * len(nodes)
        for i in torch.nonzero(sums.interacting).flatten().tolist():
            at, own = group_nodes(sums.axes[i]), by_group[:, sums.group_slices[i]]
            if sums.axes[i].states is not None:  # there is nothing between states: each has the factors of its group
                at, own = nodes[i], own[:, sums.axes[i].groups]
            knots[i], factors[i] = at, _centred(own, at, nodes[i], share[i])
        return cls(sums.axes, tuple(nodes), tuple(share), tuple(mains), tuple(knots), tuple(factors), signs)

    def with_knots(self, kept: dict[int, Tensor]) -> Effects:
        """Keep only some of the knots of some axes, given by their numbers; factors are centred again."""
        knots, factors = list(self.knots), list(self.factors)
        for i, places in kept.items():
            knots[i] = knots[i][places]
            factors[i] = _centred(factors[i][:, places], knots[i], self.nodes[i], self.share[i])
        return replace(self, knots=tuple(knots), factors=tuple(factors))

    def own_values(self, i: int, interacts: bool) -> Tensor:
        """What axis i gets at its grid points for itself, (n_scores, k): all but the product with the other factors.

        That is its main effect, minus half of its factors' product with themselves, which the product with the sum of
        all factors contains.
        """
        if not interacts:
            return self.mains[i]
        u = self.factors_at_nodes(i)
        own = self.mains[i] - 0.5 * (u.square() * self.signs[:, None]).sum(dim=2)
        return own if self.others is None else own + (u * self.others[i][:, None]).sum(dim=2)

    def main(self, i: int, x: Tensor) -> Tensor:
        """Main effects of axis i at rows (b, p), (n_scores, b): linear between grid points and beyond the last ones."""
        if self.axes[i].states is not None:
            return self.mains[i][:, self.axes[i].bins(x)]
        return extend(self.axes[i].keys(x).contiguous(), self.nodes[i], self.mains[i], self.mains[i])

    def factors_at(self, i: int, x: Tensor) -> Tensor:
        """Factors of axis i at rows (b, p), (n_scores, b, r)."""
        if self.axes[i].states is not None and len(self.knots[i]) > 1:
            return self.factors[i][:, self.axes[i].bins(x)]
        return interpolate(self.axes[i].keys(x).contiguous(), self.knots[i], self.factors[i])

    def factors_at_nodes(self, i: int) -> Tensor:
        """Factors of axis i at its grid points, (n_scores, k, r)."""
        return interpolate(self.nodes[i], self.knots[i], self.factors[i])

    @cached_property
    def interacting(self) -> tuple[int, ...]:
        """Numbers of the axes that have pair effects."""
        return tuple(i for i, knots in enumerate(self.knots) if len(knots) > 1)

    @cached_property
    def second_moments(self) -> Tensor:
        """Mean over rows of the outer product of the factors of each of m interacting axes, (m, n_scores, r, r)."""
        n_scores, r = self.signs.shape
        moments = torch.zeros(len(self.interacting), n_scores, r, r, dtype=torch.float64)
        for place, i in enumerate(self.interacting):
            u = self.factors_at_nodes(i)
            moments[place] = (u * self.share[i][:, None]).transpose(1, 2) @ u
        return moments

    @cached_property
    def pair_variances(self) -> Tensor:
        """Variance of the pair effects of interacting axes, (n_scores, m, m), zero on the diagonals."""
        signed = self.second_moments * self.signs[:, :, None] * self.signs[:, None, :]
        each = torch.einsum("icrs,jcrs->cij", self.second_moments, signed)
        return each.masked_fill_(torch.eye(each.shape[1], dtype=torch.bool), 0.0)

    def negligible(self) -> Tensor:
        """Variance of the pair effects of each score that a simplification may lose, (n_scores,), never zero."""
        mains = _variances(self.mains, self.share, len(self.signs))
        return _negligible(self.pair_variances.sum(dim=(1, 2)) / 2, mains).clamp_min(NEVER_ZERO)

    def pair(self, i: int, j: int) -> Tensor:
        """Pair effect of two axes at their grid points, (n_scores, k_i, k_j)."""
        return torch.einsum("car,cr,cbr->cab", self.factors_at_nodes(i), self.signs, self.factors_at_nodes(j))


def main_effects(sums: EffectSums) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Main effects of all axes at their grid points.

    Parameters
    ----------
    sums : EffectSums

    Returns
    -------
    nodes, share : tuple of Tensor of shape (k,)
        Keys of the grid points of each axis, and the share of the rows at each.
    mains : tuple of Tensor of shape (n_scores, k)
        Of mean zero over rows.
    """
    if not sums.axes:
        return (), (), ()
    owner = torch.repeat_interleave(torch.arange(len(sums.axes)), torch.tensor([a.n_bins for a in sums.axes]))
    compared = torch.tensor([axis.compared_at is not None for axis in sums.axes])[owner]
    # Every row was scored in every state, but a bin without shuffled rows has no mean gradient.
    seen = compared | (sums.counts > 0)
    owner, compared, counts, slopes = owner[seen], compared[seen], sums.counts[seen], sums.slopes[:, seen]
    nodes, share = (torch.cat(own)[seen] for own in zip(*((a.nodes, a.share) for a in sums.axes), strict=True))
    whole = torch.zeros(len(sums.axes), dtype=torch.float64)
    share = share / whole.index_add(0, owner, share)[owner]
    means = slopes / torch.where(compared, sums.compared.clamp_min(1), counts)
    mains = torch.where(compared, means, integrate(nodes, means.masked_fill(compared, 0.0), owner))
    mains = mains - whole.repeat(len(mains), 1).index_add(1, owner, mains * share)[:, owner]
    sizes = torch.bincount(owner, minlength=len(sums.axes)).tolist()
    return torch.split(nodes, sizes), torch.split(share, sizes), torch.split(mains, sizes, dim=1)


def pair_effects(sums: EffectSums) -> Tensor:
    """Effects of all pairs of groups, (n_scores, m, m), symmetric, of mean zero along either axis."""
    interacting = torch.nonzero(sums.interacting).flatten().tolist()
    if not interacting:
        return torch.zeros_like(sums.pairs)
    sizes = torch.tensor([sums.axes[i].n_groups for i in interacting])
    owner = torch.repeat_interleave(torch.arange(len(interacting)), sizes)
    same = owner[:, None] == owner
    integrated = torch.tensor([sums.axes[i].compared_at is None for i in interacting])[owner]
    counts = torch.where(integrated[:, None], sums.pair_counts, sums.state_rows)
    # The mean gradient in a cell, minus that of the group whatever the second axis is: what the second axis changes.
    # Rows of the block of an axis with itself sum to the sums of a group over all rows.
    alone = (sums.pairs * same).sum(dim=2) / (counts * same).sum(dim=1).clamp_min(1)
    h = (sums.pairs - alone[:, :, None] * counts) / (counts + sums.pseudo_rows)
    keys, compared = torch.cat([group_nodes(sums.axes[i]) for i in interacting]), ~integrated[:, None]
    h = torch.where(compared, h, integrate(keys, h.masked_fill(compared, 0.0), owner))
    weights = torch.zeros(len(owner), len(interacting), dtype=torch.float64)
    weights[torch.arange(len(owner)), owner] = group_shares(sums)
    h = h - (weights.T @ h)[:, owner]
    h = (h - (h @ weights)[:, :, owner]).masked_fill_(same, 0.0)
    # Each pair was estimated twice, along either axis; the mean of both has less noise than one of them.
    return (h + h.transpose(1, 2)) / 2


def group_shares(sums: EffectSums) -> Tensor:
    """Share of the training rows in each group of its axis, (m,)."""
    out = torch.zeros(len(sums.pair_counts), dtype=torch.float64)
    for i, (axis, part) in enumerate(zip(sums.axes, sums.group_slices, strict=True)):
        if sums.interacting[i]:
            out[part] = torch.zeros(axis.n_groups, dtype=torch.float64).index_add_(0, axis.groups, axis.share)
    return out


def integrate(x: Tensor, slopes: Tensor, owner: Tensor) -> Tensor:
    """Integrals of slopes (C, k, ...) along grid points x (k,), by trapezoids, of several axes one after the other.

    ``owner`` (k,) has the number of the axis of each grid point; at the first one of each the integral is zero.
    """
    steps = 0.5 * x.diff(prepend=x[:1])
    steps[1:].masked_fill_(owner.diff() != 0, 0.0)
    steps = steps.reshape(-1, *[1] * (slopes.dim() - 2))
    along = ((slopes + slopes.roll(1, dims=1)) * steps).cumsum(dim=1)
    first = torch.searchsorted(owner, owner)
    return along - along[:, first]


def interpolate(x: Tensor, knots: Tensor, values: Tensor) -> Tensor:
    """Values (C, g, r) given at the knots (g,), at x (k,): linear between knots, constant beyond them, (C, k, r)."""
    if len(knots) == 1:
        return values.expand(-1, len(x), -1)
    k = (torch.searchsorted(knots, x) - 1).clamp(0, len(knots) - 2)
    w = ((x - knots[k]) / (knots[k + 1] - knots[k])).clamp(0, 1)[:, None]
    return values[:, k] * (1 - w) + values[:, k + 1] * w


def extend(at: Tensor, x: Tensor, values: Tensor, slope_of: Tensor) -> Tensor:
    """Values (C, ..., k) given at x (..., k), at other keys (..., m): linear between, and beyond the ends, (C, ..., m).

    Beyond the ends the slope is that of ``slope_of`` (C, ..., k), which may be another function than the values.
    """
    if x.shape[-1] == 1:
        return values.expand(*values.shape[:-1], at.shape[-1])
    k = (torch.searchsorted(x.contiguous(), at) - 1).clamp(0, x.shape[-1] - 2)
    left, right = x.gather(-1, k), x.gather(-1, k + 1)
    w = ((at - left) / (right - left)).clamp(0, 1)
    place = k.expand(len(values), *k.shape)
    inside = values.gather(-1, place) * (1 - w) + values.gather(-1, place + 1) * w
    slope = slope_of.diff(dim=-1) / x.diff(dim=-1)
    below, above = (at - x[..., :1]).clamp_max(0), (at - x[..., -1:]).clamp_min(0)
    return inside + slope[..., :1] * below + slope[..., -1:] * above


def group_nodes(axis: Axis) -> Tensor:
    """Mean key of the rows in each group of an axis, (n_groups,)."""
    totals = torch.zeros(2, axis.n_groups, dtype=torch.float64)
    totals.index_add_(1, axis.groups, torch.stack((axis.share * axis.nodes, axis.share)))
    return totals[0] / totals[1].clamp_min(SMALLEST_TOTAL)


def _centred(factors: Tensor, knots: Tensor, nodes: Tensor, share: Tensor) -> Tensor:
    """Factors (C, g, r) minus their mean over rows, which lie at the grid points."""
    mean = torch.einsum("k,ckr->cr", share, interpolate(nodes, knots, factors))
    return factors - mean[:, None]


def _variances(mains: Sequence[Tensor], share: Sequence[Tensor], n_scores: int) -> Tensor:
    """Variance of all main effects of each score, (n_scores,)."""
    none = torch.zeros(n_scores, 0, dtype=torch.float64)
    return torch.cat((none, *mains), dim=1).square() @ torch.cat((none[0], *share))


def _negligible(pairs: Tensor, mains: Tensor) -> Tensor:
    """Variance that may be lost of pair effects, given the variances of all pair and of all main effects."""
    return torch.maximum(LOST * pairs, LOST_OF_ALL * (pairs + mains))


def _factorize(H: Tensor, share: Tensor, mains: Tensor) -> tuple[Tensor, Tensor]:
    """Factors (C, m, r) and signs (C, r) whose products are nearly H (C, m, m), the pair effects of all groups.

    Parameters
    ----------
    H : Tensor of shape (C, m, m)
    share : Tensor of shape (m,)
        Share of the rows in each group. Errors are weighted by it, as the variance of an effect is.
    mains : Tensor of shape (C,)
        Variance of all main effects.
    """
    if not H.numel():
        return H.new_zeros(len(H), 0, 0), H.new_zeros(len(H), 0)
    w = share.clamp_min(SMALLEST_GROUP).sqrt()
    weighted = H * w * w[:, None]
    values, components = leading_eigenvectors(weighted, RANK)
    # Squared eigenvalues add up to the variance, in which every pair is counted twice, as (i, j) and as (j, i).
    whole = weighted.square().sum(dim=(1, 2))[:, None] / 2
    lost_without = whole - (values.square().cumsum(dim=1) - values.square()) / 2
    needed = int((lost_without > _negligible(whole[:, 0], mains)[:, None]).sum(dim=1).amax())
    values, components = values[:, : max(1, needed)], components[:, :, : max(1, needed)]
    return components * values.abs().sqrt()[:, None] / w[:, None], values.sign()


def leading_eigenvectors(A: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The largest eigenvalues (C, r) of symmetric matrices (C, m, m), by absolute value, and eigenvectors (C, m, r).

    Of large matrices they are those in the range of a few products with random vectors (Halko, Martinsson and Tropp
    2011), which takes a fraction of the time of all eigenvalues.
    """
    m = A.shape[1]
    basis = torch.eye(m, dtype=A.dtype).expand_as(A)
    if m > EXACT * rank:
        generator = torch.Generator().manual_seed(0)
        basis = torch.randn(m, rank + SPARE, dtype=A.dtype, generator=generator).expand(len(A), -1, -1)
        for _ in range(PRODUCTS):
            basis = torch.linalg.qr(A @ basis)[0]
        A = basis.transpose(1, 2) @ A @ basis
    values, components = torch.linalg.eigh(A)
    order = values.abs().argsort(dim=1, descending=True)[:, :rank]
    components = components.gather(2, order[:, None].expand(-1, components.shape[1], -1))
    return values.gather(1, order), basis @ components
