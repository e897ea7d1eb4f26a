"""What the effects in a file have to be: tensors of axes, sums and remainder, and how they belong together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from agop_tabular.effects.numeric_axes import MOST_GROUPS
from agop_tabular.effects.sums import MAX_GROUPS, MAX_PAIR_NUMBERS
from agop_tabular.persistence.specs import LARGEST, SINGLE, Spec, demand, flags, real, single, whole

MOST_PSEUDO_ROWS = 1e3
"""Pseudo-rows of a pair cell at most: more would leave no pair effects."""

ROUNDING = 1e-6
"""By which shares may miss the sum 1."""

NEAR = 1e-9
"""Rounding of grid points, which are means over the rows in a bin, relative to their size."""

LENGTHS = ("coordinates", "direction", "edges", "nodes", "groups", "share")
"""Tensors of an axis that are saved one axis after the other, each with its lengths."""


def effect_specs(p: int, n_columns: int, n: int, present: Mapping[str, tuple[str, tuple[int, ...]]]) -> dict[str, Spec]:
    """Specs of the tensors of effects, by name.

    Parameters
    ----------
    p : int
        Coordinates.
    n_columns : int
    n : int
        Training rows.
    present : mapping of str to (dtype, shape)
        The file's tensors; a remainder, and effects of three, may be missing.
    """
    specs = {
        "score_total": real("C", low=-n * SINGLE, high=n * SINGLE),
        "effect_meeting": flags("axes"),
        "effect_axis_gaps": flags("axes"),
        "effect_axis_has_states": flags("axes"),
        "effect_axis_coordinates": whole("members", low=0, high=p - 1),
        "effect_axis_direction": real("directions"),
        "effect_axis_edges": single("edges"),
        "effect_axis_nodes": single("bins"),
        "effect_axis_groups": whole("bins", low=0, high=LARGEST),
        "effect_axis_share": real("bins", low=0, high=1),
        "effect_axis_states": single("states"),
        "effect_counts": real("bins", low=0),
        "effect_slopes": real("C", "bins"),
        "effect_compared": real(1, low=0),
        "effect_pair_counts": real("groups", "groups", low=0),
        "effect_pairs": real("C", "groups", "groups"),
        "effect_state_rows": real("groups", low=0),
    }
    specs |= {f"effect_axis_{name}_lengths": whole("axes", low=0, high=LARGEST) for name in LENGTHS}
    specs |= _specs_since_format_7(present)
    if "remainder_shares" in present or "remainder_constants" in present:
        specs |= {"remainder_constants": single("C", "d"), "remainder_shares": real("C", "d", low=0, high=1)}
    if "remainder_weights" in present:
        specs |= {
            "remainder_weights": real("weights", low=0, high=1),
            "remainder_weights_lengths": whole("axes", low=0, high=LARGEST),
            "remainder_unexplained": real("C", low=0),
        }
    shape = present.get("remainder_triple_members", ("", ()))[1]
    if shape:
        specs |= {
            "remainder_triple_members": whole("triples", 3, low=0, high=p - 1),
            "remainder_triple_columns": whole("triples", 3, low=0, high=n_columns - 1),
        }
        # no more than the file has: a longer list of members lacks tables
        tables = range(min(shape[0], len(present)))
        for k in tables:
            groups = [f"triple {k}, {i}" for i in range(3)]
            specs[f"remainder_triple_{k}"] = single("C", *groups)
            if "remainder_weights" in present:  # known together: what the background rows are
                specs[f"remainder_triple_{k}_shares"] = real(*groups, low=0, high=1)
    return specs


def _specs_since_format_7(present: Mapping[str, tuple[str, tuple[int, ...]]]) -> dict[str, Spec]:
    """Specs of tensors that earlier files lack."""
    specs = {"effect_pseudo_rows": real(1, low=0, high=MOST_PSEUDO_ROWS)} if "effect_pseudo_rows" in present else {}
    if "effect_axis_has_curve" in present:
        specs |= {"effect_axis_has_curve": flags("axes"), "effect_axis_curves": single("points")}
    if "effect_axis_reach" in present:
        specs |= {
            "effect_axis_reach": real("reach"),
            "effect_axis_ends": single("ends"),
            "effect_axis_reach_lengths": whole("axes", low=0, high=LARGEST),
        }
    if "halves_noise" in present:
        specs |= {
            "halves_counts": real(2, "bins", low=0),
            "halves_slopes": real(2, "C", "bins"),
            "halves_compared": real(2, 1, low=0),
            "halves_pair_variances": real(2, "C", "axes", low=0),
            "halves_noise": real("C", low=0),
        }
    return specs


def check_effects(tensors: Mapping[str, Tensor], column_of: np.ndarray) -> None:
    """Raise unless the tensors of effects, of the right shapes, belong together.

    Parameters
    ----------
    tensors : mapping of str to Tensor
    column_of : ndarray of int, shape (p,)

    Raises
    ------
    ValueError
    """
    lengths = {name: tensors[f"effect_axis_{name}_lengths"] for name in LENGTHS}
    for name, own in lengths.items():
        total = len(tensors[f"effect_axis_{name}"])
        demand((own <= total).all() and int(own.sum()) == total, f"axes have lengths of {name} that do not add up")
    bins, members = lengths["nodes"], lengths["coordinates"]
    same = [torch.equal(bins, own) for own in (lengths["groups"], lengths["share"], lengths["edges"] + 1)]
    demand(all(same) and (bins > 0).all(), "axes have bins of several numbers")
    has_states, compared = tensors["effect_axis_has_states"], tensors["effect_axis_gaps"]
    has_curve = tensors.get("effect_axis_has_curve", torch.zeros_like(compared))
    directed = (members == lengths["direction"]) | ((lengths["direction"] == 0) & has_curve)
    demand(directed.all() and (members > 0).all(), "axes have coordinates without direction")
    column = torch.from_numpy(column_of)[tensors["effect_axis_coordinates"].long()]
    axis_column = _first(column, members)
    demand(
        torch.equal(column, torch.repeat_interleave(axis_column, members)), "axes have coordinates of several columns"
    )
    demand((axis_column >= 0).all(), "axes have coordinates of no column")
    coordinates = tensors["effect_axis_coordinates"]
    demand(len(torch.unique(coordinates)) == len(coordinates), "axes share a coordinate")
    demand((members[~has_states & ~has_curve] == 1).all(), "numeric axes have several coordinates")
    demand(not (has_states & (compared | has_curve)).any(), "axes of states are numeric, too")
    _check_curves(tensors, bins, members, has_curve)
    if "effect_axis_reach" in tensors:
        _check_stretches(tensors, members, has_states)
    demand(len(tensors["effect_axis_states"]) == int((bins * members)[has_states].sum()), "axes have missing states")
    demand(_ascend(tensors["effect_axis_edges"], lengths["edges"]), "axes have edges that do not ascend")
    demand(_ascend(tensors["effect_axis_nodes"], bins), "axes have grid points that do not ascend")
    _check_places(tensors["effect_axis_edges"], tensors["effect_axis_nodes"], bins)
    _check_rows(tensors, bins, has_states, compared)
    n_groups = _checked_groups(tensors["effect_axis_groups"], bins, has_states)
    m = int(n_groups[tensors["effect_meeting"]].sum())
    demand(m == len(tensors["effect_state_rows"]) <= MAX_GROUPS, "pair effects are of groups that there are not")
    demand(tensors["effect_pairs"].numel() <= MAX_PAIR_NUMBERS, "pair effects are too many")
    if "remainder_shares" in tensors:
        demand((tensors["remainder_shares"].sum(dim=1) <= 1 + ROUNDING).all(), "shares of the rest exceed 1")
    if "remainder_weights" in tensors:
        points = torch.where(has_states, bins, n_groups)
        points = torch.where(tensors["effect_meeting"] & (points > 1), points, 0)
        _check_weights(tensors["remainder_weights"], tensors["remainder_weights_lengths"], points)
    if "remainder_triple_members" in tensors:
        _check_triples(tensors, axis_column, n_groups)


def _check_curves(tensors: Mapping[str, Tensor], bins: Tensor, members: Tensor, has_curve: Tensor) -> None:
    """Raise unless every curve has a point for each grid point, and moves from each to the next."""
    sizes = (bins * members)[has_curve]
    points = tensors.get("effect_axis_curves", torch.zeros(0))
    demand(len(points) == int(sizes.sum()), "axes have missing points of curves")
    for own, m in zip(points.split(sizes.tolist()), members[has_curve].tolist(), strict=True):
        demand((own.reshape(-1, m).diff(dim=0) != 0).any(dim=1).all(), "axes have curves that stand still")


def _check_stretches(tensors: Mapping[str, Tensor], members: Tensor, has_states: Tensor) -> None:
    """Raise unless every numeric axis has stretches, in order, with coordinates at their ends."""
    reach, ends, lengths = (tensors[f"effect_axis_{name}"] for name in ("reach", "ends", "reach_lengths"))
    known = (lengths <= len(reach)).all() and int(lengths.sum()) == len(reach)
    demand(known and int((lengths * members).sum()) == len(ends), "axes have stretches of lengths that do not add up")
    demand(torch.equal(lengths == 0, has_states), "axes have stretches beside states, or neither")
    falls = (reach.diff() < 0) & (_owner(lengths).diff() == 0)
    demand((lengths % 2 == 0).all() and not falls.any(), "axes have stretches that overlap")


def _owner(lengths: Tensor) -> Tensor:
    """Number of the axis that each entry belongs to."""
    return torch.repeat_interleave(torch.arange(len(lengths)), lengths.long())


def _first(values: Tensor, lengths: Tensor) -> Tensor:
    """First entry of each axis."""
    return values[(lengths.cumsum(0) - lengths).long()]


def _ascend(values: Tensor, lengths: Tensor) -> bool:
    """Whether values rise within each axis."""
    within = _owner(lengths).diff() == 0
    return bool((values.diff() > 0)[within].all())


def _check_places(edges: Tensor, nodes: Tensor, bins: Tensor) -> None:
    """Raise unless every grid point lies in its bin, but for rounding."""
    same = _owner(bins).diff() == 0
    before, after, edges = nodes[:-1][same], nodes[1:][same], edges.to(nodes)
    slack = NEAR * (after.abs() + before.abs())
    demand((before <= edges + slack).all() and (edges <= after + slack).all(), "axes have grid points outside of bins")


def _check_rows(tensors: Mapping[str, Tensor], bins: Tensor, has_states: Tensor, compared: Tensor) -> None:
    """Raise unless shares add up to 1, and every axis has rows where they are needed."""
    owner, share = _owner(bins), tensors["effect_axis_share"].double()
    sums = torch.zeros(len(bins), dtype=torch.float64).index_add_(0, owner, share)
    demand(((sums - 1).abs() < ROUNDING).all(), "axes have shares that do not add up to 1")
    demand((share[~has_states[owner]] > 0).all(), "numeric axes have bins without rows")
    none = torch.zeros(len(bins), dtype=torch.float64)
    for own in (tensors["effect_counts"], *tensors.get("halves_counts", ())):
        counts = none.index_add(0, owner, own.double())
        demand((counts[~has_states & ~compared] > 0).all(), "numeric axes have no gradients")


def _checked_groups(groups: Tensor, bins: Tensor, has_states: Tensor) -> Tensor:
    """Number of groups of each axis; raise unless they are numbered from 0, along a numeric axis in order."""
    owner, groups = _owner(bins), groups.long()
    used = torch.unique(torch.stack((owner, groups)), dim=1)[0]
    n_groups = torch.bincount(used, minlength=len(bins))
    demand(
        (groups < n_groups[owner]).all(), "axes have groups without a bin"
    )  # as many numbers, none beyond: all of them
    falls = (groups.diff() < 0) & (owner.diff() == 0) & ~has_states[owner[1:]]
    demand(not falls.any(), "numeric axes have groups out of order")
    demand((n_groups[~has_states] <= MOST_GROUPS).all(), "numeric axes have too many groups")
    return n_groups


def _check_weights(weights: Tensor, lengths: Tensor, points: Tensor) -> None:
    """Raise unless background rows have a weight for each point of each axis, and these add up to 1."""
    known = torch.equal(lengths, points) and int(points.sum()) == len(weights)
    demand(known, "background rows have weights on other axes")
    sums = torch.zeros(len(points), dtype=torch.float64).index_add_(0, _owner(points), weights.double())
    demand(((sums - 1).abs() < ROUNDING)[points > 0].all(), "background rows have weights that do not add up to 1")


def _check_triples(tensors: Mapping[str, Tensor], axis_column: Tensor, n_groups: Tensor) -> None:
    """Raise unless effects of three are of three axes of different columns, with tables over their groups."""
    members, columns = tensors["remainder_triple_members"], tensors["remainder_triple_columns"]
    demand(len(members) and (members < len(axis_column)).all(), "effects of three are of axes that there are not")
    demand(torch.equal(axis_column[members], columns), "effects of three are of other columns than their axes")
    distinct = (columns.sort(dim=1).values.diff(dim=1) > 0).all()
    demand(distinct, "effects of three are of fewer columns")
    for k, own in enumerate(n_groups[members].tolist()):
        shares = tensors.get(f"remainder_triple_{k}_shares")
        whole_share = shares is None or abs(float(shares.sum()) - 1) < ROUNDING
        demand(whole_share, "effects of three have shares of rows that do not add up to 1")
        demand(
            list(tensors[f"remainder_triple_{k}"].shape[1:]) == own, "effects of three are of groups that there are not"
        )
