"""Gradients behind the first layers against those with respect to the input."""

import numpy as np
import pytest
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.core import InputLayer, class_gradients, evaluating
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
def test_no_layer_if_gradients_do_not_follow_from_its_outputs(module):
    assert InputLayer.find(module.eval(), module, rows()) is None


def test_a_reader_that_shows_later_is_refused():
    module = Sometimes()
    layer = InputLayer.find(module, module, rows())
    with evaluating(module), pytest.raises(OtherReaderError, match='moment="dense"'):
        list(class_gradients(module, 1000 * rows(), cut=layer.cut))
    assert not any(m._forward_hooks for m in module.modules())


class Under(nn.Module):
    def __init__(self, context):
        super().__init__()
        self.net, self.context = mlp(), context

    def forward(self, x):
        with self.context():
            return self.net(x)


@pytest.mark.parametrize("context", [lambda: torch.autocast("cpu", dtype=torch.bfloat16), torch.inference_mode])
def test_no_layer_in_a_context_in_which_it_computes_otherwise(context):
    """Where the network has a gradient, it is then taken at the input."""
    rows = torch.randn(40, P, generator=torch.Generator().manual_seed(0))
    module = Under(context)
    assert InputLayer.find(module, module, rows) is None
    if context is not torch.inference_mode:
        torch.manual_seed(0)
        plain, found = (AGOPExplainer(m, method="agop-ixg").fit(rows.numpy()) for m in (mlp(), module))
        assert (plain.moment_, found.moment_) == ("factored", "dense")
        plain, found = (e.explain(rows.numpy(), target=0) for e in (plain, found))
        assert np.corrcoef(plain.ravel(), found.ravel())[0, 1] > 0.99
