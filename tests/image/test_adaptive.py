"""method="agop-adaptive" against many noisy gradients and a fine Riemann sum."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from support.images import jacobians, make_module
from torch import nn

from agop_tabular.attribution.attributor import Attributor
from agop_tabular.attribution.method import Settings
from agop_tabular.image import AGOPImageExplainer
from agop_tabular.image.adaptive import STEADY, AdaptiveMethod


def adaptive_maps(explainer, X, target, *, steady):
    """Maps of one of the two kinds, and the explained score of each image."""
    tabular, rows = explainer.tabular_, X.reshape(len(X), -1)
    method = AdaptiveMethod("agop-adaptive", steady=steady, image_shape=X.shape[1:])
    baseline = torch.zeros(rows.shape[1], dtype=torch.float64)
    fitted = method.fit(tabular.feature_map_, tabular.statistics_, Settings("auto", False, baseline))
    found = Attributor(tabular.model_, fitted).attribute(rows, target)
    return found.values.reshape(len(X), *X.shape[2:], *found.values.shape[2:]), found.index


def test_adaptive_maps_are_smoothed_gradients_or_integrated(module, X):
    """Both branches against captum-free oracles: many noisy gradients, and a fine Riemann sum."""
    explainer = AGOPImageExplainer(module, method="agop-adaptive").fit(X)
    rows = X.reshape(60, -1)
    path, index = adaptive_maps(explainer, X, "predicted", steady=False)
    steps = [jacobians(make_module(), X * np.float32((k + 0.5) / 200)) for k in range(200)]
    mean = np.mean(steps, axis=0)[np.arange(60), index]
    assert_allclose(path, np.abs((mean * X).sum(axis=1)), rtol=1e-2, atol=1e-4)
    smooth, _ = adaptive_maps(explainer, X, "predicted", steady=True)
    weights = np.sqrt(explainer.tabular_.agop_diagonal_ / explainer.tabular_.agop_diagonal_.max()).reshape(3, 8, 8)
    noise = torch.randn(50, 192, generator=torch.Generator().manual_seed(0)).numpy() * rows.std(axis=0)
    copies = [jacobians(make_module(), X + z.reshape(3, 8, 8).astype(np.float32)) for z in noise]
    expected = np.mean(copies, axis=0)[np.arange(60), index] * weights
    assert_allclose(smooth, np.linalg.norm(expected, axis=1), rtol=1e-3, atol=1e-5)
    every, none = adaptive_maps(explainer, X, "all", steady=True)
    assert none is None
    assert_allclose(every[np.arange(60), :, :, index], smooth, rtol=1e-5)
    assert_allclose(explainer.explain(X), smooth if explainer.steadiness_ > STEADY else path, rtol=1e-5, atol=1e-7)


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
