"""What a training-guided method is: a sum over steps of what a column's weights did to the scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from agop_tabular.training_guided.trajectory import Trajectory


class Step(Protocol):
    """A step of the training, from one checkpoint to the next, at some rows."""

    @property
    def before(self) -> Tensor:
        """Scores (b, C) at the earlier checkpoint."""
        ...

    @property
    def after(self) -> Tensor:
        """Scores (b, C) at the later checkpoint."""
        ...

    def forward(self) -> Tensor:
        """Change of the earlier network's scores (b, d, C) by each column's later weights alone."""
        ...

    def reverse(self) -> Tensor:
        """What the later network's scores (b, d, C) lose by each column's earlier weights alone."""
        ...


@dataclass(frozen=True)
class GuidedMethod(ABC):
    """A way to attribute scores to columns by the steps of a training.

    Attributes
    ----------
    name : str
        What ``method=`` calls it.
    """

    name: str

    @property
    def chooses_checkpoints(self) -> bool:
        """Whether it depends on the parameter ``checkpoints``."""
        return False

    def replayed(self, trajectory: Trajectory, checkpoints: int) -> Trajectory:
        """The checkpoints between which it takes steps; all of them unless a method says otherwise.

        Parameters
        ----------
        trajectory : Trajectory
        checkpoints : int
            Parameter of the explainer.
        """
        return trajectory

    @abstractmethod
    def attribute(self, steps: Iterator[Step]) -> Tensor:
        """Attributions (b, d, C) of all scores.

        Parameters
        ----------
        steps : iterator of Step
            In order; what is computed of one is gone when the next one is taken.
        """
