"""The networks of the XAI-TRIS benchmark, as skorch nets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from skorch.helper import predefined_split
from torch import nn

from agop_tabular.networks.batches import BatchDataset, batched
from agop_tabular.networks.training import discard_message


class CNN8by8(nn.Sequential):
    """Four convolutions of four channels, each with ReLU and max pooling, and a linear layer: 234 parameters."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for channels in (1, 4, 4, 4):
            layers += [nn.Conv2d(channels, 4, kernel_size=2, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(4, 2))
        _he_normal(self)


class MLP8by8(nn.Sequential):
    """Fully connected layers of 64, 32, 16, 8 and 2 units, with ReLU in between."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in ((64, 32), (32, 16), (16, 8)):
            layers += [nn.Linear(before, after), nn.ReLU()]
        super().__init__(*layers, nn.Linear(8, 2))
        _he_normal(self)


def _he_normal(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def image_net(
    module: type[nn.Module] | nn.Module,
    *,
    valid: tuple[np.ndarray, np.ndarray],
    epochs: int = 500,
    lr: float = 5e-4,
    batch_size: int = 512,
    callbacks: list[Any] | None = None,
) -> NeuralNetClassifier:
    """An unfitted skorch classifier that trains with Adam and cross-entropy and keeps the best weights.

    The best weights are those of the lowest validation loss.

    Parameters
    ----------
    module : type or torch.nn.Module
        :class:`CNN8by8`, :class:`MLP8by8` or any other that maps images to logits.
    valid : (ndarray of shape (n, channels, height, width), ndarray of int)
        Validation images and labels.
    epochs, batch_size : int
    lr : float
    callbacks : list, optional
        Further callbacks, after the one that restores the best weights.

    Returns
    -------
    skorch.NeuralNetClassifier
        Not fitted.
    """
    keep_best = EarlyStopping(patience=epochs, load_best=True, sink=discard_message)
    return NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=lr,
        batch_size=batch_size,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=predefined_split(BatchDataset(*valid)),
        callbacks=[("keep_best", keep_best), *(callbacks or [])],
        verbose=0,
        **batched(4096),
    )
