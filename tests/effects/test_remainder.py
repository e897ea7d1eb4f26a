"""Constants, shares and what is shared out, against slow computations."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.remainder import Measured, Remainder, measure_remainder, with_constants

D = 4


def scores(x):
    """An effect of three columns, one of a pair that the tables know, and none."""
    return torch.stack((x[:, 0] * x[:, 1] * x[:, 2] + x[:, 3], x[:, 0] * x[:, 3], 0 * x[:, 0]), dim=1)


def tables(x, c):
    """The Shapley values of the main effect and of the pair."""
    phi = torch.zeros(len(x), D, dtype=x.dtype)
    if c == 0:
        phi[:, 3] = x[:, 3]
    if c == 1:
        phi[:, 0] = phi[:, 3] = x[:, 0] * x[:, 3] / 2
    return phi


@pytest.fixture(scope="module")
def background():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(3000, D, generator=g, dtype=torch.float64)
    x[:, 3] = 0.8 * x[:, 0] + 0.6 * x[:, 3]  # the pair's columns depend on each other
    return x


@pytest.fixture(scope="module")
def measured(background):
    mean = scores(background).mean(dim=0)
    axes = find_axes(background)
    return Measured(scores, tables, mean, background, torch.arange(D), axes, D)


@pytest.fixture(scope="module")
def remainder(measured):
    found = measure_remainder(measured, torch.arange(D), seed=0)
    found = replace(found, triples=found.triples.against(measured.background))
    return with_constants(found, measured.with_triples(found.triples))


def test_shares_are_the_total_indices_of_what_is_left(remainder):
    """Of a product of three columns of mean zero each has the same total index; the tables leave nothing else."""
    np.testing.assert_allclose(remainder.shares[0].numpy(), [1 / 3, 1 / 3, 1 / 3, 0], atol=0.06)
    assert (remainder.shares[1] == 1 / 4).all(), "even ones where nothing is left"
    assert (remainder.shares[2] == 0).all(), "none of a score that no column moves"
    assert (remainder.trust[1:] == 0).all()


def test_constants_make_every_column_mean_zero_over_the_background(measured, remainder, background):
    """The pair's look-up alone has the mean E[x0 x3] / 2 = 0.4 in both of its columns."""
    assert tables(background, 1)[:, [0, 3]].mean() == pytest.approx(0.4, abs=0.05)
    for c in range(3):
        phi = measured.with_triples(remainder.triples).tables(background, c)
        total = scores(background)[:, c] - measured.mean_scores[c]
        values, _ = remainder.completed(phi, total, c)
        assert values.mean(dim=0).abs().max() < 0.01 * max(float(values.abs().mean()), 1e-9) + 1e-12
        torch.testing.assert_close(values.sum(dim=1), total)


def test_a_constant_of_dependent_columns_is_that_of_brute_force(remainder):
    """Against the joint rows, a product's Shapley values are half of E[(x0 - b0)(x3 + b3)]."""
    assert remainder.constants[1, 0] == pytest.approx(0.4, abs=0.05)
    assert remainder.constants[1, 1] == pytest.approx(0, abs=1e-9)


def test_trust_in_the_indices_grows_as_they_concentrate():
    shares = torch.tensor([[1.0, 0, 0, 0], [0.25] * 4, [0.0] * 4], dtype=torch.float64)
    trust = Remainder(torch.zeros(3, 4), shares).trust
    np.testing.assert_allclose(trust.numpy(), [1 - 1 / 8, 1 / 2, 0])


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=50, deadline=None)
def test_rows_add_up_and_targets_can_be_mixed(seed, zero):
    rng = np.random.default_rng(seed)
    constants, shares = rng.normal(size=(3, D)), rng.random((3, D))
    shares[2] = 0
    shares[:2] /= shares[:2].sum(axis=1, keepdims=True)
    remainder = Remainder(torch.from_numpy(constants), torch.from_numpy(shares))
    target = torch.from_numpy(rng.integers(0, 3, 6))
    phi, total = torch.from_numpy(rng.normal(size=(6, D))), torch.from_numpy(rng.normal(size=6))
    if zero:
        phi = remainder.constants[target].clone()  # nothing is left to share by
    values, support = remainder.completed(phi.clone(), total, target)
    shared = ~((target == 2) & zero)  # without indices and without attributions nothing can be shared
    torch.testing.assert_close(values.sum(dim=1)[shared], total[shared])
    assert ((support >= 0) & (support <= 1)).all()
    for i, c in enumerate(target.tolist()):
        alone, _ = remainder.completed(phi[i : i + 1].clone(), total[i : i + 1], c)
        torch.testing.assert_close(alone[0], values[i])


def test_without_a_measurement_the_rest_goes_by_absolute_attributions():
    phi = torch.tensor([[1.0, -3.0, 0.0]], dtype=torch.float64)
    values, support = Remainder.nothing(2, 3).completed(phi, torch.tensor([2.0], dtype=torch.float64), 1)
    torch.testing.assert_close(values, torch.tensor([[2.0, 0.0, 0.0]], dtype=torch.float64))
    assert support.item() == pytest.approx(4 / 8)
