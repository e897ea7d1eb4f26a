"""Curves: numbers that are encoded into several coordinates, which move together, as those of a spline do.

Along single coordinates of a spline nothing can be said: no row has one changed and not the others. So a place on the
curve is a single number again, a linear combination of the coordinates that grows with the user's own value. There is
one for splines, whose combination by the knots is the value itself; for powers and other functions beside the value;
for a value beside a flag that it is missing. There is none for the sine and cosine of a whole period: there a place is
that of the nearest point on the line through points of the curve.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

SAME = 1e-7
"""Share of the range of all keys, or of a coordinate, below which two are the same. Numerical: rounding in float32."""

STEEPEST = 1e3
"""Terms of a key are at most this many times as large as the range of the keys, so that it keeps digits in float32."""

END, MOST_AT_END = 0.01, 0.05
"""Share of the keys at either end, and share of a curve at most that is passed there. Where keys stand nearly still, as
the cosine does at the ends of half a period (6%), tables by the key are too coarse for the other coordinates, since
they are finest in the middle."""

ROWS = 1024
"""Rows whose distances from all points are computed together, which stay in the processor's cache."""

NEAR_STEP = 0.05
"""A point lies on a line of points if it is nearer to a step of it than this share of the step. An arc of 20 degrees is
4% of its chord away from it."""

STRAYS, STRAY_SHARE = 2, 0.2
"""Points of a curve, and share of them, that may have another point nearer than those next to them on the curve: where
it passes near itself. Codes of categories, which are in no order, nearly all have."""

BEYOND = 30.0
"""How far beyond all numbers the missing value is put, as a multiple of their range: numbers outside of the training
rows are to lie on this side of it."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of a curve, and what tells the places on it apart.

    Attributes
    ----------
    points : Tensor of shape (k, m), float64
        Coordinates along the curve, in the order of the values; no two neighbours are the same.
    direction : Tensor of shape (m,) or None
        What coordinates are multiplied with for a key that grows along the curve; None where no linear combination
        does.
    has_missing : bool
        Whether the last point is that of the missing value, which lies apart.
    """

    points: Tensor
    direction: Tensor | None
    has_missing: bool = False

    @classmethod
    def of(cls, values: Tensor, coordinates: Tensor) -> Curve | None:
        """From what the values of a column are encoded into; None where they are too few, or in no order.

        Parameters
        ----------
        values : Tensor of shape (k,)
            Distinct numbers, ascending, NaN for the missing value.
        coordinates : Tensor of shape (k, m)
        """
        values, points = values.double(), coordinates.double()
        missing = torch.isnan(values)
        known, apart = values[~missing], points[missing]
        if len(known) < 2 or len(apart) > 1 or not torch.isfinite(known).all():
            return None
        order = known.argsort()
        known, points = known[order], points[~missing][order]
        moves = torch.nn.functional.pad((points.diff(dim=0).abs() > SAME * _range(points)).any(dim=1), (1, 0), value=1)
        known, points = known[moves], points[moves]
        whole = cls._through(known, points, apart)
        if whole is not None and whole.direction is not None:
            return whole
        first = _first_pass(points)
        return whole if len(first) == len(points) else cls._through(known[first], points[first], apart)

    @classmethod
    def _through(cls, values: Tensor, points: Tensor, missing: Tensor) -> Curve | None:
        """Through these points (k, m) of known values, and that of the missing value (0 or 1, m)."""
        apart = len(missing) > 0 and not _is_on(missing[0], points)
        if apart:
            beyond = values[-1:] + BEYOND * (values[-1:] - values[:1])
            values, points = torch.cat((values, beyond)), torch.cat((points, missing))
        if len(points) < 2 or not _is_in_order(points):
            return None
        return cls(points, next((w for w in _directions(values, points) if _grows(points, w, apart)), None), apart)


def nearest_places(x: Tensor, points: Tensor, places: Tensor) -> Tensor:
    """Where on the line through points (k, m) the nearest point to each row (b, m) is, (b,): from their ``places``.

    It is looked for before and after the nearest of the points.
    """
    unit = _range(points)
    line = (points / unit).T.contiguous()
    return torch.cat([_nearest((some / unit).T.contiguous(), line, places) for some in torch.split(x, ROWS)])


def _nearest(x: Tensor, points: Tensor, places: Tensor) -> Tensor:
    """As :func:`nearest_places`, of rows (m, b) and points (m, k) in units of the ranges.

    Coordinate by coordinate, so that of points that are equally near a row has the same in every batch.
    """
    ways, steps = points.diff(dim=1), places.diff()
    lengths = ways.square().sum(dim=0)
    far = x.new_zeros(x.shape[1], points.shape[1])
    for own, at in zip(x, points, strict=True):
        away = own[:, None] - at
        far.addcmul_(away, away)
    nearest = far.argmin(dim=1)
    best, found = torch.full_like(x[0], torch.inf), torch.zeros_like(x[0])
    for segment in ((nearest - 1).clamp_min(0), nearest.clamp_max(len(steps) - 1)):
        offset, way = x - points[:, segment], ways[:, segment]
        along = ((offset * way).sum(dim=0) / lengths[segment]).clamp(0, 1)
        distance = (offset - along * way).square().sum(dim=0)
        found = torch.where(distance < best, places[segment] + along * steps[segment], found)
        best = torch.minimum(distance, best)
    return found


def places_of(points: Tensor) -> Tensor:
    """How far each point (k, m) is along the line that joins them, (k,), in ranges of the coordinates."""
    return torch.nn.functional.pad(_steps(points).cumsum(0), (1, 0))


def share_off(x: Tensor, keys: Tensor, points: Tensor, nodes: Tensor) -> float:
    """Share of the variance of rows (b, m) that lies off the points (k, m) of a curve, at the rows' keys (b,).

    Between the points, whose keys are ``nodes``, the curve is straight.
    """
    unit = _range(points)
    k = (torch.searchsorted(nodes, keys) - 1).clamp(0, len(nodes) - 2)
    part = ((keys - nodes[k]) / (nodes[k + 1] - nodes[k])).clamp(0, 1)[:, None]
    off = x - torch.lerp(points[k], points[k + 1], part)
    left, whole = ((each / unit).square().sum() for each in (off, x - x.mean(dim=0)))
    return float(left / whole.clamp_min(torch.finfo(torch.float64).tiny))


def _range(points: Tensor) -> Tensor:
    """Range of each coordinate (k, m), (m,), never zero: units in which distances are taken."""
    whole = points.amax(dim=0) - points.amin(dim=0)
    return torch.where(whole > 0, whole, 1.0)


def _steps(points: Tensor) -> Tensor:
    """Distance of each point (k, m) but the first from the one before, (k - 1,)."""
    return (points.diff(dim=0) / _range(points)).square().sum(dim=1).sqrt()


def _is_on(point: Tensor, points: Tensor) -> bool:
    """Whether a point (m,) lies on the line through points (k, m), as far as the steps between these tell."""
    unit = _range(torch.cat((points, point[None])))
    start, way = points[:-1] / unit, (points / unit).diff(dim=0)
    offset, length = point / unit - start, way.square().sum(dim=1)
    along = ((offset * way).sum(dim=1) / length).clamp(0, 1)
    return bool(((offset - along[:, None] * way).square().sum(dim=1) <= length * NEAR_STEP**2).any())


def _first_pass(points: Tensor) -> Tensor:
    """Places of the points (k, m) that do not lie on the line through those before."""
    kept = [0]
    for k in range(1, len(points)):
        if not _is_on(points[k], points[kept]):
            kept.append(k)
    return torch.tensor(kept)


def _is_in_order(points: Tensor) -> bool:
    """Whether points (k, m) have their nearest next to them on the line, as those of a curve do, and codes do not."""
    x = points / _range(points)
    far = torch.cdist(x, x).fill_diagonal_(torch.inf)
    beside = far.diagonal(1)
    before, after = (torch.nn.functional.pad(beside, ends, value=torch.inf) for ends in ((1, 0), (0, 1)))
    strays = int((far.amin(dim=1) < torch.minimum(before, after) * (1 - SAME)).sum())
    return strays <= max(STRAYS, STRAY_SHARE * len(points))


def _directions(values: Tensor, x: Tensor) -> Iterable[Tensor]:
    """Directions to try: those that fit the values, or their ranks, best, and single coordinates."""
    scale = x.std(dim=0, correction=0)
    unit = torch.where(scale > 0, 1 / scale, 0.0)
    centred = (x - x.mean(dim=0)) * unit
    for wanted in (values, torch.arange(len(values), dtype=torch.float64)):
        y = (wanted - wanted.mean()) / wanted.std().clamp_min(torch.finfo(torch.float64).tiny)
        yield torch.linalg.lstsq(centred, y[:, None], driver="gelsd").solution[:, 0] * unit
    for k in range(x.shape[1]):
        sign = 1.0 if x[-1, k] >= x[0, k] else -1.0
        yield sign * torch.eye(x.shape[1], dtype=torch.float64)[k]


def _grows(x: Tensor, direction: Tensor, has_missing: bool) -> bool:
    """Whether the keys of points (k, m) grow, at the ends of the numbers not much slower than the points move."""
    keys = x @ direction
    whole = keys[-1] - keys[0]
    if not whole > 0 or (x * direction).abs().max() > STEEPEST * whole or (keys.diff() <= SAME * whole).any():
        return False
    x, keys = (each[: len(each) - has_missing] for each in (x, keys))
    if len(x) < 3:
        return True
    passed, grown = (torch.nn.functional.pad(each.cumsum(0) / each.sum(), (1, 0)) for each in (_steps(x), keys.diff()))
    first, last = np.interp((END, 1 - END), grown.numpy(), passed.numpy())
    return bool(first <= MOST_AT_END and last >= 1 - MOST_AT_END)
