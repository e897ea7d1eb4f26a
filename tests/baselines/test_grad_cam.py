"""GradCAM against the weighted activations of one convolution."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from agop_tabular.baselines import GradCam
from agop_tabular.image import FlatImages


def test_grad_cam():
    """A network that pools one convolution: GradCAM is that convolution, weighted, without what is negative."""
    torch.manual_seed(0)
    convolution, last = nn.Conv2d(1, 3, 1), nn.Linear(3, 2)
    module = nn.Sequential(convolution, nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)
    X = np.random.RandomState(0).randn(4, 1, 6, 6).astype(np.float32)
    found = GradCam()(FlatImages(module, (1, 6, 6)), X.reshape(4, -1), 1, X.reshape(4, -1)).reshape(4, 6, 6)
    activations = convolution(torch.from_numpy(X)).detach()
    expected = (activations * last.weight[1].detach()[None, :, None, None] / 36).sum(dim=1).clamp_min(0)
    assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="Conv2d"):
        GradCam()(
            FlatImages(nn.Sequential(nn.Flatten(), nn.Linear(36, 2)), (1, 6, 6)), X.reshape(4, -1), 1, X.reshape(4, -1)
        )
