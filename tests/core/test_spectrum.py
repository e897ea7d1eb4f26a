"""Spectra against the matrices that they decompose."""

import numpy as np
import pytest
import torch

from agop_tabular.core import Spectrum


def of(*eigenvalues):
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.standard_normal((len(eigenvalues),) * 2))
    return Spectrum.of_matrix(torch.tensor(q @ np.diag(eigenvalues) @ q.T))


def test_falls_and_rebuilds_the_matrix():
    rng = np.random.default_rng(1)
    a = rng.standard_normal((5, 5))
    matrix = a @ a.T
    spectrum = Spectrum.of_matrix(torch.tensor(matrix))
    assert (np.diff(spectrum.eigenvalues) <= 0).all()
    v, w = spectrum.components.numpy(), spectrum.eigenvalues.numpy()
    np.testing.assert_allclose(v.T @ np.diag(w) @ v, matrix, atol=1e-12)


def test_signs_are_fixed():
    components = of(3, 2, 1).components.numpy()
    assert (components[np.arange(3), np.abs(components).argmax(1)] > 0).all()


@pytest.mark.parametrize(
    ("rank", "expected"),
    [(1, 1), (4, 4), (0.5, 1), (0.6, 1), (0.61, 2), (0.9, 2), (0.95, 3), ("auto", 3), (1.0, 3), (np.int64(2), 2)],
)
def test_rank(rank, expected):
    assert of(6, 3, 1, 0).rank(rank) == expected


@pytest.mark.parametrize("rank", [0, 5, -1, 0.0, 1.5, "all", None, True, float("nan")])
def test_rank_not_understood(rank):
    with pytest.raises(ValueError, match="rank="):
        of(6, 3, 1, 0).rank(rank)


def test_zero_matrix():
    spectrum = Spectrum.of_matrix(torch.zeros(3, 3))
    assert spectrum.rank("auto") == 1
    assert spectrum.relative_gap(1) == 1


def test_gap():
    assert of(4, 3, 3, 1).relative_gap(2) == pytest.approx(0, abs=1e-12)
    assert of(4, 3, 3, 1).relative_gap(1) == pytest.approx(0.25)
    assert of(4, 3, 3, 1).relative_gap(4) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_root_is_the_matrix_that_it_makes(dtype, monkeypatch):
    monkeypatch.setattr("agop_tabular.core.spectrum.COLUMNS_AT_A_TIME", 3)
    g = torch.Generator().manual_seed(0)
    root, basis = torch.randn(3, 4, generator=g, dtype=torch.float64), torch.randn(4, 7, generator=g).to(dtype)
    whole = root @ basis.double()
    ours, theirs = Spectrum.of_root(root, basis), Spectrum.of_matrix(whole.T @ whole)
    assert len(ours.eigenvalues) == 3
    torch.testing.assert_close(ours.eigenvalues, theirs.eigenvalues[:3], rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(ours.components, theirs.components[:3], rtol=1e-4, atol=1e-5)


def test_shares_are_of_the_whole_trace_where_it_is_known():
    root, basis = torch.eye(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    assert Spectrum.of_root(root, basis).rank(0.5) == 1
    assert Spectrum.of_root(root, basis, trace=4.0).rank(0.5) == 2
