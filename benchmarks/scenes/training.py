"""Training of ResNet-18 on scenes: from scratch or from given weights, seeded, and resumed where it was stopped."""

from __future__ import annotations

import hashlib
import math
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.core.atomic import replacing
from benchmarks.scenes.resnet import WIDTH, ResNet18, load_weights
from benchmarks.scenes.tasks import TaskScenes

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours: torchvision's weights expect images in these units. The zero image is the mean colour then."""

WARM_UP = 0.1
"""Share of the steps in which the learning rate grows: at once at its largest, Adam spoils the first layers."""

SHIFT = 8
"""Pixels, of an image of 128, by which training images are shifted at random, at most; edges are repeated."""

SCORED_AT_ONCE = 64
"""Images that go through the network at a time when no gradients are wanted."""


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes
    ----------
    epochs : int
    width : int
        Channels of the network's first stage.
    batch : int
        Images a step.
    rate : float
        Largest learning rate of Adam, from which it falls to zero along a cosine.
    decay : float
        Weight decay.
    weights : str or None
        File of weights to start from; None for random ones.
    """

    epochs: int = 12
    width: int = WIDTH
    batch: int = 32
    rate: float = 1e-3
    decay: float = 5e-4
    weights: str | None = None


@dataclass
class Trained:
    """A network and how its training went.

    Attributes
    ----------
    module : ResNet18
        In evaluation mode; ``classes_`` are its labels.
    history : list of dict
        Loss and accuracies of each epoch.
    seconds : float
        Of training, all runs together.
    """

    module: ResNet18
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


def at_input(images: np.ndarray) -> np.ndarray:
    """Pictures (n, height, width, 3), uint8, as the network takes them: (n, 3, height, width), float32."""
    scaled = (images.astype(np.float32) / 255 - np.float32(MEAN)) / np.float32(STD)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def trained(
    data: TaskScenes, settings: Settings, seed: int, checkpoint: Path, say: Callable[[str], None] = print
) -> Trained:
    """Train on the scenes for training; after every epoch all is saved, and a killed training goes on from there.

    Flipped images keep their labels, since no task asks where something is, and so do shifted ones.

    Parameters
    ----------
    data : TaskScenes
    settings : Settings
    seed : int
        Draws the weights, the order of the images, flips and shifts: of each epoch by itself, so that a training that
        was stopped has the same numbers as one that was not.
    checkpoint : Path
        A file of another training is written over.
    say : callable
        Takes a line after every epoch.
    """
    train, validation = data.part("train"), data.part("validation")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    module = ResNet18(len(data.classes), settings.width)
    if settings.weights is not None:
        load_weights(module, settings.weights)
    module = module.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * -(-len(train) // settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    out = Trained(module)
    mark = asdict(settings) | {"seed": seed, "scenes": digest(data)}
    parts = {"module": module, "optimizer": optimizer, "schedule": schedule}
    if _resume(checkpoint, mark, parts, out):
        say(f"training goes on after epoch {len(out.history)}")
    x, y = at_input(train.images), torch.from_numpy(train.y)
    held_out = at_input(validation.images)
    for epoch in range(len(out.history), settings.epochs):
        started = time.perf_counter()
        losses = []
        module.train()
        for batch, labels in _batches(x, y, settings.batch, np.random.RandomState([seed, epoch])):
            optimizer.zero_grad()
            images = batch.to(device, memory_format=torch.channels_last)
            loss = nn.functional.cross_entropy(module(images), labels.to(device))
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        right = float((scores(module, held_out).argmax(axis=1) == validation.y).mean())
        out.history.append({"loss": float(torch.stack(losses).mean()), "validation": right})
        out.seconds += time.perf_counter() - started
        _save(checkpoint, mark, parts, out)
        loss = out.history[-1]["loss"]
        say(f"epoch {epoch + 1} of {settings.epochs}: loss {loss:.3f}, validation accuracy {right:.3f}")
    module.classes_ = list(range(len(data.classes)))
    module.eval().requires_grad_(False)
    return out


def scores(module: nn.Module, images: np.ndarray) -> np.ndarray:
    """Scores (n, n_classes), in evaluation mode, of images as the network takes them."""
    device = next(module.parameters()).device
    module.eval()
    with torch.no_grad():
        parts = [module(part.to(device)).cpu() for part in torch.from_numpy(images).split(SCORED_AT_ONCE)]
    return torch.cat(parts).numpy()


def digest(data: TaskScenes) -> str:
    """What tells these scenes and their labels from others."""
    content = hashlib.sha256(data.images.tobytes())
    content.update(data.y.tobytes() + "".join(data.split).encode())
    return content.hexdigest()[:16]


def _rate(done: float) -> float:
    """Learning rate, as a share of the largest, after a share of the training."""
    return done / WARM_UP if done < WARM_UP else 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _batches(x: np.ndarray, y: Tensor, size: int, rng: np.random.RandomState) -> Iterator[tuple[Tensor, Tensor]]:
    """The images of an epoch in random order, flipped and shifted at random."""
    height, width = x.shape[2:]
    down, right = SHIFT * height // 128, SHIFT * width // 128
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        rows = order[start : start + size]
        batch = np.pad(x[rows], ((0, 0), (0, 0), (down, down), (right, right)), mode="edge")
        tops, lefts = rng.randint(2 * down + 1, size=len(rows)), rng.randint(2 * right + 1, size=len(rows))
        flips = rng.randint(2, size=len(rows))
        images = [
            image[:, top : top + height, left : left + width][..., :: -1 if flip else 1]
            for image, top, left, flip in zip(batch, tops, lefts, flips, strict=True)
        ]
        yield torch.from_numpy(np.stack(images)), y[torch.from_numpy(rows)]


def _resume(checkpoint: Path, mark: dict[str, Any], parts: dict[str, Any], out: Trained) -> bool:
    """Take over what an earlier run of the same training has saved; whether there is any."""
    try:
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError):
        return False
    if not isinstance(saved, dict) or saved.get("mark") != mark:
        return False
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    out.history, out.seconds = saved["history"], saved["seconds"]
    return True


def _save(checkpoint: Path, mark: dict[str, Any], parts: dict[str, Any], out: Trained) -> None:
    """Save a training whole or not at all."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    states = {name: part.state_dict() for name, part in parts.items()}
    with replacing(checkpoint) as path:
        torch.save({"mark": mark, "history": out.history, "seconds": out.seconds, **states}, path)
