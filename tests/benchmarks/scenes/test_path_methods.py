"""Guided and Spectral IG against slow computations of their definitions, and against IG where they are IG."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from benchmarks.scenes.path_methods import guided_ig, spectral_ig

STEPS = 12


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 6 * 5, 1)).double()


@pytest.fixture
def gradient(network):
    def of(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(network(x).sum(), x)[0]

    return of


@pytest.fixture(scope="module")
def images():
    """Images in which some channels of some pixels are what the path starts from."""
    x = torch.randn(4, 3, 6, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x[:, :, 0] = 0.25
    return x


START = torch.full((3, 6, 5), 0.25, dtype=torch.float64)


def straight(gradient, x, start, steps):
    """Integrated Gradients by a sum of gradients at the beginnings of steps."""
    total = sum(gradient(start + k / steps * (x - start)) for k in range(steps))
    return (x - start) * total / steps


def slow_guided(gradient, x, start, steps, fraction, spread):
    """Guided IG of one image, coordinate by coordinate in the values of pixels."""
    x, start = x.numpy().ravel(), start.numpy().ravel()
    point, out = start.copy(), np.zeros_like(x)
    whole = np.abs(x - start).sum()
    for step in range(1, steps + 1):
        g = gradient(torch.from_numpy(point).reshape(1, 3, 6, 5)).numpy().ravel()
        low, high = max(step / steps - spread, 0), min(step / steps + spread, 1)
        behind, front = start + low * (x - start), start + high * (x - start)
        before, closed = point.copy(), set()
        for j in range(len(x)):
            if x[j] != start[j] and (point[j] - start[j]) / (x[j] - start[j]) < low:
                point[j] = behind[j]
        while True:
            gap = np.abs(x - point).sum() - whole * (1 - step / steps)
            if gap <= 1e-9 * whole:
                break
            closed |= {j for j in range(len(x)) if point[j] == front[j]}
            sizes = np.array([np.inf if j in closed else abs(g[j]) for j in range(len(x))])
            bound = np.sort(sizes)[int(np.floor(fraction * (len(x) - 1)))]
            chosen = [j for j in range(len(x)) if sizes[j] <= bound and np.isfinite(sizes[j])]
            room = sum(abs(front[j] - point[j]) for j in chosen)
            share = gap / room if room > 0 else np.inf
            for j in chosen:
                point[j] = front[j] if share > 1 else point[j] + share * (front[j] - point[j])
            if share <= 1:
                break
        out += (point - before) * g
    return out.reshape(3, 6, 5)


@pytest.mark.parametrize(("fraction", "spread"), [(0.25, 0.02), (0.25, 0.2), (0.1, 1.0), (1.0, 0.3)])
def test_guided_ig_is_its_definition(gradient, images, fraction, spread):
    found = guided_ig(gradient, images, START, steps=STEPS, fraction=fraction, spread=spread)
    slow = [slow_guided(gradient, x, START, STEPS, fraction, spread) for x in images]
    assert_allclose(found.numpy(), slow, atol=1e-8)
    if spread > 0.1 and fraction < 1:
        assert np.abs(found - straight(gradient, images, START, STEPS)).max() > 1e-3, "it is not the straight path"


def test_guided_ig_without_spread_is_ig(gradient, images):
    found = guided_ig(gradient, images, START, steps=STEPS, spread=0.0)
    assert_allclose(found, straight(gradient, images, START, STEPS), atol=1e-10)


@pytest.mark.parametrize("method", [guided_ig, spectral_ig])
def test_attributions_sum_to_the_change_of_the_score(network, gradient, images, method):
    found = method(gradient, images, START, steps=400)
    change = (network(images) - network(START[None]))[:, 0].detach()
    assert_allclose(found.sum(dim=(1, 2, 3)), change, atol=0.02)
    assert_allclose(found[:, :, 0], 0, atol=1e-12)


@pytest.mark.parametrize("method", [guided_ig, spectral_ig])
def test_images_do_not_change_one_another(gradient, images, method):
    together = method(gradient, images, START, steps=STEPS)
    assert_allclose(together[2:3], method(gradient, images[2:3], START, steps=STEPS), atol=1e-10)
    assert_allclose(method(gradient, START[None], START, steps=STEPS), 0)


def slow_spectral(gradient, x, start, steps, overlap):
    """Spectral IG of one image: the path is made component by component."""

    def at(a):
        point = start.numpy().copy()
        for channel, difference in enumerate((x - start).numpy()):
            u, s, v = np.linalg.svd(difference)
            for k in range(len(s)):
                begins = (1 - overlap) * (1 - s[k] / s[0])
                on = min(max((a - begins) / overlap, 0), 1)
                point[channel] += on * s[k] * np.outer(u[:, k], v[k])
        return torch.from_numpy(point)[None]

    points = [at(k / (steps - 1)) for k in range(steps)]
    return sum(gradient(a) * (b - a) for a, b in pairwise(points))[0]


@pytest.mark.parametrize("overlap", [0.1, 0.4, 1.0])
def test_spectral_ig_is_its_definition(gradient, images, overlap):
    found = spectral_ig(gradient, images, START, steps=STEPS, overlap=overlap)
    slow = [slow_spectral(gradient, x, START, STEPS, overlap) for x in images]
    assert_allclose(found, torch.stack(slow), atol=1e-10)


def test_spectral_ig_with_all_overlap_is_ig(gradient, images):
    found = spectral_ig(gradient, images, START, steps=STEPS, overlap=1.0)
    assert_allclose(found, straight(gradient, images, START, STEPS - 1), atol=1e-10)
