"""Typical rows are made of grid points, columns by themselves."""

import torch
from support.three_way import COLUMNS, table

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.typical_rows import TYPICAL_ROWS, typical_of, typical_rows


def test_they_have_quantiles_of_every_axis():
    rows = table(2000, 0)
    rows[:, 2] = 0.5
    typical = typical_rows(find_axes(rows, column_of=COLUMNS), COLUMNS, rows.mean(dim=0))
    assert typical.shape == (TYPICAL_ROWS, 5)
    quantiles = (torch.arange(TYPICAL_ROWS, dtype=torch.float64) + 0.5) / TYPICAL_ROWS
    for j in (0, 1, 3, 4):
        expected = rows[:, j].quantile(quantiles)
        torch.testing.assert_close(typical[:, j].sort().values, expected, atol=0.2, rtol=0)
    assert (typical[:, 2] == 0.5).all()


def test_states_are_drawn_by_their_share():
    rows = torch.tensor([[0.0, 0.0]] * 70 + [[1.0, 3.0]] * 30).double()
    column_of = torch.zeros(2, dtype=torch.long)
    typical = typical_rows(find_axes(rows, column_of=column_of), column_of, rows.mean(dim=0))
    assert typical.sort(dim=0).values.tolist() == [[0, 0]] * 3 + [[1, 3]]


def test_quantiles_of_other_rows():
    column_of = torch.tensor([0, 0, 1])
    line = torch.arange(9.0)
    found = typical_of(torch.stack((line, -line, line.flip(0) * 10), dim=1), column_of)
    assert found[:, 0].sort().values.tolist() == [1, 3, 5, 7]
    assert torch.equal(found[:, 1], -found[:, 0]), "coordinates of a column stay together"
    assert found[:, 2].sort().values.tolist() == [10, 30, 50, 70]
    one = torch.tensor([[3.0, 4.0, 5.0]])
    assert torch.equal(typical_of(one, column_of), one.repeat(TYPICAL_ROWS, 1))
