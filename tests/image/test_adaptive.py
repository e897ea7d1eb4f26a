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


class OfPixels(nn.Module):
    """A network whose two scores are plus and minus some function of the image."""

    def __init__(self, score):
        super().__init__()
        self.score = score

    def forward(self, x):
        s = self.score(x)
        return torch.stack([s, -s], dim=1)


NOISE = np.random.RandomState(0).randn(400, 1, 8, 8).astype(np.float32)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (lambda x: x.flatten(1)[:, 5], 1.0),  # one place: another pixel's noise is at it after a shift
        (lambda x: x.flatten(1).abs().amax(dim=1), 0.0),  # wherever it is
        (
            lambda x: x.flatten(1)[:, 5] + x.flatten(1).sum(dim=1) / 63**0.5,
            0.5,
        ),  # half of the variance is of all pixels
    ],
)
def test_steadiness(score, expected):
    explainer = AGOPImageExplainer(OfPixels(score), method="agop-adaptive").fit(NOISE)
    assert explainer.steadiness_ == pytest.approx(expected, abs=0.12)


def test_steadiness_is_one_less_the_correlation_of_shifted_scores():
    """Of 2 × 2 pixels there are three shifts, and all of them are taken."""
    X = np.random.RandomState(0).randn(50, 3, 2, 2).astype(np.float32)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 3))

    def scores(images):
        s = module(torch.from_numpy(np.ascontiguousarray(images))).detach().double().numpy()
        return s - s.mean(axis=1, keepdims=True)

    shifted = [scores(np.roll(X, shift, axis=(2, 3))) for shift in ((0, 1), (1, 0), (1, 1))]
    r = [np.corrcoef(scores(X)[:, c], s[:, c])[0, 1] for s in shifted for c in range(3)]
    explainer = AGOPImageExplainer(module, method="agop-adaptive").fit(X)
    assert explainer.steadiness_ == pytest.approx(1 - np.mean(r), rel=1e-4)


def test_a_network_that_looks_everywhere_for_what_moves():
    """Fully connected, it looks at the same pixels of all images; that it does so for shapes that move is found."""
    rng = np.random.RandomState(0)
    X = 0.1 * rng.randn(400, 1, 8, 8).astype(np.float32)
    places = rng.randint(7, size=(400, 2))
    for image, (y, x) in zip(X[:, 0], places, strict=True):
        image[y : y + 2, x : x + 2] += rng.choice([0.0, 1.0])
    explainer = AGOPImageExplainer(OfPixels(lambda x: x.sum(dim=(1, 2, 3))), method="agop-adaptive").fit(X)
    assert explainer.steadiness_ < 0.01
    path = AGOPImageExplainer(OfPixels(lambda x: x.sum(dim=(1, 2, 3))), method="ixg").fit(X)
    assert_allclose(explainer.explain(X[:9]), np.abs(path.explain(X[:9])), rtol=1e-4, atol=1e-6)
