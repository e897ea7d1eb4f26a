"""Readings of XtrAIn+ that were not taken, at a class without training rows, where published attributions are zero.

One of them needs the gradients of a training by plain SGD. With the cross-entropy, whose slope by logit c of a row is
p_c - y_c, every update of the first layer is the sum over the logits of what came through each of them; that of the
explained class is the part of the update that comes from its own term of the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryRecorder
from agop_tabular.training_guided.guided_method import GuidedMethod
from agop_tabular.training_guided.guided_methods import guided_method
from agop_tabular.training_guided.replay import ReplayedStep
from agop_tabular.training_guided.trajectory import Trajectory
from agop_tabular.training_guided.xtrain import mean_swap
from benchmarks.shared.networks import perceptron
from benchmarks.training_guided.problems import UNSEEN, Region

RATE, BATCH = 0.1, 64
"""Learning rate and batch of the training by plain SGD; the batch is that of the study's other trainings."""


@dataclass(frozen=True)
class PositiveParts(GuidedMethod):
    """Each column's positive contributions, whatever the score did."""

    def attribute(self, steps: Iterator[ReplayedStep]) -> Tensor:
        """Sum of the positive parts."""
        return reduce(torch.add, (mean_swap(step).clamp_min(0) for step in steps))


@dataclass(frozen=True)
class OwnTerm(GuidedMethod):
    """XtrAIn with one logit's part of every update in the place of the update; it attributes this logit.

    Attributes
    ----------
    parts : tuple of Tensor of shape (h, p)
        Of each step, for the logit.
    """

    parts: tuple[Tensor, ...]

    def attribute(self, steps: Iterator[ReplayedStep]) -> Tensor:
        """Sum over the steps."""
        return reduce(torch.add, map(_swap_of_part, steps, self.parts))


def _swap_of_part(step: ReplayedStep, part: Tensor) -> Tensor:
    step.difference = part  # instead of the whole update
    return mean_swap(step)


@dataclass(frozen=True, eq=False)
class SplitTraining:
    """A network trained by plain SGD, and the parts of its updates.

    Attributes
    ----------
    module : torch.nn.Sequential
    trajectory : Trajectory
        A checkpoint an epoch.
    parts : list of Tensor of shape (C, h, p)
        Of the first layer's update in each epoch, by logit.
    """

    module: nn.Sequential
    trajectory: Trajectory
    parts: list[Tensor]


def split_training(region: Region, seed: int, epochs: int) -> SplitTraining:
    """Train a network of two hidden layers, in the dtype of the rows."""
    x, y = torch.from_numpy(region.X), torch.from_numpy(region.y)
    torch.manual_seed(seed)
    module = perceptron(x.shape[1], (64, 32), region.n_classes).to(x.dtype)
    module.classes_ = np.arange(region.n_classes)
    recorder = TrajectoryRecorder(module, unit="epoch")
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
    parts = []
    for _ in range(epochs):
        part = x.new_zeros(region.n_classes, *module[0].weight.shape)
        for rows in torch.randperm(len(x)).split(BATCH):
            part += split_step(module, optimizer, x[rows], y[rows])
        parts.append(part)
        recorder.record()
    return SplitTraining(module, recorder.finish(), parts)


def split_step(module: nn.Sequential, optimizer: torch.optim.SGD, x: Tensor, y: Tensor) -> Tensor:
    """Take one step, and return the parts (C, h, p) of the first layer's update by logit."""
    scores = module(x)
    with torch.no_grad():
        slopes = (scores.softmax(dim=1) - nn.functional.one_hot(y, scores.shape[1])) / len(x)
        by_logit = torch.diag_embed(slopes).transpose(0, 1)  # (C, b, C): the slope of one logit, others zero
    (gradients,) = torch.autograd.grad(scores, module[0].weight, by_logit, retain_graph=True, is_grads_batched=True)
    optimizer.zero_grad()
    nn.functional.cross_entropy(scores, y).backward()
    optimizer.step()
    return -optimizer.param_groups[0]["lr"] * gradients


def unseen(net: Any, region: Region, seed: int, epochs: int) -> dict[str, dict[str, dict[str, float]]]:
    """What readings give to the class without training rows.

    Returns
    -------
    dict
        By training (that of the network, by plain SGD for as many epochs, by plain SGD to the end) and reading:
        ``zero``, the share of rows whose attributions are all exactly zero, and ``size``, the sum of absolute
        attributions, that of XtrAIn taken as 1.
    """
    explainer = TrainingGuidedExplainer(net).fit(region.X)
    found = {"early stopping": _sizes(explainer, region)}
    for name, length in {"SGD as long": len(explainer.trajectory_) - 1, "SGD to the end": epochs}.items():
        split = split_training(region, seed, length)
        explainer = TrainingGuidedExplainer(split.module, trajectory=split.trajectory).fit(region.X)
        own = OwnTerm("own term of the loss", tuple(part[UNSEEN] for part in split.parts))
        found[name] = _sizes(explainer, region, own)
    return found


def _sizes(explainer: TrainingGuidedExplainer, region: Region, *more: GuidedMethod) -> dict[str, dict[str, float]]:
    methods = (guided_method("xtrain"), guided_method("xtrain+"), PositiveParts("positive parts"), *more)
    attributor = explainer.attributor_
    values = {m.name: replace(attributor, method=m).attribute(region.test, UNSEEN).values for m in methods}
    whole = np.abs(values["xtrain"]).sum()
    return {
        name: {"zero": float((of_rows == 0).all(axis=1).mean()), "size": float(np.abs(of_rows).sum() / whole)}
        for name, of_rows in values.items()
    }
