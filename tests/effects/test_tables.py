"""Effects against functions that are known, and the ways to read them against each other."""

import numpy as np
import pytest
import torch
from scipy.integrate import trapezoid
from support.known_effects import SLOPES, axis_of_column

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import (
    RANK,
    Effects,
    extend,
    group_shares,
    integrate,
    interpolate,
    leading_eigenvectors,
    pair_effects,
)


def relative(found, expected, share):
    """Root mean square error over rows, relative to that of the expected values."""
    return (((found - expected).square() * share).sum() / (expected.square() * share).sum()).sqrt()


def test_main_effects_are_those_of_the_function(effects):
    i = axis_of_column(effects, 0)
    expected = torch.sin(2 * effects.nodes[i])
    expected -= (expected * effects.share[i]).sum()
    assert relative(effects.mains[i][0], expected, effects.share[i]) < 0.1
    i = axis_of_column(effects, 3)
    expected = 0.1 * (effects.nodes[i] - (effects.nodes[i] * effects.share[i]).sum())
    assert relative(effects.mains[i][0], expected, effects.share[i]) < 0.05


def test_pair_effects_are_those_of_the_function(effects):
    i, j = axis_of_column(effects, 0), axis_of_column(effects, 1)
    a, b = ((n - (n * s).sum()) for n, s in ((effects.nodes[k], effects.share[k]) for k in (i, j)))
    share = effects.share[i][:, None] * effects.share[j]
    assert relative(effects.pair(i, j)[1], 2 * a[:, None] * b, share) < 0.2
    i, j = axis_of_column(effects, 4), axis_of_column(effects, 2)
    level = effects.axes[i].states @ SLOPES
    a, b = ((n - (n * s).sum()) for n, s in ((level, effects.share[i]), (effects.nodes[j], effects.share[j])))
    share = effects.share[i][:, None] * effects.share[j]
    assert relative(effects.pair(i, j)[2], a[:, None] * b, share) < 0.2


def test_effects_are_centred(effects):
    for i in range(len(effects.axes)):
        np.testing.assert_allclose((effects.mains[i] * effects.share[i]).sum(1), 0, atol=1e-10)
        mean = torch.einsum("k,ckr->cr", effects.share[i], effects.factors_at_nodes(i))
        np.testing.assert_allclose(mean, 0, atol=1e-10)


def test_pairs_of_groups_are_symmetric_and_centred(sums):
    pairs, share = pair_effects(sums), group_shares(sums)
    torch.testing.assert_close(pairs, pairs.transpose(1, 2))
    for part in sums.group_slices:
        assert share[part].sum() == pytest.approx(1)
        assert not pairs[:, part, part].any()
        mean = torch.einsum("g,cgm->cm", share[part], pairs[:, part])
        np.testing.assert_allclose(mean, 0, atol=1e-10)


def test_pair_variances_are_those_of_the_pair_effects(effects):
    found = effects.pair_variances
    for n, i in enumerate(effects.interacting):
        for m, j in enumerate(effects.interacting):
            share = effects.share[i][:, None] * effects.share[j]
            expected = (effects.pair(i, j).square() * share).sum(dim=(1, 2)) if i != j else torch.zeros(4).double()
            torch.testing.assert_close(found[:, n, m], expected)


def test_rows_at_grid_points_read_the_tables(effects):
    for i, axis in enumerate(effects.axes):
        x = torch.zeros(len(effects.nodes[i]), 7, dtype=torch.float64)
        x[:, axis.coordinates] = effects.nodes[i][:, None] if axis.states is None else axis.states
        torch.testing.assert_close(effects.main(i, x), effects.mains[i])
        torch.testing.assert_close(effects.factors_at(i, x), effects.factors_at_nodes(i))


def test_fewer_knots(effects):
    i, j = axis_of_column(effects, 0), axis_of_column(effects, 1)
    ends = torch.tensor([0, len(effects.knots[i]) - 1])
    fewer = effects.with_knots({i: ends})
    assert len(fewer.knots[i]) == 2
    assert torch.equal(fewer.factors[j], effects.factors[j])
    mean = torch.einsum("k,ckr->cr", fewer.share[i], fewer.factors_at_nodes(i))
    np.testing.assert_allclose(mean, 0, atol=1e-10)


def test_axes_that_do_not_interact_have_no_pair_effects(rows):
    axes = find_axes(rows)
    sums = EffectSums(axes, 2, importance=torch.zeros(len(axes)))
    effects = Effects.from_sums(sums)
    assert effects.interacting == ()
    assert effects.signs.shape == (2, 0)
    assert (effects.negligible() > 0).all()


def test_integrals_are_numpys_trapezoids():
    rng = np.random.default_rng(0)
    x, slopes = np.sort(rng.random(7)), rng.random((3, 7))
    x[4:] -= 1  # grid points of a second axis
    for axis in (slice(0, 4), slice(4, 7)):
        expected = [[trapezoid(s[: k + 1], x[axis][: k + 1]) for k in range(len(x[axis]))] for s in slopes[:, axis]]
        found = integrate(torch.tensor(x), torch.tensor(slopes), torch.tensor([0, 0, 0, 0, 2, 2, 2]))
        np.testing.assert_allclose(found[:, axis], expected, atol=1e-12)


def test_interpolation_is_numpys():
    rng = np.random.default_rng(0)
    knots, values, x = np.sort(rng.random(5)), rng.random((2, 5, 3)), rng.random(40) * 3 - 1
    found = interpolate(torch.tensor(x), torch.tensor(knots), torch.tensor(values))
    for c in range(2):
        for r in range(3):
            np.testing.assert_allclose(found[c, :, r], np.interp(x, knots, values[c, :, r]))
    assert interpolate(torch.tensor(x), torch.tensor(knots[:1]), torch.tensor(values[:, :1])).shape == (2, 40, 3)


def test_beyond_the_ends_the_slope_goes_on():
    x, values = torch.tensor([0.0, 1.0, 3.0]), torch.tensor([[0.0, 1.0, 5.0]])
    at = torch.tensor([-2.0, 0.5, 2.0, 4.0])
    assert extend(at, x, values, values)[0].tolist() == pytest.approx([-2, 0.5, 3, 7])
    other = torch.tensor([[0.0, 10.0, 10.0]])
    assert extend(at, x, values, other)[0].tolist() == pytest.approx([-20, 0.5, 3, 5])
    assert extend(at, x[:1], values[:, 1:2], values[:, 1:2])[0].tolist() == [1, 1, 1, 1]


def test_large_matrices_lose_no_more_than_their_kept_eigenvectors_do():
    """Eigenvectors by random products, of a matrix with noise and of one that falls off slowly."""
    generator = torch.Generator().manual_seed(0)
    q = torch.linalg.qr(torch.randn(600, 600, dtype=torch.float64, generator=generator))[0]
    signs = torch.where(torch.rand(600, generator=generator) < 0.5, -1.0, 1.0).double()
    places = torch.arange(600, dtype=torch.float64)
    for values in (0.1 + torch.exp(-places / 5), 1 / (1 + places)):
        A = (q * (signs * values)) @ q.T
        found, vectors = leading_eigenvectors(A[None], RANK)
        kept = (vectors[0] * found[0]) @ vectors[0].T
        lost = (A - kept).square().sum()
        assert lost < 1.1 * values[RANK:].square().sum()
        largest = signs[:RANK] * values[:RANK]
        torch.testing.assert_close(found[0, :5], largest[:5], rtol=1e-3, atol=0)
