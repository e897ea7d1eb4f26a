"""Fewer knots for the factors of numeric axes, within the variance that the pair effects may lose."""

from __future__ import annotations

from functools import cache
from itertools import product

import torch
from torch import Tensor

from agop_tabular.effects.tables import Effects, interpolate

HALVINGS = 30
"""Number of error limits tried, each half the previous one; so coarse a grid makes the choice robust to rounding, and
its last limit, 1e-9 of what may be lost, is as good as zero."""

MOST_KNOTS = 12
"""Axes with more knots keep all of them: each one more doubles the number of subsets."""

NUMBERS = 2**21
"""Numbers of the subsets of several axes' knots that are tried at a time: 16 MB."""


def simplified(effects: Effects) -> Effects:
    """Remove knots of numeric axes, as many as the allowed loss permits for all axes together.

    Between two knots factors are linear, so leaving one out changes the pair effects of its axis with all others. By
    how much follows from the second moments of the others' factors, without a row, so every subset of knots is tried.
    """
    by_size: dict[int, list[int]] = {}
    for i in effects.interacting:
        if effects.axes[i].states is None and len(effects.knots[i]) <= MOST_KNOTS:
            by_size.setdefault(len(effects.knots[i]), []).append(i)
    allowed = effects.negligible()
    errors = {g: _errors(effects, axes, allowed) for g, axes in by_size.items()}  # (axes, subsets)

    def choice(limit: float) -> tuple[float, dict[int, Tensor]]:
        """Total error, and the subset of each axis with fewest knots whose error is within the limit."""
        total, chosen = 0.0, dict[int, Tensor]()
        for g, axes in by_size.items():
            fits = torch.where(errors[g] <= limit, errors[g], torch.inf)
            n_knots = _subsets(g).sum(dim=1)
            fewest = torch.where(fits < torch.inf, n_knots, g + 1).amin(dim=1, keepdim=True)
            least, place = torch.where(n_knots == fewest, fits, torch.inf).min(dim=1)
            total += float(least.sum())
            chosen |= dict(zip(axes, place, strict=True))
        return total, chosen

    # All axes get the same limit: the largest one with which their errors together are within the allowed loss, 1.
    limits = (0.5**k for k in range(HALVINGS))
    _, chosen = next((found for found in map(choice, limits) if found[0] <= 1), choice(0.0))
    return effects.with_knots(
        {i: _subsets(len(effects.knots[i]))[place].nonzero()[:, 0] for i, place in chosen.items()}
    )


@cache
def _subsets(g: int) -> Tensor:
    """All subsets (s, g) of g knots that have the first and the last one, as flags; the last subset is all of them."""
    return torch.tensor([(True, *inner, True) for inner in product((False, True), repeat=g - 2)])


def _errors(effects: Effects, axes: list[int], allowed: Tensor) -> Tensor:
    """Variance of the pair effects that each subset of an axis's knots loses, as a share of what is allowed, (axes, s).

    The axes have equally many knots. With u (g, r) the factors at all knots and L (g, g) the identity minus the
    interpolation by the kept ones, the factors change by L u. The variance of the pair effects that is lost is
    ``sum(Lᵀ W L ⊙ u S uᵀ)``: W (g, g) is the second moment over rows of the weights of the knots, S (r, r) that of the
    factors of all other axes, with signs.
    """
    places = [effects.interacting.index(i) for i in axes]
    others = effects.second_moments.sum(dim=0) - effects.second_moments[places]
    others = others * effects.signs[:, :, None] * effects.signs[:, None, :]
    u = torch.stack([effects.factors[i] for i in axes])  # (axes, C, g, r)
    gram = u @ others @ u.transpose(2, 3) / allowed[:, None, None]
    knots, g = torch.stack([effects.knots[i] for i in axes]), u.shape[2]
    eye = torch.eye(g, dtype=torch.float64)[None]
    at_nodes = [interpolate(effects.nodes[i], effects.knots[i], eye)[0] for i in axes]
    weight = torch.stack([v.T @ (effects.share[i][:, None] * v) for i, v in zip(axes, at_nodes, strict=True)])
    errors = []
    for some in torch.split(torch.arange(len(axes)), max(1, NUMBERS // (len(_subsets(g)) * g * g))):
        lost = _lost_weights(knots[some])  # (axes, s, g, g)
        weighted = lost.transpose(2, 3) @ weight[some, None] @ lost
        errors.append((weighted.flatten(2) @ gram[some].flatten(2).transpose(1, 2)).amax(dim=2))  # of the worst score
    found = torch.cat(errors).clamp_min(0.0)
    found[:, -1] = 0.0  # with all knots nothing is lost
    return found


def _lost_weights(knots: Tensor) -> Tensor:
    """Identity minus the interpolation of values at all knots (n, g) by those at each subset of them, (n, s, g, g)."""
    kept = _subsets(knots.shape[1])
    g = torch.arange(kept.shape[1])
    before = torch.where(kept, g, -1).cummax(dim=1).values
    after = torch.where(kept, g, len(g)).flip(1).cummin(dim=1).values.flip(1)
    span = torch.where(kept, 1.0, knots[:, after] - knots[:, before])
    upper = (knots[:, None] - knots[:, before]) / span
    eye = torch.eye(len(g), dtype=torch.float64)
    return eye - (1 - upper)[..., None] * eye[before] - upper[..., None] * eye[after]
