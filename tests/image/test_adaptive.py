"""method="agop-adaptive" against many noisy gradients and a fine Riemann sum."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from support.images import jacobians, make_module
from torch import nn

from agop_tabular.image import AGOPImageExplainer


def test_adaptive_maps_are_smoothed_gradients_or_integrated(module, X):
    """Both branches against captum-free oracles: many noisy gradients, and a fine Riemann sum."""
    from agop_tabular.image.adaptive import adaptive_maps

    explainer = AGOPImageExplainer(module, method="agop-adaptive").fit(X)
    rows = X.reshape(60, -1)
    path, index = adaptive_maps(explainer.tabular_, False, rows, "predicted", (3, 8, 8))
    steps = [jacobians(make_module(), X * np.float32((k + 0.5) / 200)) for k in range(200)]
    mean = np.mean(steps, axis=0)[np.arange(60), index]
    assert_allclose(path, np.abs((mean * X).sum(axis=1)), rtol=1e-2, atol=1e-4)
    smooth, _ = adaptive_maps(explainer.tabular_, True, rows, "predicted", (3, 8, 8))
    weights = np.sqrt(explainer.tabular_.agop_diagonal_ / explainer.tabular_.agop_diagonal_.max()).reshape(3, 8, 8)
    noise = torch.randn(50, 192, generator=torch.Generator().manual_seed(0)).numpy() * rows.std(axis=0)
    copies = [jacobians(make_module(), X + z.reshape(3, 8, 8).astype(np.float32)) for z in noise]
    expected = np.mean(copies, axis=0)[np.arange(60), index] * weights
    assert_allclose(smooth, np.linalg.norm(expected, axis=1), rtol=1e-3, atol=1e-5)
    every, none = adaptive_maps(explainer.tabular_, True, rows, "all", (3, 8, 8))
    assert none is None
    assert_allclose(every[np.arange(60), :, :, index], smooth, rtol=1e-5)


@pytest.mark.parametrize("shift", [False, True])
def test_steadiness(shift):
    """A network that looks at one place for all images, and one whose place moves with the image."""

    class Looks(nn.Module):
        def forward(self, x):
            flat = x.flatten(1)
            if not shift:
                return torch.stack([flat[:, 5], -flat[:, 5]], dim=1)
            top = flat.abs().amax(dim=1)
            return torch.stack([top, -top], dim=1)

    X = np.random.RandomState(0).randn(400, 1, 8, 8).astype(np.float32)
    explainer = AGOPImageExplainer(Looks(), method="agop-adaptive").fit(X)
    if shift:
        assert explainer.steadiness_ < 0.05
    else:
        assert explainer.steadiness_ == pytest.approx(1)
