"""Refusals at the network's input: what cannot be explained, in one sentence with the way out."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.gradients import Scores, class_gradients

NEGLIGIBLE = 1e-6
"""A gradient below this share of the largest, in standard deviations, may be lost when it is squared."""

HALVINGS = 8
"""So often the interval between two rows is halved in search of a jump."""


def check_finite(x: Tensor, feature_map: FeatureMap, first_row: int = 0, places: np.ndarray | None = None) -> None:
    """Refuse NaN and infinity at the network's input, naming the user's columns.

    Parameters
    ----------
    x : Tensor of shape (b, p)
    feature_map : FeatureMap
    first_row : int
        Place of the batch in the user's table.
    places : ndarray of int, shape (b,), optional
        Places of the rows, where they are not one behind the other.

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
    row = int(bad.any(dim=1).nonzero()[0])
    row = first_row + row if places is None else int(places[row])
    columns = dict.fromkeys(feature_map.column_of[bad.any(dim=0).cpu().numpy()].tolist())
    names = ", ".join(repr(feature_map.names[c]) if c >= 0 else "a constant" for c in list(columns)[:10])
    more = f" and {len(columns) - 10} more" if len(columns) > 10 else ""
    mend = "put an imputer such as sklearn.impute.SimpleImputer in front of the network"
    raise ValueError(
        f"Input X contains {what} at the network's input, in column(s) {names}{more} (first at row {row}). Drop these "
        f"rows, or {mend if what == 'NaN' else 'clip the column in front of the network'}."
    )


def check_scores(scores: Tensor, first_row: int) -> None:
    """Refuse scores that are not finite.

    Parameters
    ----------
    scores : Tensor of shape (b, n_scores)
    first_row : int
        Place of the batch in the user's table.

    Raises
    ------
    ValueError
    """
    if math.isfinite(scores.sum().item()):
        return
    bad = ~torch.isfinite(scores).all(dim=1)
    if bad.any():
        raise ValueError(
            f"The network's score is not finite at row {first_row + int(bad.nonzero()[0])} (weights that are NaN, or a "
            "row too large for their dtype?). Leave such rows out, or mend the network."
        )


def check_gradient(gradient: Tensor, first_row: int, *, squared: bool = False) -> None:
    """Refuse gradients that are not finite.

    Parameters
    ----------
    gradient : Tensor of shape (b, …)
    first_row : int
        Place of the batch in the user's table.
    squared : bool
        Their squares are known not to be.

    Raises
    ------
    ValueError
    """
    if not squared and math.isfinite(gradient.sum().item()):
        return
    bad = ~torch.isfinite(gradient.flatten(1)).all(dim=1)
    if not squared and not bad.any():  # only their sum is too large
        return
    row = f"at row {first_row + int(bad.nonzero()[0])}" if bad.any() else f"when squared, after row {first_row}"
    raise ValueError(
        f"The network's gradient is not finite {row} (a square root or logarithm of zero, or weights that are NaN or "
        "too large for their dtype?). Leave such rows out, or mend the network."
    )


def check_known(feature_map: FeatureMap, varies: Tensor) -> None:
    """Refuse coordinates that vary though no column of the user's was found to move them.

    Parameters
    ----------
    feature_map : FeatureMap
    varies : Tensor of bool, shape (p,)

    Raises
    ------
    ValueError
    """
    lost = [k for k in varies.nonzero()[:, 0].tolist() if feature_map.column_of[k] < 0]
    if lost:
        raise ValueError(
            f"Coordinate(s) {lost[:10]} at the network's input vary, but which column they come from could not be "
            "found by changing one column at a time on a few rows: a transformer without metadata makes them of rare "
            "values. Give it one column at a time, or a ColumnTransformer of transformers that scikit-learn knows."
        )


def check_moves(scores: Scores, x: Tensor, candidates: Tensor, feature_map: FeatureMap) -> None:
    """Refuse a coordinate in which the scores jump: their gradient knows nothing of it.

    That is a rounding, a threshold, or a look-up that could not become a product; an attribution of zero would be wrong
    without a word. A gradient that is there but too small to square is refused as well.

    Parameters
    ----------
    scores : callable
    x : Tensor of shape (b, p)
        A few rows.
    candidates : Tensor of bool, shape (p,)
        Coordinates whose squared gradient was zero on all rows though they vary, and others to look at.
    feature_map : FeatureMap

    Raises
    ------
    ValueError
    """
    if len(x) < 2:
        return
    with torch.no_grad():
        changed = torch.where(candidates.to(x.device), x.roll(1, dims=0), x)
        if torch.equal(scores(changed), scores(x.clone())):
            return
    steps = [j for j in candidates.nonzero()[:, 0].tolist() if _jumps(scores, x, j)]
    if steps:
        raise ValueError(
            f"The network's scores move with column(s) {_columns(feature_map, steps)}, but their gradient there is "
            "zero, or does not tell: the column is rounded, compared with a threshold, or used otherwise than as codes "
            "that nn.Embedding looks up, plus a constant. Encode it one-hot, or explain the part of the network behind "
            "that step."
        )


def check_squares(gradients: Iterable[Tensor], scale: Tensor, dead: Tensor, feature_map: FeatureMap) -> None:
    """Refuse coordinates whose gradient counts, measured in standard deviations, while its square is zero.

    Parameters
    ----------
    gradients : iterable of Tensor of shape (b, p)
    scale : Tensor of shape (p,), float64
    dead : Tensor of bool, shape (p,)
        Coordinates whose squared gradient was zero on all rows.
    feature_map : FeatureMap

    Raises
    ------
    ValueError
    """
    effect = torch.stack([g.abs().amax(dim=0).cpu().double() * scale for g in gradients]).amax(dim=0)
    there = dead & (effect > NEGLIGIBLE * effect.max())
    if there.any():
        names = _columns(feature_map, there.nonzero()[:, 0].tolist())
        raise ValueError(
            f"The gradient in column(s) {names} is too small to be squared in the network's dtype; "
            "scale the column, for example with sklearn.preprocessing.StandardScaler."
        )


def _columns(feature_map: FeatureMap, coordinates: list[int]) -> str:
    columns = dict.fromkeys(feature_map.column_of[coordinates].tolist())
    return ", ".join(repr(feature_map.names[c]) for c in list(columns)[:10])


def _jumps(scores: Scores, x: Tensor, j: int) -> bool:
    """Whether the scores change along coordinate j by more than its gradient accounts for.

    Between the values of neighbouring rows the interval is halved towards the larger change; at the end a slope shows
    in the gradient, a jump does not.
    """
    lower, upper = x[:, j].clone(), x[:, j].roll(1)

    def at(values: Tensor) -> Tensor:
        changed = x.clone()
        changed[:, j] = values
        return scores(changed)

    with torch.no_grad():
        s_lower, s_upper = at(lower), at(upper)
        if torch.equal(s_lower, s_upper):
            return False
        for _ in range(HALVINGS):
            middle = (lower + upper) / 2
            s_middle = at(middle)
            below = (s_middle - s_lower).abs().amax(dim=1) >= (s_upper - s_middle).abs().amax(dim=1)
            lower, upper = torch.where(below, lower, middle), torch.where(below, middle, upper)
            s_lower = torch.where(below[:, None], s_lower, s_middle)
            s_upper = torch.where(below[:, None], s_middle, s_upper)
        change = (s_upper - s_lower).abs()
    slope = torch.zeros_like(change)
    for share in torch.linspace(0.0, 1.0, 9).tolist():
        between = x.clone()
        between[:, j] = lower + share * (upper - lower)
        each = [g[:, j].abs() for g in class_gradients(scores, between)]
        slope = torch.maximum(slope, torch.stack(each, dim=1))
    noise = 64 * torch.finfo(x.dtype).eps * s_lower.abs().amax()
    return bool((change > 4 * slope * (upper - lower).abs()[:, None] + noise).any())
