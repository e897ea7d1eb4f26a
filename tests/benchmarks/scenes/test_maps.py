"""Maps of the study are those of the product, of captum, or of a computation by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from numpy.testing import assert_allclose

from agop_tabular.image import AGOPImageExplainer
from benchmarks.scenes import maps
from benchmarks.scenes.pooling import POOLINGS
from benchmarks.scenes.resnet import ResNet18
from benchmarks.scenes.tasks import read_task
from benchmarks.scenes.training import MEAN, STD, at_input, scores

DATA = Path(__file__).with_name("data")


@pytest.fixture(scope="module")
def explained():
    data = read_task(DATA, "shape", size=32)
    torch.manual_seed(0)
    module = ResNet18(3, width=4).eval().requires_grad_(False)
    module.classes_ = [0, 1, 2]
    x = at_input(data.images)
    images, background = x[:5], x[10:40]
    target = scores(module, images).argmax(axis=1)
    return maps.Explained(module, background, data.y[10:40], images, target, seed=0, steps=6)


@pytest.fixture(scope="module")
def found(explained):
    return {name: values for group in maps.GROUPS.values() for name, values in group(explained)}


def test_every_method_has_a_map_of_each_image(explained, found):
    names = [name for group in maps.GROUPS.values() for name, _ in group(explained)]
    assert len(names) == len(set(names))
    assert set(maps.CONTROLS) | {maps.IG, maps.BLACK_IG, maps.GRADIENT} <= set(names)
    for name, values in found.items():
        assert values.shape in ((5, 3, 32, 32), (5, 1, 32, 32)), name
        assert np.isfinite(values).all(), name
        assert values.any(), name


@pytest.mark.parametrize(("name", "method"), [("agop-weighted", "agop-weighted"), (maps.GRADIENT, "agop-local")])
def test_norms_over_channels_are_the_explainers_maps(explained, found, name, method):
    explainer = AGOPImageExplainer(explained.module, method=method).fit(explained.background)
    assert_allclose(POOLINGS["l2"](found[name]), explainer.explain(explained.images, explained.target), rtol=1e-4)


@pytest.mark.parametrize("method", ["agop-global", "agop-ixg"])
def test_sums_over_channels_are_the_explainers_maps(explained, found, method):
    explainer = AGOPImageExplainer(explained.module, method=method).fit(explained.background)
    expected = explainer.explain(explained.images, explained.target)
    # A sketch keeps fewer directions than there are, so that its filter is not the same to the last digit.
    assert_allclose(found[method].sum(axis=1), expected, atol=1e-3 * np.abs(expected).max())


def test_one_class_is_the_predicted_one_of_each_training_image(explained, found):
    x = torch.from_numpy(explained.background).requires_grad_()
    gradient = torch.autograd.grad(explained.module(x).amax(dim=1).sum(), x)[0].numpy()
    diagonal = np.square(gradient.astype(float)).mean(axis=0)
    assert_allclose(found["agop-global, one class"][0], diagonal, rtol=1e-4, atol=1e-7 * diagonal.max())
    expected = found[maps.GRADIENT] * np.sqrt(diagonal / diagonal.max())
    assert_allclose(found["agop-weighted, one class"], expected, rtol=1e-3, atol=1e-6 * np.abs(expected).max())


def test_integrated_gradients_start_where_they_say(explained, found):
    change = {}
    index = np.arange(5)
    black = np.broadcast_to((-np.float32(MEAN) / np.float32(STD))[:, None, None], explained.images.shape)
    for name, start in ((maps.IG, np.zeros_like(explained.images)), (maps.BLACK_IG, black)):
        ends = [
            scores(explained.module, np.ascontiguousarray(a))[index, explained.target]
            for a in (explained.images, start)
        ]
        change[name] = ends[0] - ends[1]
        assert_allclose(found[name].sum(axis=(1, 2, 3)), change[name], atol=0.2 * np.abs(change[name]).max())
    assert np.abs(change[maps.IG] - change[maps.BLACK_IG]).max() > 0.01
    captum = IntegratedGradients(explained.module).attribute(
        torch.from_numpy(explained.images),
        torch.from_numpy(black.copy()),
        target=torch.from_numpy(explained.target),
        n_steps=400,
    )
    cosine = (
        (captum.numpy() * found[maps.BLACK_IG]).sum() / np.linalg.norm(captum) / np.linalg.norm(found[maps.BLACK_IG])
    )
    assert cosine > 0.98


def test_controls_by_hand(explained, found):
    middle = found["centre"][0, 0]
    assert middle.max() == middle[15, 15] == middle[16, 16]
    assert middle[0, 0] == middle.min() == middle[-1, -1]
    assert_allclose(found["|x - mean image|"][2], explained.images[2] - explained.background.mean(axis=0))
    assert_allclose(found["data: variance"][3], explained.background.var(axis=0))
    of_class = [explained.background[explained.labels == c].mean(axis=0) for c in range(3)]
    assert_allclose(found["data: class means"][0], np.std(of_class, axis=0))
    sd = explained.background.std(axis=0)
    assert_allclose(found[maps.WITH_SD], found[maps.GRADIENT] * sd / sd.max(), rtol=1e-4, atol=1e-9)
