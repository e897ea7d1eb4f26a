"""XtrAIn+: XtrAIn over those steps only that raised the explained score of the row.

Published (arXiv 2606.10877): updates that act in favour of the target are kept, and a class that was never learned gets
exactly zero. Reconstructed: an update is in favour of the target where the row's score rose. That gives zeros while the
score of such a class only falls; after many epochs it also rises. Two other readings, which give such a class
importances all the same: a column's positive contributions, and the part of each update from the class's own term of
the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from agop_tabular.training_guided.guided_method import GuidedMethod, Step
from agop_tabular.training_guided.xtrain import mean_swap


@dataclass(frozen=True)
class XTrainPlus(GuidedMethod):
    """XtrAIn+."""

    def attribute(self, steps: Iterator[Step]) -> Tensor:
        """Sum over the steps that raised a score, of this score; see :meth:`GuidedMethod.attribute`."""
        return reduce(torch.add, map(_if_risen, steps))


def _if_risen(step: Step) -> Tensor:
    swap = mean_swap(step)
    return torch.where((step.after > step.before)[:, None, :], swap, torch.zeros_like(swap))
