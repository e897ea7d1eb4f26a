"""Networks that studies train or time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from torch import nn


def perceptron(
    n_inputs: int, widths: Sequence[int], n_outputs: int, activation: type[nn.Module] = nn.ReLU
) -> nn.Sequential:
    """A multilayer perceptron with hidden layers of these widths."""
    sizes = [n_inputs, *widths]
    hidden = [layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), activation())]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], n_outputs))


def classifier(width: int, n_classes: int, n_features: int, seed: int) -> NeuralNetClassifier:
    """An unfitted net of two hidden layers; training keeps the best epoch on a fifth of the rows."""
    torch.manual_seed(seed)
    return NeuralNetClassifier(
        perceptron(n_features, (width, width // 2), n_classes),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128,
        max_epochs=100,
        iterator_train__shuffle=True,
        callbacks=[early_stopping()],
        verbose=0,
    )


def early_stopping() -> EarlyStopping:
    """Stop after 8 epochs without a better validation loss, and go back to the best epoch; print nothing."""
    return EarlyStopping(patience=8, load_best=True, sink=_discard)


def _discard(message: str) -> None:
    """Ignore a message."""
