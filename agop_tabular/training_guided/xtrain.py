"""XtrAIn and Xstep: the mean of switching a column's update on and of taking it back, summed over the training.

Published (arXiv 2606.10877): for each update the effect of a column's own first-layer weights on the logits, in a
forward and a reverse form, accumulated over the training; Xstep takes selected checkpoints only. Reconstructed: the
mean of the two forms, not their sum; biases and later layers are credited to no column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from agop_tabular.training_guided.guided_method import GuidedMethod, Step
from agop_tabular.training_guided.trajectory import Trajectory


def mean_swap(step: Step) -> Tensor:
    """Mean of the forward and the reverse form (b, d, C), which changes its sign when the step is taken back."""
    return (step.forward() + step.reverse()) / 2


@dataclass(frozen=True)
class XTrain(GuidedMethod):
    """XtrAIn: over all checkpoints."""

    def attribute(self, steps: Iterator[Step]) -> Tensor:
        """Sum over the steps; see :meth:`GuidedMethod.attribute`."""
        return reduce(torch.add, map(mean_swap, steps))


@dataclass(frozen=True)
class XStep(XTrain):
    """Xstep: the same over a few checkpoints."""

    @property
    def chooses_checkpoints(self) -> bool:
        """True: the parameter says how many."""
        return True

    def replayed(self, trajectory: Trajectory, checkpoints: int) -> Trajectory:
        """Checkpoints spread evenly over those that there are."""
        return trajectory.thinned(checkpoints)
