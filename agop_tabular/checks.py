"""Refusals at the network's input: what cannot be explained, in one sentence with the way out."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from agop_tabular.core.gradients import Scores
from agop_tabular.features import FeatureMap

HALVINGS, JUMP = 14, 1e-2
"""An interval is halved so often; where more than this share of the change is left, it is a jump."""


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
    if math.isfinite(x.sum().item()):  # one pass; the full look only where the sum is not finite
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
    if math.isfinite(gradient.sum().item()):
        return
    bad = ~torch.isfinite(gradient.flatten(1)).all(dim=1)
    row = f"at row {first_row + int(bad.nonzero()[0])}" if bad.any() else f"when squared, after row {first_row}"
    raise ValueError(
        f"The network's gradient is not finite {row} (a square root or logarithm of zero, or weights that are NaN or "
        "too large for their dtype?). Leave such rows out, or mend the network."
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
    with torch.no_grad():
        before = scores(x.clone())
        every = x.clone()
        every[:, dead] = x.roll(1, dims=0)[:, dead]
        if torch.equal(scores(every), before):
            return
        steps = [j for j in dead.nonzero()[:, 0].tolist() if _is_step(scores, x, j)]
    if steps:
        columns = dict.fromkeys(feature_map.column_of[steps].tolist())
        names = ", ".join(repr(feature_map.names[c]) for c in list(columns)[:10])
        raise ValueError(
            f"The network's scores move with column(s) {names}, but their gradient there is zero everywhere: the "
            "column is looked up in an embedding as an integer, rounded or compared with a threshold. Encode it "
            "one-hot, or explain the part of the network behind the embedding."
        )


def _is_step(scores: Scores, x: Tensor, j: int) -> bool:
    """Whether the scores jump between neighbouring rows' values of the coordinate.

    The interval is halved towards the larger change: a jump stays, a slope shrinks with the interval.
    """
    lower, upper = x[:, j].clone(), x[:, j].roll(1)

    def at(values: Tensor) -> Tensor:
        changed = x.clone()
        changed[:, j] = values
        return scores(changed)

    s_lower, s_upper = at(lower), at(upper)
    whole = (s_upper - s_lower).abs().amax(dim=1)
    for _ in range(HALVINGS):
        middle = (lower + upper) / 2
        s_middle = at(middle)
        below = (s_middle - s_lower).abs().amax(dim=1) >= (s_upper - s_middle).abs().amax(dim=1)
        lower, upper = torch.where(below, lower, middle), torch.where(below, middle, upper)
        s_lower = torch.where(below[:, None], s_lower, s_middle)
        s_upper = torch.where(below[:, None], s_middle, s_upper)
    rest = (s_upper - s_lower).abs().amax(dim=1)
    noise = 64 * torch.finfo(x.dtype).eps * s_lower.abs().amax()
    return bool((rest > JUMP * whole + noise).any())
