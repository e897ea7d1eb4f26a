"""Fewer knots for the factors of numeric axes, within the variance that the pair effects may lose."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from agop_tabular.effects.tables import Effects, interpolate

HALVINGS = 30
"""Number of error limits tried, each half the previous one; so coarse a grid makes the choice robust to rounding, and
its last limit, 1e-9 of what may be lost, is as good as zero."""


def simplified(effects: Effects) -> Effects:
    """Remove knots of numeric axes, as many as the allowed loss permits for all axes together.

    Between two knots factors are linear, so leaving one out changes the pair effects of its axis with all others. By
    how much follows from the second moments of the others' factors, without a row, so every subset of knots is tried.
    """
    allowed = effects.negligible()
    numeric = [i for i in effects.interacting if effects.axes[i].states is None]
    candidates = {i: _best_subsets(effects, i, allowed) for i in numeric}

    def total_error(limit: float) -> float:
        return sum(errors[_smallest(errors, limit)] for errors, _ in candidates.values())

    # All axes get the same limit: the largest one with which their errors together are within the allowed loss, 1.
    limits = (0.5**k for k in range(HALVINGS))
    limit = next((x for x in limits if total_error(x) <= 1), 0.0)
    return effects.with_knots({i: subsets[_smallest(errors, limit)] for i, (errors, subsets) in candidates.items()})


def _smallest(errors: list[float], limit: float) -> int:
    """Smallest number of inner knots whose error is within the limit; the last error is zero."""
    return next(size for size, error in enumerate(errors) if error <= limit)


def _best_subsets(effects: Effects, i: int, allowed: Tensor) -> tuple[list[float], list[Tensor]]:
    """For each number of inner knots, from none to all: the least error, as a share of what is allowed, and its knots.

    With u (g, r) the factors at all knots and L (g, g) the identity minus the interpolation by the kept ones, the
    factors change by L u. The variance of the pair effects that is lost is ``sum(Lᵀ W L ⊙ u S uᵀ)``: W (g, g) is the
    second moment over rows of the weights of the knots, S (r, r) that of the factors of all other axes, with signs.
    """
    knots, nodes, share = effects.knots[i], effects.nodes[i], effects.share[i]
    g = len(knots)
    place = effects.interacting.index(i)
    others = effects.second_moments.sum(dim=0) - effects.second_moments[place]
    others = others * effects.signs[:, :, None] * effects.signs[:, None, :]
    u = effects.factors[i]  # (C, g, r)
    gram = u @ others @ u.transpose(1, 2) / allowed[:, None, None]
    eye = torch.eye(g, dtype=torch.float64)
    at_nodes = interpolate(nodes, knots, eye[None])[0]
    weight = at_nodes.T @ (share[:, None] * at_nodes)
    errors, chosen = [], []
    for size in range(g - 2):
        subsets = [torch.tensor([0, *inner, g - 1]) for inner in combinations(range(1, g - 1), size)]
        lost = torch.stack([eye - interpolate(knots, knots[s], eye[s][None])[0] for s in subsets])
        weighted = lost.transpose(1, 2) @ weight @ lost
        error = (weighted.flatten(1) @ gram.flatten(1).T).amax(dim=1).clamp_min(0.0)  # of the worst score
        least = int(error.argmin())
        errors.append(float(error[least]))
        chosen.append(subsets[least])
    return [*errors, 0.0], [*chosen, torch.arange(g)]
