"""One network: objects found by thresholds of its maps, and by a graph cut that the maps are the seed of."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from agop_tabular.baselines import GradCam, IntegratedGradients, SmoothGrad
from agop_tabular.datasets import Shapes, make_shapes
from agop_tabular.image import AGOPImageExplainer, FlatImages
from benchmarks.shared.cells import Cell, Cells
from benchmarks.shared.segments import both_ways

METHODS = ("agop-weighted", "agop-local", "agop-adaptive", "agop-global", "ixg")
PEERS = {
    "integrated-gradients": IntegratedGradients(),
    "smoothgrad": SmoothGrad(),
    "grad-cam": GradCam(),
}
TUNING, BACKGROUND = 200, 500
"""Training pictures that thresholds are chosen on, and that methods are fitted to."""


def add_cell(cells: Cells, seed: int) -> None:
    """Compute a cell and save it."""
    cells.write(f"{seed}", measured(seed, cells.settings))


def measured(seed: int, settings: dict[str, Any]) -> Cell:
    """Overlaps of masks and boxes, means over correctly classified test pictures, by method."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    train = make_shapes(settings["train"], random_state=seed)
    test = make_shapes(settings["test"], random_state=10_000 + seed)
    module = trained(train, settings["epochs"], seed)
    with torch.no_grad():
        predicted = module(at_input(test.images)).argmax(dim=1).numpy()
    right = predicted == test.y
    images, masks = test.images[right], test.masks[right]
    tuning = dict(maps(module, train, train.images[:TUNING], seed))
    found = {}
    for name, a in maps(module, train, images, seed):
        found[name] = both_ways(images.transpose(0, 3, 1, 2), a, masks, tuning[name], train.masks[:TUNING])
    return {"accuracy": float(right.mean()), "pictures": int(right.sum()), "methods": found}


def trained(train: Shapes, epochs: int, seed: int) -> nn.Module:
    """A small convolutional network, trained with Adam."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 32)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    module = nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 3))
    X, y = at_input(train.images), torch.from_numpy(train.y)
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(X)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(X[batch]), y[batch]).backward()
            optimizer.step()
    module.classes_ = [0, 1, 2]
    return module.eval()


def at_input(images: np.ndarray) -> torch.Tensor:
    """Bytes with channels last as the network takes them."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def maps(module: nn.Module, train: Shapes, images: np.ndarray, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Name, and maps (n, height, width), of each method and of two controls."""
    background = train.images[:BACKGROUND]
    for name in METHODS:
        baseline = {"baseline": "mean"} if name == "ixg" else {}
        yield name, np.abs(AGOPImageExplainer(module, method=name, **baseline).fit(background).explain(images))
    shaped = at_input(images).numpy()
    flat, behind = FlatImages(module, shaped.shape[1:]), at_input(background).numpy().reshape(BACKGROUND, -1)
    for name, peer in PEERS.items():
        values = peer(flat, shaped.reshape(len(shaped), -1), "predicted", behind, seed)
        yield name, np.abs(values.reshape(shaped.shape).sum(axis=1))
    size = images.shape[1]
    middle = (np.mgrid[:size, :size] + 0.5 - size / 2) / size
    yield "control: the middle", np.broadcast_to(np.exp(-8 * (middle**2).sum(axis=0)), images.shape[:3])
    yield "control: random", np.random.RandomState(seed).uniform(size=images.shape[:3])
