"""Maps by activations, against computations by hand and captum's parts."""

import numpy as np
import pytest
import torch
from captum.attr import LayerActivation, LayerGradientXActivation

from benchmarks.scenes.activation_maps import activation_maps, enlarged, layer_cams, refined
from benchmarks.scenes.resnet import ResNet18


@pytest.fixture(scope="module")
def module():
    torch.manual_seed(0)
    return ResNet18(3, width=4).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def images():
    return torch.randn(3, 3, 64, 48, generator=torch.Generator().manual_seed(1))


TARGET = torch.tensor([0, 2, 1])


def test_layer_cam_is_its_formula(module, images):
    """Through captum's activation, and its product with the gradient, which has the gradient's sign."""
    for stage, found in zip(module.stages, layer_cams(module, images, TARGET), strict=True):
        a = LayerActivation(module, stage).attribute(images).detach()
        product = LayerGradientXActivation(module, stage).attribute(images, target=TARGET).detach()
        assert (a >= 0).all()
        torch.testing.assert_close(found, product.relu().sum(dim=1))


def test_hooks_are_gone(module, images):
    layer_cams(module, images, TARGET)
    assert not any(stage._forward_hooks for stage in module.stages)


def test_refined_by_hand():
    """Two maps from 0 to 1, multiplied; one that is the same everywhere leaves nothing."""
    one, other = torch.tensor([[[0.0, 2.0], [4.0, 4.0]]]), torch.tensor([[[1.0, 3.0], [2.0, 3.0]]])
    torch.testing.assert_close(refined([one, other]), torch.tensor([[[0.0, 0.5], [0.5, 1.0]]]))
    assert refined([one, torch.ones(1, 2, 2)]).sum() == 0


def test_all_maps_have_the_size_of_the_images(module, images):
    found = dict(activation_maps(module, images.numpy(), TARGET.numpy()))
    assert list(found) == ["grad-cam", "layer-cam", "layer-cam, stage 2", "refined cam"]
    for values in found.values():
        assert values.shape == (3, 1, 64, 48)
        assert (values >= 0).all()
        assert np.isfinite(values).all()


def test_grad_cam_weighs_channels_by_their_mean_gradient(module, images):
    """At the last stage the head averages pixels, so the gradient is the head's weight, the same at every pixel."""
    a = LayerActivation(module, module.layer4).attribute(images).detach()
    weights = module.fc.weight.detach()[TARGET] / a[0, 0].numel()
    by_hand = torch.einsum("bk,bkhw->bhw", weights, a).relu()
    found = dict(activation_maps(module, images.numpy(), TARGET.numpy()))["grad-cam"]
    torch.testing.assert_close(torch.from_numpy(found[:, 0]), enlarged(by_hand, (64, 48)))
