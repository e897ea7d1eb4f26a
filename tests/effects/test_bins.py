"""Bins on all axes at once against those of one axis after the other."""

import pytest
import torch
from support.known_effects import BLOCK

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.bins import AxisBins


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("blocks", [(), [BLOCK]])
def test_bins_are_those_of_each_axis(rows, dtype, blocks):
    x = rows.to(dtype, copy=True)
    x[:, 2] = (x[:, 2] * 2).round()  # values between which an edge may lie on a number of the dtype
    axes = find_axes(x, blocks)
    bins = AxisBins(axes)
    expected = torch.stack([axis.bins(x) for axis in axes])
    assert torch.equal(bins(x).long(), expected)
    for i, numbered in enumerate(bins.numbered(x)):
        assert (bins.owner[numbered] == i).all()
        assert torch.equal(numbered - bins.starts[i], expected[i])


def test_float32_numbers_next_to_an_edge_fall_on_the_right_side(rows):
    axis = find_axes(rows[:, :1])[0]
    near = axis.edges.float()
    beside = [torch.nextafter(near, torch.full_like(near, bound)) for bound in (-torch.inf, torch.inf)]
    x = torch.cat([near, *beside])[:, None]
    assert torch.equal(AxisBins((axis,))(x)[0].long(), axis.bins(x))


def test_no_axes_have_no_bins(rows):
    assert AxisBins(())(rows).shape == (0, len(rows))
