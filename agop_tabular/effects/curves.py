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

import torch
from torch import Tensor

SAME = 1e-7
"""Share of the range of all keys, or of a coordinate, below which two are the same. Numerical: rounding in float32."""

STEEPEST = 1e3
"""Terms of a key are at most this many times as large as the range of the keys, so that it keeps digits in float32."""

BEYOND = 1.0
"""How far beyond all numbers the missing value is put, as a share of their range."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of a curve, and what tells the places on it apart.

    Attributes
    ----------
    points : Tensor of shape (k, m), float64
        Coordinates of some values, which ascend.
    direction : Tensor of shape (m,) or None
        What coordinates are multiplied with for a key that grows with the value; None where no linear combination does.
    """

    points: Tensor
    direction: Tensor | None

    @classmethod
    def of(cls, values: Tensor, coordinates: Tensor) -> Curve | None:
        """From what the values of a column are encoded into; None where they are too few.

        Parameters
        ----------
        values : Tensor of shape (k,)
            Distinct numbers, ascending, NaN for the missing value.
        coordinates : Tensor of shape (k, m)
        """
        values, points = values.double(), coordinates.double()
        missing = torch.isnan(values)
        known = values[~missing]
        if len(known) < 2 or int(missing.sum()) > 1 or not torch.isfinite(known).all():
            return None
        values = torch.where(missing, known[-1] + BEYOND * (known[-1] - known[0]), values)
        points = points[values.argsort()]
        directions = _directions(values.sort().values, points)
        return cls(points, next((w for w in directions if _grows(points, w)), None))

    def line(self) -> tuple[Tensor, Tensor]:
        """Distinct points (k, m), and how far each is along the line that joins them, (k,)."""
        unit = _range(self.points)
        steps = (self.points.diff(dim=0) / unit).square().sum(dim=1).sqrt()
        kept = torch.cat((torch.ones(1, dtype=torch.bool), steps > SAME))
        return self.points[kept], torch.nn.functional.pad(steps[steps > SAME].cumsum(0), (1, 0))


def nearest_places(x: Tensor, points: Tensor, places: Tensor) -> Tensor:
    """Where on the line through points (k, m) the nearest point to each row (b, m) is, (b,): from their ``places``.

    It is looked for before and after the nearest of the points.
    """
    unit = _range(points)
    x, points = x / unit, points / unit
    step, steps = points.diff(dim=0), places.diff()
    # Coordinate by coordinate, so that of points that are equally near a row has the same in every batch.
    far = x.new_zeros(len(x), len(points))
    for k in range(x.shape[1]):
        far += (x[:, k, None] - points[:, k]).square()
    nearest = far.argmin(dim=1)
    best, found = torch.full_like(x[:, 0], torch.inf), torch.zeros_like(x[:, 0])
    for segment in ((nearest - 1).clamp_min(0), nearest.clamp_max(len(step) - 1)):
        offset, way = x - points[segment], step[segment]
        along = ((offset * way).sum(dim=1) / way.square().sum(dim=1)).clamp(0, 1)
        distance = (offset - along[:, None] * way).square().sum(dim=1)
        found = torch.where(distance < best, places[segment] + along * steps[segment], found)
        best = torch.minimum(distance, best)
    return found


def _range(points: Tensor) -> Tensor:
    """Range of each coordinate (k, m), (m,), never zero: units in which distances are taken."""
    whole = points.amax(dim=0) - points.amin(dim=0)
    return torch.where(whole > 0, whole, 1.0)


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


def _grows(x: Tensor, direction: Tensor) -> bool:
    """Whether the keys of ascending values grow, but for values that are encoded alike."""
    keys = x @ direction
    whole = keys[-1] - keys[0]
    if not whole > 0 or (x * direction).abs().max() > STEEPEST * whole:
        return False
    alike = (x.diff(dim=0).abs() <= SAME * (x.amax(dim=0) - x.amin(dim=0))).all(dim=1)
    return bool(((keys.diff() > SAME * whole) | alike).all())
