"""Checks at the network's input and output; each error says what cannot be explained, and the way out."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.gradients import Scores, class_gradients
from agop_tabular.models.no_gradient import NoGradientError

NEGLIGIBLE = 1e-6
"""A gradient below this share of the largest, both per standard deviation, may be lost when it is squared: its share of
the squares, 1e-12, is far below the precision of float32."""

HALVINGS = 8
"""Number of bisection steps in the search for a jump: they shrink the interval between two rows to 1/256, in which a
smooth network is nearly linear."""

SLOPE_POINTS = 9
"""Number of points in the last interval at which the gradient is taken."""

SLOPE_FACTOR = 4
"""A change larger than the interval times the largest gradient times this factor is a jump; a continuous function may
exceed the gradients at those points, but rarely by so much."""

LARGEST = 1e150
"""Standard deviation that is still squared in double precision, which ends at 1.8e308, and summed over coordinates."""

ROUNDING = 64
"""Change of the scores that may be rounding, in units of machine epsilon times the largest score. Numerical: each layer
rounds its sums."""


def check_finite(x: Tensor, feature_map: FeatureMap, first_row: int = 0, places: np.ndarray | None = None) -> None:
    """Raise if there is NaN or infinity at the network's input, naming the user's columns.

    Parameters
    ----------
    x : Tensor of shape (b, p)
    feature_map : FeatureMap
    first_row : int
        Place of the batch in the user's table.
    places : ndarray of int, shape (b,), optional
        Places of the rows in the user's table, if they are not consecutive.

    Raises
    ------
    ValueError
    """
    if math.isfinite(x.sum().item()):  # fast: one pass over x; details only if the sum is not finite
        return
    bad = ~torch.isfinite(x)
    if not bad.any():
        return
    what = "NaN" if torch.isnan(x).any() else "infinity"
    row = int(bad.any(dim=1).nonzero()[0])
    row = first_row + row if places is None else int(places[row])
    columns = feature_map.column_of[bad.any(dim=0).cpu().numpy()].tolist()
    imputer = "put an imputer such as sklearn.impute.SimpleImputer in front of the network"
    raise ValueError(
        f"Input X contains {what} at the network's input, in column(s) {_named(columns, feature_map)} (first at row "
        f"{row}). Drop these rows, or "
        f"{imputer if what == 'NaN' else 'clip the column in front of the network'}."
    )


def check_scores(scores: Tensor, first_row: int) -> None:
    """Raise if scores are not finite.

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
            "row too large for their dtype?). Leave such rows out, or repair the network."
        )


def check_gradient(gradient: Tensor, first_row: int, *, squared: bool = False) -> None:
    """Raise if gradients are not finite.

    Parameters
    ----------
    gradient : Tensor of shape (b, …)
    first_row : int
        Place of the batch in the user's table.
    squared : bool
        Whether it is already known that the squares of the gradients are not finite.

    Raises
    ------
    ValueError
    """
    if not squared and math.isfinite(gradient.sum().item()):
        return
    bad = ~torch.isfinite(gradient.flatten(1)).all(dim=1)
    if not squared and not bad.any():  # all are finite, only their sum is too large
        return
    row = f"at row {first_row + int(bad.nonzero()[0])}" if bad.any() else f"when squared, after row {first_row}"
    raise ValueError(
        f"The network's gradient is not finite {row} (a square root or logarithm of zero, or weights that are NaN or "
        "too large for their dtype?). Leave such rows out, or repair the network."
    )


def check_attributions(values: Tensor, feature_map: FeatureMap, first_row: int) -> None:
    """Raise if attributions are not finite, although rows, scores and gradients are.

    Parameters
    ----------
    values : Tensor of shape (b, d), or (b, d, C)
    feature_map : FeatureMap
    first_row : int
        Place of the batch in the user's table.

    Raises
    ------
    ValueError
    """
    if math.isfinite(values.sum().item()):
        return
    bad = ~torch.isfinite(values)
    if not bad.any():  # all are finite, only their sum is too large
        return
    row = first_row + int(bad.flatten(1).any(dim=1).nonzero()[0])
    columns = bad.any(dim=0).reshape(values.shape[1], -1).any(dim=1).nonzero()[:, 0].tolist()
    dtype = str(values.dtype).removeprefix("torch.")
    raise ValueError(
        f"Attributions of column(s) {_named(columns, feature_map)} are too large for {dtype}, the network's precision, "
        f"from row {row} on; scale the column, or clip what is so large, in front of the network."
    )


def _named(columns: list[int], feature_map: FeatureMap) -> str:
    """The first columns by their names, each once, and how many more there are."""
    each = list(dict.fromkeys(columns))
    names = ", ".join(repr(feature_map.names[c]) if c >= 0 else "a constant" for c in each[:10])
    return names + (f" and {len(each) - 10} more" if len(each) > 10 else "")


def check_known(feature_map: FeatureMap, varies: Tensor) -> None:
    """Raise if a coordinate varies although none of the user's columns was found to change it.

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
        raise NoGradientError(
            f"Coordinate(s) {lost[:10]} at the network's input vary, but which column they come from could not be "
            "found by changing one column at a time on a few rows: a transformer that describes nothing of its outputs "
            "computes them from rare values. Give it one column at a time, or use a ColumnTransformer of "
            "scikit-learn's own transformers."
        )


def check_range(scale: Tensor, diagonal: Tensor, feature_map: FeatureMap) -> None:
    """Raise if coordinates vary, or are standardised gradients, by more than double precision can square.

    Parameters
    ----------
    scale : Tensor of shape (p,), float64
        Standard deviations of the coordinates.
    diagonal : Tensor of shape (p,), float64
        Mean squared gradients.
    feature_map : FeatureMap

    Raises
    ------
    ValueError
    """
    sizes = torch.maximum(scale, scale * diagonal.to(scale).sqrt())
    bad = ~(sizes < LARGEST)  # NaN, too: infinity less infinity
    if bad.any():
        names = _columns(feature_map, bad.nonzero()[:, 0].tolist())
        raise ValueError(
            f"The values of column(s) {names} are too large to be squared in double precision: a number such as 1e300 "
            "among them? Clip the column, or leave such rows out."
        )


def check_moves(scores: Scores, x: Tensor, candidates: Tensor, feature_map: FeatureMap) -> None:
    """Raise if the scores jump along a coordinate, since their gradient does not show it.

    A jump is a rounding, a threshold, or a look-up that could not become a product. An attribution of zero would be
    wrong.

    Parameters
    ----------
    scores : callable
    x : Tensor of shape (b, p)
        A few rows.
    candidates : Tensor of bool, shape (p,)
        Coordinates to check: those that vary although their squared gradient is zero on all rows, and others.
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
        raise NoGradientError(
            f"The network's scores move with column(s) {_columns(feature_map, steps)}, but their gradient there is "
            "zero, or does not show how: the column is rounded, compared with a threshold, or used in another way than "
            "as codes, plus a constant, that nn.Embedding looks up. Encode it one-hot, or explain the part of the "
            "network behind that step."
        )


def check_squares(gradients: Iterable[Tensor], scale: Tensor, dead: Tensor, feature_map: FeatureMap) -> None:
    """Raise if a coordinate's gradient is not negligible but its square is zero in the network's dtype.

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
        raise NoGradientError(
            f"The gradient in column(s) {names} is too small to be squared in the network's dtype; "
            "scale the column, for example with sklearn.preprocessing.StandardScaler."
        )


def _columns(feature_map: FeatureMap, coordinates: list[int]) -> str:
    """Names of the columns of some coordinates, ten at most, for a message."""
    return _named(feature_map.column_of[coordinates].tolist(), feature_map)


def _jumps(scores: Scores, x: Tensor, j: int) -> bool:
    """Whether the scores change along coordinate j by more than its gradient explains.

    The interval between the values of neighbouring rows is halved several times; the half with the larger change is
    kept. In the last one, a slope shows in the gradient, a jump does not.
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
    for share in torch.linspace(0.0, 1.0, SLOPE_POINTS).tolist():
        between = x.clone()
        between[:, j] = lower + share * (upper - lower)
        each = [g[:, j].abs() for g in class_gradients(scores, between)]
        slope = torch.maximum(slope, torch.stack(each, dim=1))
    noise = ROUNDING * torch.finfo(x.dtype).eps * s_lower.abs().amax()
    return bool((change > SLOPE_FACTOR * slope * (upper - lower).abs()[:, None] + noise).any())
