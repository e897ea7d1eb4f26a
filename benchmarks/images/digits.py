"""scikit-learn's digits: how often the prediction changes when a map's largest pixels are set to their mean."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from agop_tabular.image import image_net
from benchmarks.images import maps
from benchmarks.shared.cells import Cells

EPOCHS = 60
"""At most; the weights of least validation loss are kept."""

REMOVED = 8
"""Pixels that are set to their mean: an eighth of the image."""


def compute_digits_cell(cells: Cells, seed: int) -> None:
    """Train a network, remove the pixels that each method ranks first, and save."""
    warnings.simplefilter("ignore")
    digits = load_digits()
    X, y = (digits.images[:, None] / 16).astype(np.float32), digits.target.astype(np.int64)
    train, test = train_test_split(np.arange(len(X)), test_size=0.2, stratify=y, random_state=seed)
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 10))
    net = image_net(module, valid=(X[test], y[test]), epochs=EPOCHS, lr=3e-3).fit(X[train], y[train])
    images, mean = X[test], X[train].mean(axis=0)
    before = net.predict(images)
    found = dict(maps.network_maps(net, X[train], images, seed))
    found |= {"|x|": np.abs(images[:, 0]), "random": np.random.RandomState(seed).uniform(size=images[:, 0].shape)}
    emptied = {name: without_largest(images, values, mean, seed) for name, values in found.items()}
    cell = {
        "seed": seed,
        "accuracy": float((before == y[test]).mean()),
        "changed": {name: float((net.predict(rest) != before).mean()) for name, rest in emptied.items()},
        "dead": float(np.abs(found["agop-weighted"][:, X[train].std(axis=0)[0] == 0]).max(initial=0.0)),
    }
    cells.write(f"digits-{seed}", cell)


def without_largest(images: np.ndarray, values: np.ndarray, mean: np.ndarray, seed: int) -> np.ndarray:
    """Images whose pixels of largest absolute map are set to the training mean; ties at random."""
    size = np.abs(values).reshape(len(values), -1)
    order = np.lexsort((np.random.RandomState(seed).uniform(size=size.shape), -size), axis=1)[:, :REMOVED]
    out = images.reshape(len(images), -1).copy()
    np.put_along_axis(out, order, np.broadcast_to(mean.ravel(), out.shape)[np.arange(len(out))[:, None], order], axis=1)
    return out.reshape(images.shape)
