"""Where training rows have values, and what is far from them."""

import pytest
import torch

from agop_tabular.effects.stretches import stretches_of


def found(values, rows_each=1):
    values = torch.as_tensor(values, dtype=torch.float64)
    reach, places = stretches_of(values, torch.full((len(values),), rows_each))
    assert (reach.diff() > 0).all()
    return reach, values[places].tolist()


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1e-9, 0), (1, 1e6), (1e6, -1e9), (100, 1e12)])
def test_a_wide_stretch_without_rows_is_not_known(scale, shift):
    values = torch.cat((torch.linspace(0, 1, 50), torch.linspace(3, 4, 50))).double() * scale + shift
    reach, ends = found(values)
    torch.testing.assert_close(torch.tensor(ends).double(), values[[0, 49, 50, 99]])
    known = torch.searchsorted(reach, values) % 2 == 1
    assert known.all()
    between = torch.tensor([1.5, 2.9, 6, -2]).double() * scale + shift
    assert (torch.searchsorted(reach, between) % 2 == 0).all()


def test_one_value_far_out_makes_no_room_for_others():
    reach, ends = found([*torch.linspace(-3, 3, 400).tolist(), 30.0])
    assert ends == [-3, 3, 30, 30]
    assert torch.searchsorted(reach, torch.tensor([5.0, 15.0, 31.0, 30.0]).double()).tolist() == [2, 2, 3, 3]


def test_a_step_between_few_whole_numbers_is_far():
    levels = [0, 1, 2, 3, 5, 6]
    _, ends = found(levels, rows_each=50)
    assert ends == sorted([*levels, *levels])
    reach, _ = found(range(7), rows_each=50)
    assert reach[-1] < 7
    ages = [*range(17, 60), *range(61, 90)]
    assert found(ages, rows_each=50)[1] == [17, 89], "a year that nobody has is not far"


def test_few_values_of_a_small_table_are_in_one_stretch():
    torch.manual_seed(0)
    for n in (5, 10, 20):
        values = torch.rand(n, dtype=torch.float64).sort().values
        assert len(found(values)[1]) == 2
