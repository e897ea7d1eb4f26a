"""Filters against the matrices that they stand for."""

import itertools

import pytest
import torch

from agop_tabular.core import Filter, Spectrum

P = 6


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


A = random(P, P)
SPECTRUM = Spectrum.of_matrix(A @ A.T)
BLOCK = torch.tensor([[0, 1.0, 1, 1, 0, 0]], dtype=torch.float64)
FILTERS = {
    "scaling": Filter.scaling(random(P, seed=1)),
    "rank 1": Filter.rank_truncated(SPECTRUM, 1),
    "rank 4": Filter.rank_truncated(SPECTRUM, 4),
    "sqrt diagonal": Filter.sqrt_diagonal(torch.diagonal(A @ A.T)),
    "centring": Filter.centring(BLOCK, BLOCK * torch.tensor([0, 0.2, 0.3, 0.5, 0, 0])),
    "nothing": Filter(),
}


def matrix(f):
    return f(torch.eye(P, dtype=torch.float64))


@pytest.mark.parametrize("names", itertools.product(FILTERS, repeat=3), ids=" ".join)
def test_composition_is_the_product_of_matrices(names):
    first, second, third = (FILTERS[n] for n in names)
    composed = first.then(second).then(third)
    expected = matrix(first) @ matrix(second) @ matrix(third)
    torch.testing.assert_close(matrix(composed), expected)
    torch.testing.assert_close(matrix(composed.ready(torch.float64, "cpu")), expected)


def test_rank_truncated():
    v, w = SPECTRUM.components[:2], SPECTRUM.eigenvalues
    torch.testing.assert_close(matrix(Filter.rank_truncated(SPECTRUM, 2)), v.T @ torch.diag(w[:2]) @ v / w[0])


def test_full_rank_is_the_unfiltered_moment():
    full = Filter.rank_truncated(SPECTRUM, P)
    torch.testing.assert_close(matrix(full), A @ A.T / SPECTRUM.eigenvalues[0])


def test_centring_is_a_projection_that_takes_the_direction_out():
    centring = FILTERS["centring"]
    torch.testing.assert_close(matrix(centring.then(centring)), matrix(centring))
    torch.testing.assert_close(centring(BLOCK), torch.zeros_like(BLOCK))


def test_of_a_zero_moment():
    zero = Spectrum.of_matrix(torch.zeros(P, P))
    assert not matrix(Filter.rank_truncated(zero, 1)).any()
    assert not matrix(Filter.sqrt_diagonal(torch.zeros(P, dtype=torch.float64))).any()


def test_ready_keeps_leading_axes_and_precision():
    f = FILTERS["rank 1"].ready(torch.float32, "cpu")
    g = random(4, 3, P).float()
    assert f(g).shape == (4, 3, P)
    assert f(g).dtype == torch.float32
    torch.testing.assert_close(f(g)[2, 1], f(g[2, 1]))
