"""A small network of images, and its Jacobian computed one image at a time."""

import numpy as np
import torch
from torch import nn
from torch.func import jacrev, vmap

METHODS = ["agop-adaptive", "agop-weighted", "agop-local", "agop-global", "agop-ixg", "ixg"]


def make_module(channels=3, classes=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.Tanh(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, classes))


def jacobians(module, X):
    """(n, classes, channels, height, width), one image at a time."""
    module = module.eval()
    return vmap(jacrev(lambda x: module(x[None])[0]))(torch.from_numpy(X)).detach().double().numpy()


def images():
    """60 images of noise, (60, 3, 8, 8)."""
    return np.random.RandomState(0).randn(60, 3, 8, 8).astype(np.float32)
