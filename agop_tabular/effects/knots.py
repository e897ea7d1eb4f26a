"""Which nodes of an axis's vectors are worth keeping: fewer knots, within what may be left out of the pair effects."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import torch
from torch import Tensor

from agop_tabular.effects.tables import Effects, interpolated

HALVINGS = 30
"""Errors of one axis that are tried, each half of the one before: between them, rounding hardly ever decides."""


def simplified(effects: Effects) -> Effects:
    """Effects with as few nodes of the vectors of numeric axes as what may be left out allows, all axes together.

    Between two kept nodes vectors are linear. What that changes of the pair effects of an axis with all others is known
    from the second moments of these, so every choice of nodes is tried.
    """
    allowed = effects.negligible()
    best = {i: _best(effects, i, allowed) for i in effects.interacting if effects.axes[i].states is None}
    limits = (0.5**k for k in range(HALVINGS))
    limit = next((x for x in limits if sum(errors[_fewest(errors, x)] for errors, _ in best.values()) <= 1), 0.0)
    nodes, vectors = list(effects.pair_nodes), list(effects.vectors)
    for i, (errors, chosen) in best.items():
        kept = chosen[_fewest(errors, limit)]
        nodes[i], own = nodes[i][kept], vectors[i][:, kept]
        mean = torch.einsum("k,ckr->cr", effects.share[i], interpolated(effects.nodes[i], nodes[i], own))
        vectors[i] = own - mean[:, None]
    return replace(effects, pair_nodes=tuple(nodes), vectors=tuple(vectors))


def _fewest(errors: list[float], limit: float) -> int:
    return next(size for size, error in enumerate(errors) if error <= limit)


def _best(effects: Effects, i: int, allowed: Tensor) -> tuple[list[float], list[Tensor]]:
    """Least error, as a share of what is allowed, for each number of inner nodes, and the nodes; all of them last."""
    nodes, fine, share = effects.pair_nodes[i], effects.nodes[i], effects.share[i]
    g = len(nodes)
    place = effects.interacting.index(i)
    others = effects.seconds.sum(dim=0) - effects.seconds[place]
    others = others * effects.signs[:, :, None] * effects.signs[:, None, :]
    u = effects.vectors[i]  # (C, g, r)
    gram = u @ others @ u.transpose(1, 2) / allowed[:, None, None]
    eye = torch.eye(g, dtype=torch.float64)
    at_fine = interpolated(fine, nodes, eye[None])[0]
    weight = at_fine.T @ (share[:, None] * at_fine)
    errors, chosen = [], []
    for size in range(g - 2):
        subsets = [torch.tensor([0, *inner, g - 1]) for inner in combinations(range(1, g - 1), size)]
        lost = torch.stack([eye - interpolated(nodes, nodes[s], eye[s][None])[0] for s in subsets])
        weighted = lost.transpose(1, 2) @ weight @ lost
        error = (weighted.flatten(1) @ gram.flatten(1).T).amax(dim=1).clamp_min(0.0)
        least = int(error.argmin())
        errors.append(float(error[least]))
        chosen.append(subsets[least])
    return [*errors, 0.0], [*chosen, torch.arange(g)]
