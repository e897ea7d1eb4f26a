"""Sketches against dense moments, within the bound that they state."""

import pytest
import torch

from agop_tabular.core import DenseMoment, DiagonalMoment, Filter, SketchedMoment


@pytest.mark.parametrize("parts", [1, 3])
def test_a_sketch_is_within_its_bound(parts):
    g = torch.Generator().manual_seed(3)
    falling = torch.linspace(1, 0, 200) ** 4
    data = torch.randn(2000, 200, generator=g) * falling
    exact, sketches = DenseMoment(200), [SketchedMoment(200, size=20) for _ in range(parts)]
    for i, part in enumerate(data.split(130)):
        exact.update([part])
        sketches[i % parts].update([part])
    sketch = sketches[0]
    for other in sketches[1:]:
        sketch.merge(other)
    lacks = torch.linalg.eigvalsh(exact.mean() - sketch.mean())
    assert lacks.min() > -1e-5, "never more than the exact moment"
    assert 0 < lacks.max() <= sketch.error * 1.0001
    torch.testing.assert_close(sketch.diagonal(), exact.diagonal(), rtol=1e-5, atol=1e-6)
    assert len(sketch.rows) <= 40
    identity = Filter.scaling(torch.ones(200, dtype=torch.float64))
    ours, theirs = sketch.spectrum(identity), exact.spectrum(identity)
    assert (theirs.eigenvalues[:5] - ours.eigenvalues[:5]).max() <= sketch.error * 1.0001
    assert ours.trace == pytest.approx(float(theirs.eigenvalues.sum()), rel=1e-5)


def test_a_sketch_of_few_directions_is_exact():
    g = torch.Generator().manual_seed(4)
    data = torch.randn(1000, 6, generator=g) @ torch.randn(6, 300, generator=g)
    sketch, exact = SketchedMoment(300, size=10), DenseMoment(300)
    for part in data.split(100):
        sketch.update([part])
        exact.update([part])
    assert sketch.error < 1e-5 * float(exact.mean().diagonal().max())
    torch.testing.assert_close(sketch.mean(), exact.mean(), rtol=1e-3, atol=1e-4)


def test_only_sketches_are_merged():
    with pytest.raises(ValueError, match="only be merged with sketches"):
        SketchedMoment(3).merge(DiagonalMoment(3))


def test_the_diagonal_behind_a_mixing_filter_is_that_of_the_rows():
    g = torch.Generator().manual_seed(5)
    data = torch.randn(50, 4, generator=g, dtype=torch.float64)
    sketch, exact = SketchedMoment(4, size=4), DenseMoment(4)
    sketch.update([data])
    exact.update([data])
    mixing = Filter(left=torch.randn(4, 2, generator=g).double(), right=torch.randn(2, 4, generator=g).double())
    torch.testing.assert_close(sketch.diagonal_behind(mixing), exact.diagonal_behind(mixing))
