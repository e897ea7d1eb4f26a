"""ResNet-18 (He and others, 2016) in plain torch, with the names and shapes of torchvision's weights."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

WIDTH = 64
"""Channels of the first stage as published; each of the three others has twice as many as the one before."""

BLOCKS = 2
"""Blocks of a stage, of two convolutions each: with the first convolution and the last layer, 18 layers."""

HEAD = ("fc.weight", "fc.bias")
"""The layer that scores ImageNet's classes, in whose place a task has its own."""


class Block(nn.Module):
    """Two convolutions, and what came in added to what they make of it.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    stride : int
        Of the first convolution; where it, or the number of channels, changes the shape, a third convolution of one
        pixel brings what came in to the same shape.
    """

    def __init__(self, n_in: int, n_out: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample: nn.Module | None = None
        if stride != 1 or n_in != n_out:
            self.downsample = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b, n_in, height, width) to (b, n_out, height / stride, width / stride)."""
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """ResNet-18; images of any size of at least 32 pixels.

    Parameters
    ----------
    n_classes : int
    width : int
        Channels of the first stage; others than 64 are other networks, smaller and faster.
    """

    def __init__(self, n_classes: int, width: int = WIDTH):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(width, width, 1)
        self.layer2 = _stage(width, 2 * width, 2)
        self.layer3 = _stage(2 * width, 4 * width, 2)
        self.layer4 = _stage(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width, n_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    @property
    def stages(self) -> list[nn.Module]:
        """The four stages, from the finest maps to the coarsest."""
        return [self.layer1, self.layer2, self.layer3, self.layer4]

    def forward(self, x: Tensor) -> Tensor:
        """Scores (b, n_classes) of images (b, 3, height, width)."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for stage in self.stages:
            x = stage(x)
        return self.fc(self.avgpool(x).flatten(1))


def _stage(n_in: int, n_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(Block(n_in, n_out, stride), *(Block(n_out, n_out, 1) for _ in range(BLOCKS - 1)))


def load_weights(network: ResNet18, path: str | Path) -> None:
    """Start from weights of torchvision's resnet18, such as ImageNet's; the last layer stays as it is.

    Parameters
    ----------
    network : ResNet18
    path : str or Path
        A state dict that ``torch.save`` wrote.

    Raises
    ------
    ValueError
        Where the file is none, or has the weights of another network.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}; give the path of resnet18's state dict.") from None
    except Exception as error:  # torch has an error of its own for every way in which a file may be none
        raise ValueError(f"{path} is no state dict that torch.load reads: {str(error).splitlines()[0]}") from error
    own = {name: values for name, values in network.state_dict().items() if name not in HEAD}
    wrong = [name for name, values in own.items() if getattr(_get(found, name), "shape", None) != values.shape]
    if wrong or not isinstance(found, dict):
        few = ", ".join(wrong[:3]) + (", …" if len(wrong) > 3 else "")
        raise ValueError(
            f"{path} has the weights of another network: {len(wrong)} of {len(own)} tensors are missing or of another "
            f"shape ({few}); give torchvision's resnet18, and leave the width at {WIDTH}."
        )
    network.load_state_dict({name: found[name] for name in own}, strict=False)


def _get(found: object, name: str) -> object:
    return found.get(name) if isinstance(found, dict) else None
