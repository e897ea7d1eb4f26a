"""Bins and groups along curves."""

import numpy as np
import pytest
import torch

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.curves import Curve


def with_flag(t):
    missing = torch.isnan(t)
    return torch.stack((torch.where(missing, 0.0, t), missing.double()), dim=1)


def turning(t):
    return torch.cat((t.nan_to_num().sin()[:, None], t.nan_to_num().cos()[:, None], with_flag(t)[:, 1:]), dim=1)


@pytest.mark.parametrize(("encode", "spread"), [(with_flag, np.exp), (turning, np.tanh)], ids=["straight", "bent"])
def test_few_rows_without_a_value_have_a_bin_and_a_group_of_their_own(encode, spread):
    """However far the tail next to them goes, which as a gap would not count."""
    t = torch.from_numpy(3 * spread(np.random.default_rng(0).normal(size=2000)))
    t[:2] = torch.nan
    ordered = t[2:].sort().values
    shown = torch.cat((ordered[::40], ordered[-1:], t[:1]))
    (axis,) = find_axes(encode(t), (), torch.zeros(encode(t).shape[1]).long(), {0: Curve.of(shown, encode(shown))})
    assert len(axis.direction) == (0 if encode is turning else 2)
    assert axis.compared
    assert (axis.bins(encode(t)) == axis.n_bins - 1).nonzero().flatten().tolist() == [0, 1]
    assert (axis.groups == axis.groups[-1]).sum() == 1
    assert (axis.nodes.diff() > 0).all()
    if encode is with_flag:  # numbers beyond the training rows are not on the way to the missing value
        assert axis.grid[-2, 0] > ordered[-1]
        assert axis.grid[-2, 1] == 0


def test_every_grid_point_has_rows():
    t = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, 1500))
    x = torch.stack((t.sin(), (6 * t).sin(), (6 * t).cos()), dim=1)
    points = torch.linspace(0, 2, 60, dtype=torch.float64)  # half of them beyond all rows
    curve = Curve.of(points, torch.stack((points.sin(), (6 * points).sin(), (6 * points).cos()), dim=1))
    for own in (curve, Curve(curve.points, None)):
        (axis,) = find_axes(x, (), torch.zeros(3, dtype=torch.long), {0: own})
        assert (axis.share > 0).all()
        assert axis.share.sum() == pytest.approx(1)
