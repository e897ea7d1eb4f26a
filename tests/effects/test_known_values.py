"""Known values, and the nearest of them to others."""

import pytest
import torch

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.curves import Curve
from agop_tabular.effects.known_values import KnownCurve, KnownStates, KnownStretches, KnownValues


def of(rows, axes, constants=None, dtype=torch.float32):
    constants = torch.full((rows.shape[1],), torch.nan) if constants is None else constants
    return KnownValues.of(axes, constants.double(), rows.device, dtype)


@pytest.fixture
def rows():
    rows = torch.randn(800, 4, generator=torch.Generator().manual_seed(0))
    rows[:, 2] = (rows[:, 2] > 0).float() * 5
    rows[:, 3] = 1e6
    return rows


def test_far_values_are_put_to_the_outermost_and_others_to_the_constant(rows):
    constants = torch.tensor([torch.nan, torch.nan, torch.nan, 1e6])
    known = of(rows, find_axes(rows), constants)
    for some in (rows, rows[:0], rows * torch.tensor([1, 1, 1, 1 + 1e-7])):
        assert known.near(some) is some
    near = known.near(torch.tensor([[1e3, -1e3, 9.0, 1e6 + 4], [0.0, 0.0, 2.0, 1e6], [0.0, 0.0, 3.0, 0.0]]))
    lowest, highest = rows.aminmax(dim=0)
    torch.testing.assert_close(near[0], torch.stack((highest[0], lowest[1], highest[2], rows[0, 3])), rtol=0, atol=0)
    assert near[1:, 2].tolist() == [0, 5]
    assert (near[:, 3] == 1e6).all()


def test_rows_beside_others_are_left_alone(rows):
    known = of(rows, find_axes(rows))
    x = rows.clone()
    x[5, 2] = 2
    near = known.near(x)
    assert torch.equal(near[:5], x[:5])
    assert torch.equal(near[6:], x[6:])
    assert near[5, 2] in (0, 5)
    assert any(isinstance(other, KnownStretches) for other in known.others)


def test_states_that_are_not_known_are_put_to_the_nearest():
    seen = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]).double()
    rows = seen.repeat(100, 1)
    known = of(rows, find_axes(rows, column_of=torch.zeros(2, dtype=torch.long)), dtype=torch.float64)
    assert isinstance(known.others[0], KnownStates)
    assert known.near(rows) is rows
    near = known.near(torch.tensor([[1.0, 2.0], [0.0, 2.0]]).double())
    assert any(torch.equal(near[0], state) for state in seen)
    assert torch.equal(near[1], seen[2])


@pytest.mark.parametrize("encode", [lambda v: (v, v**2), lambda v: (torch.sin(v), torch.cos(v))])
def test_beyond_a_curve_the_nearest_row_is_on_it(encode):
    """Coordinate by coordinate it would be a row that no value has."""
    values = torch.linspace(0, 4, 500, dtype=torch.float64)
    values = values[(values < 1.5) | (values > 3)]
    rows = torch.stack(encode(values), dim=1)
    curve = Curve.of(values, rows)
    axes = find_axes(rows, column_of=torch.zeros(2, dtype=torch.long), curves={0: curve})
    known = of(rows, axes, dtype=torch.float64)
    assert isinstance(known.others[0], KnownCurve)
    assert known.near(rows) is rows
    x = torch.stack(encode(torch.tensor([-8.0, 2.0, 2.5, 9.0]).double()), dim=1) * torch.tensor([1.0, 3.0])
    near = known.near(x)
    changed = near[(near != x).any(dim=1)]
    assert len(changed) > 1
    assert torch.cdist(changed, rows).amin(dim=1).max() < 0.1


def test_axes_of_earlier_files_know_their_grid_points(rows):
    from dataclasses import replace

    axes = tuple(replace(axis, reach=None, ends=None) for axis in find_axes(rows[:, :2]))
    known = of(rows[:, :2], axes)
    near = known.near(torch.tensor([[9.0, 0.0]]))
    torch.testing.assert_close(near[0, 0].double(), axes[0].nodes[-1], rtol=1e-6, atol=0)
