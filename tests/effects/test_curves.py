"""Places on the curves that numbers make which are encoded into several coordinates."""

import numpy as np
import pytest
import torch
from sklearn.preprocessing import SplineTransformer

from agop_tabular.core.gradients import class_gradients
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.curves import ROWS, Curve, nearest_places, places_of
from agop_tabular.effects.grid_check import axes_missed_by_gradients

VALUES = torch.linspace(-2, 2, 41, dtype=torch.float64)
SPLINE = SplineTransformer(n_knots=4).fit(VALUES[:, None])


def spline(t):
    return torch.from_numpy(SPLINE.transform(t[:, None].numpy()))


def with_flag(t):
    missing = torch.isnan(t)
    return torch.stack((torch.where(missing, 0.0, t), missing.double()), dim=1)


STRAIGHT = {
    "spline": spline,
    "powers": lambda t: torch.stack((t, t**2, t**3), dim=1),
    "falling": lambda t: torch.stack((-t, t.abs()), dim=1),
    "value and logarithm": lambda t: torch.stack((t, (t + 3).log(), t / 2), dim=1),
    "clipped pieces": lambda t: torch.stack([(t - k).clamp(0, 1) for k in (-2.0, -1.0, 0.0, 1.0)], dim=1),
    "with a flag": with_flag,
}
BENT = {
    "circle": lambda t: torch.stack(((1.5 * t).sin(), (1.5 * t).cos()), dim=1),
    "size and sign": lambda t: torch.stack((t.abs(), t.sign()), dim=1),
}


@pytest.mark.parametrize("encode", STRAIGHT.values(), ids=STRAIGHT)
def test_a_direction_along_which_values_grow(encode):
    values = torch.cat((VALUES, torch.tensor([torch.nan]))) if encode is with_flag else VALUES
    direction = Curve.of(values, encode(values)).direction
    between = torch.linspace(-1.99, 1.99, 500, dtype=torch.float64)
    keys = encode(between) @ direction
    assert (keys.diff() > 0).all()
    if encode is with_flag:
        gap = encode(values)[-1] @ direction - keys[-1]
        assert gap > 0.5 * (keys[-1] - keys[0]), "a missing value lies beyond all others"


@pytest.mark.parametrize("encode", BENT.values(), ids=BENT)
def test_curves_without_a_direction(encode):
    assert Curve.of(VALUES, encode(VALUES)).direction is None


def test_where_keys_would_stand_nearly_still_there_is_no_direction():
    """The cosine of half a period grows all the way, but hardly at its ends, where the sine moves."""
    t = torch.linspace(0, torch.pi, 64, dtype=torch.float64)
    assert Curve.of(t, torch.stack((-t.cos(), t.sin()), dim=1)).direction is None


def test_what_is_passed_again_is_one_curve():
    curve = Curve.of(VALUES, torch.stack((VALUES**2, VALUES**4), dim=1))
    assert len(curve.points) == 21
    assert curve.direction is not None
    t = torch.linspace(0, 4 * torch.pi, 65, dtype=torch.float64)
    assert len(Curve.of(t, torch.stack((t.sin(), t.cos()), dim=1)).points) == 32


def test_codes_in_no_order_are_no_curve():
    assert Curve.of(VALUES, torch.randn(len(VALUES), 3, generator=torch.Generator().manual_seed(0))) is None
    assert Curve.of(VALUES, torch.stack(((20 * VALUES).sin(), (20 * VALUES).cos()), dim=1)) is None


def test_a_missing_value_that_is_encoded_as_a_number_is_no_point_of_its_own():
    values = torch.cat((VALUES, torch.tensor([torch.nan])))
    curve = Curve.of(values, spline(torch.nan_to_num(values, nan=0.123)))
    assert not curve.has_missing
    assert curve.direction is not None
    assert Curve.of(values, with_flag(values)).has_missing


@pytest.mark.parametrize("values", [[1.0], [torch.nan, torch.nan, 1.0, 2.0], [0.0, 1.0, torch.inf]])
def test_too_few_or_no_numbers(values):
    values = torch.tensor(values, dtype=torch.float64)
    assert Curve.of(values, torch.randn(len(values), 3)) is None


@pytest.mark.parametrize("encode", BENT.values(), ids=BENT)
def test_the_nearest_place_is_that_of_a_fine_search(encode):
    points = Curve.of(VALUES, encode(VALUES)).points
    places = places_of(points)
    assert (places.diff() > 0).all()
    fine = torch.linspace(0, float(places[-1]), 20001, dtype=torch.float64)
    k = (torch.searchsorted(places, fine, right=True) - 1).clamp(0, len(places) - 2)
    part = ((fine - places[k]) / (places[k + 1] - places[k]))[:, None]
    on_line = points[k] * (1 - part) + points[k + 1] * part
    unit = points.amax(dim=0) - points.amin(dim=0)
    x = on_line[torch.arange(50, 20001, 371)]
    nearest = ((x[:, None] - on_line) / unit).square().sum(dim=2).argmin(dim=1)
    torch.testing.assert_close(on_line[nearest], x, rtol=0, atol=1e-12)
    found = nearest_places(x, points, places)
    at = (torch.searchsorted(places, found, right=True) - 1).clamp(0, len(places) - 2)
    part = ((found - places[at]) / (places[at + 1] - places[at]))[:, None]
    torch.testing.assert_close(points[at] * (1 - part) + points[at + 1] * part, x, rtol=0, atol=1e-9)


def test_a_place_does_not_depend_on_the_batch():
    t = torch.linspace(-2, 2, 64, dtype=torch.float64)
    curve = Curve.of(t, torch.stack((torch.sin(4 * t), torch.cos(4 * t)), dim=1))  # passes every point twice and more
    line, x = (curve.points, places_of(curve.points)), curve.points.repeat(2 * ROWS // len(curve.points) + 1, 1)
    whole = nearest_places(x, *line)
    assert torch.equal(whole, torch.cat([nearest_places(row, *line) for row in x.split(1)]))


def test_points_that_stay_are_one():
    t = torch.tensor([0.0, 1.0, 2.0, 3.0], dtype=torch.float64)
    assert len(Curve.of(t, torch.stack((t.clamp_max(2), t.clamp_max(2)), dim=1)).points) == 3


@pytest.mark.parametrize("encode", [spline, BENT["circle"]], ids=["spline", "circle"])
def test_a_step_along_a_curve_is_found(encode):
    t = torch.from_numpy(np.random.default_rng(0).uniform(-1.5, 1.5, 2000))
    x, curve = encode(t), Curve.of(VALUES, encode(VALUES))
    column_of = torch.zeros(x.shape[1], dtype=torch.long)
    (axis,) = find_axes(x, (), column_of, {0: curve})
    middle, generator = axis.grid[axis.n_bins // 2], torch.Generator().manual_seed(0)

    def missed(step):
        def scores(z):
            s = z @ middle
            s = s + step * (s > middle @ middle * 0.7)
            return torch.stack((s, -s), dim=1)

        return axes_missed_by_gradients(
            (axis,), torch.ones(1), x, column_of, scores, lambda z: class_gradients(scores, z), generator
        )

    assert missed(0.0) == []
    assert missed(3.0) == [0]
