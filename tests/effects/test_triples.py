"""Effects of three axes against slow means over cells."""

from itertools import permutations

import numpy as np
import pytest
import torch

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.triples import find_triples, group_of

CATEGORY = (torch.tensor([4, 5, 6]), torch.zeros(3), torch.ones(3))
COLUMNS = torch.tensor([0, 1, 2, 3, 4])


def three_way(x):
    """A product of three numbers, and one of two numbers and a category; nothing for the last score."""
    level = x[:, 4:] @ torch.tensor([0.0, 1.0, -2.0], dtype=x.dtype)
    return torch.stack((x[:, 0] * x[:, 1] * x[:, 2], x[:, 1] * x[:, 3] * level, 0 * level), dim=1)


@pytest.fixture(scope="module")
def x():
    g = torch.Generator().manual_seed(0)
    level = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), 20_000, replacement=True, generator=g)
    numbers = torch.randn(20_000, 4, generator=g, dtype=torch.float64)
    return torch.cat((numbers, torch.eye(3, dtype=torch.float64)[level]), dim=1)


@pytest.fixture(scope="module")
def axes(x):
    """Five axes in the order of the columns."""
    found = find_axes(x, [CATEGORY])
    return tuple(sorted(found, key=lambda axis: int(axis.coordinates[0])))


@pytest.fixture(scope="module")
def triples(x, axes):
    return find_triples(
        axes, COLUMNS, range(5), [(x[:10_000], three_way(x[:10_000])), (x[10_000:], three_way(x[10_000:]))]
    )


def test_the_triples_that_there_are_and_no_others(triples):
    assert {tuple(three) for three in triples.columns.tolist()} >= {(0, 1, 2), (1, 3, 4)}
    strongest = triples.variances().argsort(descending=True)[:2]
    assert {tuple(triples.columns[k].tolist()) for k in strongest} == {(0, 1, 2), (1, 3, 4)}


def test_a_table_is_the_mean_of_each_cell(triples, x, axes):
    """Of the product of three independent numbers of mean zero, up to noise, which is far smaller in a large cell."""
    k = triples.columns.tolist().index([0, 1, 2])
    own = [axes[j] for j in triples.members[k].tolist()]
    groups = torch.stack([group_of(axis, x) for axis in own], dim=1)
    effects = triples.effects(x, 0)[:, k]
    for cell in ([3, 3, 3], [1, 5, 2], [5, 5, 5]):
        inside = (groups == torch.tensor(cell)).all(dim=1)
        assert inside.sum() > 50
        assert effects[inside].std() < 1e-12
        assert effects[inside][0] == pytest.approx(float(three_way(x[inside])[:, 0].mean()), abs=0.15)


def test_tables_have_mean_zero_along_each_axis(triples):
    for members, table in zip(triples.members.tolist(), triples.tables, strict=True):
        for dim, i in enumerate(members, start=1):
            axis = triples.axes[i]
            share = torch.zeros(axis.n_groups, dtype=torch.float64).index_add_(0, axis.groups, axis.share)
            mean = torch.tensordot(table, share, dims=([dim], [0]))
            assert mean.abs().max() < 1e-9


def test_of_independent_columns_each_gets_a_third(triples, x):
    target = torch.arange(len(x)) % 3
    phi = triples.add_shapley_values(torch.zeros(len(x), 6, dtype=torch.float64), x, target)
    by_hand = np.zeros((len(x), 6))
    for c in range(3):
        rows = (target == c).numpy()
        for k, columns in enumerate(triples.columns.tolist()):
            for column in columns:
                by_hand[rows, column] += triples.effects(x, c)[rows, k].numpy() / 3
    np.testing.assert_allclose(phi.numpy(), by_hand, atol=1e-12)


def test_against_dependent_rows_values_are_those_of_brute_force(triples, x):
    background = x[:300].clone()
    background[:, 1] = background[:, 0]
    rows = x[300:305]
    found = triples.against(background).add_shapley_values(torch.zeros(5, 5, dtype=torch.float64), rows, 0)
    each = triples.add_shapley_values_against(torch.zeros(5, 300, 5, dtype=torch.float64), rows, background[None], 0)
    np.testing.assert_allclose(each.mean(dim=1).numpy(), found.numpy(), atol=1e-12)
    columns = [torch.tensor([j]) for j in range(4)] + [torch.tensor([4, 5, 6])]

    def worth(present):
        hybrid = background.repeat(len(rows), 1, 1)
        for j in present:
            hybrid[:, :, columns[j]] = rows[:, None, columns[j]]
        return triples.effects(hybrid.flatten(0, 1), 0).sum(dim=1).reshape(len(rows), -1).mean(dim=1)

    by_hand = torch.zeros(5, 5, dtype=torch.float64)
    for order in permutations(range(5)):
        for k, j in enumerate(order):
            by_hand[:, j] += (worth(order[: k + 1]) - worth(order[:k])) / 120
    np.testing.assert_allclose(found.numpy(), by_hand.numpy(), atol=1e-9)


def test_noise_has_no_triples(x, axes):
    g = torch.Generator().manual_seed(1)
    noise = torch.randn(len(x), 2, generator=g, dtype=torch.float64)
    assert find_triples(axes, COLUMNS, range(5), [(x, noise)]) is None


def test_triples_are_of_three_columns(x, axes):
    same = torch.tensor([0, 0, 2, 3, 4])
    found = find_triples(axes, same, range(5), [(x, three_way(x))])
    assert all(len(set(three)) == 3 for three in found.columns.tolist())
