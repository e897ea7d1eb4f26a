"""Gains of columns that join one by one, against a loop and against all coalitions."""

import itertools

import pytest
import torch
from support.three_way import COLUMNS, D, brute_force, scores, table

from agop_tabular.effects.permutations import pairs_at_a_time, permutation_gains, rows_at_a_time


def test_gains_are_those_of_a_loop():
    x, absent = table(3, 1), table(2, 2)
    orders = torch.tensor([[2, 0, 3, 1], [1, 3, 2, 0]])
    gains = permutation_gains(scores, x, absent, orders, COLUMNS)
    assert gains.dtype == torch.float64
    for b, n in itertools.product(range(3), range(2)):
        for direction, order in enumerate((orders[n], orders[n].flip(0))):
            row = absent[n].clone()
            for column in order.tolist():
                before = scores(row[None])[0]
                row[column == COLUMNS] = x[b, column == COLUMNS]
                torch.testing.assert_close(gains[b, n, direction, column], scores(row[None])[0] - before)


def test_gains_are_shapley_values_on_average_over_all_orders():
    x, background = table(5, 1), table(1, 0)
    orders = torch.tensor(list(itertools.permutations(range(D))))
    gains = permutation_gains(scores, x, background.expand(len(orders), -1), orders, COLUMNS)
    assert gains.shape == (5, 24, 2, D, 3)
    torch.testing.assert_close(gains.mean(dim=(1, 2)), brute_force(scores, x, background))
    torch.testing.assert_close(gains[:, :, 0].mean(1), gains[:, :, 1].mean(1))


def test_a_coordinate_of_no_column_joins_with_the_first():
    x, absent = table(2, 1), table(1, 2)
    columns = torch.tensor([0, 1, 2, 3, -1])
    gains = permutation_gains(scores, x, absent, torch.arange(D)[None], columns)
    joined = permutation_gains(scores, x, absent, torch.arange(D)[None], columns.clamp_min(0))
    assert torch.equal(gains, joined)


def test_parts_are_the_whole(monkeypatch):
    x, absent = table(3, 1), table(10, 2)
    orders = torch.rand(10, D, generator=torch.Generator().manual_seed(0)).argsort(dim=1)
    whole = permutation_gains(scores, x, absent, orders, COLUMNS)
    monkeypatch.setattr("agop_tabular.effects.permutations.MAX_ROWS", 100)
    evaluated = []

    def counted(z):
        evaluated.append(len(z))
        return scores(z)

    torch.testing.assert_close(permutation_gains(counted, x, absent, orders, COLUMNS), whole)
    assert max(evaluated) <= 100
    assert sum(evaluated) == 2 * (D + 1) * 3 * 10


@pytest.mark.parametrize(("p", "rows"), [(0, 2**14), (1, 2**14), (2**12, 2**12), (2**30, 1)])
def test_calls_of_the_network_are_bounded(p, rows):
    assert rows_at_a_time(p) == rows
    assert pairs_at_a_time(10, p, 3) == max(1, rows // 80)


def test_every_row_may_have_its_own_orders():
    generator = torch.Generator().manual_seed(0)
    x, absent = table(3, 1), table(12, 2).reshape(3, 4, -1)
    orders = torch.rand(3, 4, D, generator=generator).argsort(dim=2)
    gains = permutation_gains(scores, x, absent, orders, COLUMNS)
    for b in range(3):
        alone = permutation_gains(scores, x[b : b + 1], absent[b], orders[b], COLUMNS)
        torch.testing.assert_close(gains[b : b + 1], alone)
