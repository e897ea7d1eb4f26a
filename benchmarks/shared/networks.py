"""Networks that studies train or time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

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


class FeatureTransformer(nn.Module):
    """Attention between columns, each of which is a token (as the FT-Transformer of Gorishniy and others, 2021)."""

    def __init__(self, n_inputs: int, width: int, depth: int, n_outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_inputs + 1, width) / width**0.5)
        self.bias = nn.Parameter(torch.zeros(n_inputs + 1, width))
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (b, C), read from a token that is the same for every row."""
        x = torch.nn.functional.pad(x, (1, 0), value=1.0)
        out: torch.Tensor = self.head(self.blocks(x[:, :, None] * self.weight + self.bias)[:, 0])
        return out


class ResidualNetwork(nn.Module):
    """Blocks whose outputs are added to their inputs, with batch normalisation (as in Gorishniy and others, 2021)."""

    def __init__(self, n_inputs: int, width: int, depth: int, n_outputs: int):
        super().__init__()
        self.first = nn.Linear(n_inputs, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
            for _ in range(depth)
        )
        self.head = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, n_outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (b, C)."""
        h = self.first(x)
        for block in self.blocks:
            h = h + block(h)
        out: torch.Tensor = self.head(h)
        return out


class DeepAndCross(nn.Module):
    """Layers that multiply by the input, beside a perceptron (Wang and others, 2021)."""

    def __init__(self, n_inputs: int, width: int, depth: int, n_outputs: int):
        super().__init__()
        self.cross = nn.ModuleList(nn.Linear(n_inputs, n_inputs) for _ in range(depth))
        self.deep = perceptron(n_inputs, [width] * depth, width)
        self.head = nn.Linear(n_inputs + width, n_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (b, C)."""
        crossed = x
        for layer in self.cross:
            crossed = x * layer(crossed) + crossed
        out: torch.Tensor = self.head(torch.cat((crossed, torch.relu(self.deep(x))), dim=1))
        return out


class Maxout(nn.Module):
    """A perceptron whose units are the largest of some linear functions (Goodfellow and others, 2013)."""

    PIECES = 3
    """Linear functions of each unit."""

    def __init__(self, n_inputs: int, width: int, depth: int, n_outputs: int):
        super().__init__()
        sizes = [n_inputs, *[width] * depth]
        self.hidden = nn.ModuleList(nn.Linear(a, b * self.PIECES) for a, b in itertools.pairwise(sizes))
        self.last = nn.Linear(width, n_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (b, C)."""
        for layer in self.hidden:
            x = layer(x).unflatten(1, (-1, self.PIECES)).amax(dim=2)
        out: torch.Tensor = self.last(x)
        return out


ARCHITECTURES: dict[str, Callable[[int, int, int, int], nn.Module]] = {
    "transformer": FeatureTransformer,
    "resnet": ResidualNetwork,
    "deep and cross": DeepAndCross,
    "maxout": Maxout,
}
"""Networks by the number of inputs, the width, the depth and the number of outputs."""


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
