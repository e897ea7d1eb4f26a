"""Gradients behind the first layer, and the moments that are made of them, against the plain ones."""

import pytest
import torch
from torch import nn

from agop_tabular.core import (
    DenseMoment,
    FactoredMoment,
    Filter,
    InputLayer,
    SketchedMoment,
    class_gradients,
    evaluating,
)
from agop_tabular.core.gradients import OtherReaderError, score_gradient

P = 30


def mlp(*before, hidden=nn.ReLU):
    torch.manual_seed(0)
    return nn.Sequential(*before, nn.Linear(P, 16), hidden(), nn.Linear(16, 3)).eval()


class Wide(nn.Module):
    """Two layers on the input, and, if asked, the input itself."""

    def __init__(self, skip=False):
        super().__init__()
        self.a, self.b, self.out, self.skip = nn.Linear(P, 8), nn.Linear(P, 5), nn.Linear(13, 2), skip

    def forward(self, x):
        s = self.out(torch.cat((self.a(x).tanh(), self.b(x)), dim=1))
        return s + x[:, :2] if self.skip else s


class Sometimes(Wide):
    """Reads its input past the first layers on large rows only."""

    def forward(self, x):
        return super().forward(x) + (x[:, :2] if x.abs().max() > 100 else 0)


def rows(n=200, dtype=torch.float32):
    return torch.randn(n, P, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize(
    "module",
    [
        mlp(),
        mlp(hidden=lambda: nn.ReLU(inplace=True)),
        mlp(hidden=nn.SiLU),
        mlp(nn.Identity(), nn.Dropout(0.5)),
        Wide(),
        nn.Linear(P, 3),
    ],
    ids=["plain", "in place", "silu", "dropout first", "two layers", "linear"],
)
def test_gradients_behind_the_layer_are_the_gradients(module):
    x = rows()
    layer = InputLayer.find(module, module, x)
    assert layer is not None
    with evaluating(module):
        behind = list(class_gradients(module, x, cut=layer.cut))
        through = list(class_gradients(module, x))
        one, target, scores = score_gradient(module, x, lambda s: s.argmax(1), contrast=True, cut=layer.cut)
        other = score_gradient(module, x, lambda s: s.argmax(1), contrast=True)
    for a, g in zip(behind, through, strict=True):
        torch.testing.assert_close(a @ layer.weight, g, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(one @ layer.weight, other[0], rtol=1e-5, atol=1e-6)
    assert torch.equal(target, other[1])
    torch.testing.assert_close(scores, module(x))
    assert not any(m._forward_hooks for m in module.modules()), "left as it was found"


def spectral():
    return nn.utils.parametrizations.spectral_norm(nn.Linear(P, 16))


def hooked():
    layer = nn.Linear(P, 16)
    layer.register_forward_hook(lambda _, __, out: 2 * out)
    return layer


@pytest.mark.parametrize(
    "module",
    [
        Wide(skip=True),
        mlp(nn.LayerNorm(P)),
        mlp(nn.ReLU()),
        nn.Sequential(spectral(), nn.ReLU(), nn.Linear(16, 2)),
        nn.Sequential(hooked(), nn.ReLU(), nn.Linear(16, 2)),
        nn.Sequential(nn.Unflatten(1, (1, P)), nn.Conv1d(1, 2, 3), nn.Flatten()),
    ],
    ids=["skip", "layer norm", "behind an activation", "parametrised", "hooked", "convolution"],
)
def test_no_layer_where_gradients_cannot_be_told_from_it(module):
    assert InputLayer.find(module.eval(), module, rows()) is None


def test_a_reader_that_shows_later_is_refused():
    module = Sometimes()
    layer = InputLayer.find(module, module, rows())
    with evaluating(module), pytest.raises(OtherReaderError, match='moment="dense"'):
        list(class_gradients(module, 1000 * rows(), cut=layer.cut))
    assert not any(m._forward_hooks for m in module.modules())


def filters():
    g = torch.Generator().manual_seed(2)
    scaling = Filter.scaling(torch.rand(P, generator=g, dtype=torch.float64) + 0.5)
    directions, weights = torch.zeros(2, 1, P, dtype=torch.float64)
    directions[0, :4], weights[0, :4] = 1.0, torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    return {"scaling": scaling, "centred": Filter.centring(directions, weights).then(scaling)}


@pytest.mark.parametrize("kind", ["scaling", "centred"])
def test_a_factored_moment_is_the_dense_one(kind):
    module, x, filter = mlp().double(), rows(300, torch.float64), filters()[kind]
    layer = InputLayer.find(module, module, x)
    dense, whole, first, second = DenseMoment(P), *(FactoredMoment(P, weight=layer.weight) for _ in range(3))
    with evaluating(module):
        for i, part in enumerate(x.split(70)):
            dense.update(class_gradients(module, part))
            whole.update(class_gradients(module, part, cut=layer.cut))
            (first if i % 2 else second).update(class_gradients(module, part, cut=layer.cut))
    first.merge(second)
    for moment in (whole, first):
        torch.testing.assert_close(moment.mean(), dense.mean())
        torch.testing.assert_close(moment.diagonal(), dense.diagonal())
        torch.testing.assert_close(moment.diagonal_behind(filter), dense.diagonal_behind(filter))
        ours, theirs = moment.spectrum(filter), dense.spectrum(filter)
        r = len(ours.eigenvalues)
        torch.testing.assert_close(ours.eigenvalues, theirs.eigenvalues[:r], rtol=1e-6, atol=1e-12)
        assert theirs.eigenvalues[r:].sum() < 1e-9 * theirs.eigenvalues[0]
        kept = ours.components[:3]
        torch.testing.assert_close((kept @ theirs.components[:3].T).abs(), torch.eye(3).double(), atol=1e-5, rtol=0)
        assert moment.error == 0


def test_other_weights_are_not_merged():
    one, two = (FactoredMoment(P, weight=torch.randn(4, P)) for _ in range(2))
    with pytest.raises(ValueError, match="first layer has changed"):
        one.merge(two)


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
    assert lacks.min() > -1e-5, "never more than there is"
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
