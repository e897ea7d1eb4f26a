"""Refusals at the network's input: what cannot be explained, in one sentence with the way out."""

from __future__ import annotations

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.features import FeatureMap


def check_finite(x: Tensor, feature_map: FeatureMap, first_row: int = 0) -> None:
    """Refuse NaN and infinity at the network's input, naming the user's columns.

    Parameters
    ----------
    x : Tensor of shape (b, p)
    feature_map : FeatureMap
    first_row : int
        Place of the batch in the user's table.

    Raises
    ------
    ValueError
    """
    if torch.isfinite(x.sum()):  # one pass; the full look only where the sum is not finite
        return
    bad = ~torch.isfinite(x)
    if not bad.any():
        return
    what = "NaN" if torch.isnan(x).any() else "infinity"
    row = first_row + int(bad.any(dim=1).nonzero()[0])
    columns = dict.fromkeys(feature_map.column_of[bad.any(dim=0).cpu().numpy()].tolist())
    names = ", ".join(repr(feature_map.names[c]) if c >= 0 else "a constant" for c in list(columns)[:10])
    more = f" and {len(columns) - 10} more" if len(columns) > 10 else ""
    raise ValueError(
        f"Input X contains {what} at the network's input, in column(s) {names}{more} (first at row {row}). Drop these "
        "rows, or put an imputer such as sklearn.impute.SimpleImputer in front of the network."
    )


def check_gradient(gradient: Tensor, first_row: int) -> None:
    """Refuse gradients that are not finite.

    Parameters
    ----------
    gradient : Tensor of shape (b, …)
    first_row : int
        Place of the batch in the user's table.

    Raises
    ------
    ValueError
    """
    if torch.isfinite(gradient.sum()):
        return
    bad = ~torch.isfinite(gradient.flatten(1)).all(dim=1)
    if bad.any():
        raise ValueError(
            f"The network's gradient is not finite at row {first_row + int(bad.nonzero()[0])} (a square root or "
            "logarithm of zero, or weights that are NaN?). Leave such rows out, or mend the network."
        )


def check_moves(scores: Scores, x: Tensor, dead: Tensor, feature_map: FeatureMap) -> None:
    """Refuse a coordinate that moves the scores although their gradient in it is zero everywhere.

    That is an integer looked up in an embedding, a rounding or a threshold: the gradient knows nothing of it, and an
    attribution of zero would be wrong without a word.

    Parameters
    ----------
    scores : callable
    x : Tensor of shape (b, p)
        A few rows.
    dead : Tensor of bool, shape (p,)
        Coordinates whose gradient was zero on all rows though they vary.
    feature_map : FeatureMap

    Raises
    ------
    ValueError
    """
    if len(x) < 2 or not dead.any():
        return
    moved = []
    with torch.no_grad():
        before = scores(x.clone())
        every = x.clone()
        every[:, dead] = x.roll(1, dims=0)[:, dead]
        if torch.equal(scores(every.clone()), before):
            return
        for j in dead.nonzero()[:, 0].tolist():
            changed = x.clone()
            changed[:, j] = x[:, j].roll(1)
            if not torch.equal(scores(changed.clone()), before):
                moved.append(j)
    steps = [j for j in moved if _is_step(scores, x, j)]
    if steps:
        columns = dict.fromkeys(feature_map.column_of[steps].tolist())
        names = ", ".join(repr(feature_map.names[c]) for c in list(columns)[:10])
        raise ValueError(
            f"The network's scores move with column(s) {names}, but their gradient there is zero everywhere: the "
            "column is looked up in an embedding as an integer, rounded or compared with a threshold. Encode it one-hot, or "
            "explain the part of the network behind the embedding."
        )


def _is_step(scores: Scores, x: Tensor, j: int) -> bool:
    """Whether no gradient is found anywhere between neighbouring rows' values of the coordinate."""
    for share in torch.linspace(0.03, 0.97, 16).tolist():
        between = x.clone()
        between[:, j] += share * (x[:, j].roll(1) - x[:, j])
        leaf = between.requires_grad_()
        (gradient,) = torch.autograd.grad(scores(leaf.clone()).sum(), leaf, allow_unused=True)
        if gradient is not None and (gradient[:, j] != 0).any():
            return False
    return True
