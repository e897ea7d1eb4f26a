"""XWP and XWP-c: a column's weights set back to the initialisation, or those of the trained network alone.

Published (arXiv 2605.15328): the weights of a column are perturbed, not its value, with the network's initial state as
baseline; a column's importance is the difference of the outputs. Reconstructed: the trained network's score minus its
score with the column's initial weights. What the paper's second variant is was not found; "xwp-c" is a guess, the
complement: what the column's trained weights alone add to the initial network. The mean of the two is Xstep in one
step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from agop_tabular.training_guided.guided_method import GuidedMethod, Step
from agop_tabular.training_guided.trajectory import Trajectory


@dataclass(frozen=True)
class _FirstToLast(GuidedMethod):
    """A method of one step, from the initialisation to the trained network."""

    def replayed(self, trajectory: Trajectory, checkpoints: int) -> Trajectory:
        """The first and the last checkpoint."""
        return trajectory.thinned(2)


@dataclass(frozen=True)
class XWP(_FirstToLast):
    """XWP: what the trained network loses by a column's initial weights."""

    def attribute(self, steps: Iterator[Step]) -> Tensor:
        """See :meth:`GuidedMethod.attribute`."""
        return next(steps).reverse()


@dataclass(frozen=True)
class XWPComplement(_FirstToLast):
    """XWP-c, a guess: what the initial network gains by a column's trained weights."""

    def attribute(self, steps: Iterator[Step]) -> Tensor:
        """See :meth:`GuidedMethod.attribute`."""
        return next(steps).forward()
