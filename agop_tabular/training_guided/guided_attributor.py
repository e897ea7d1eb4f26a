"""The loop that explains by training: batches of rows go through the checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.refusals import check_finite
from agop_tabular.models.row_order import check_row_order
from agop_tabular.models.rows import result_dtype
from agop_tabular.models.targets import Target
from agop_tabular.training_guided.guided_method import GuidedMethod
from agop_tabular.training_guided.replay import Replay, recorded_module
from agop_tabular.training_guided.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class GuidedAttributor:
    """A model, its training, and a method.

    Attributes
    ----------
    model : ExplainedModel
    trajectory : Trajectory
        The checkpoints between which the method takes steps.
    method : GuidedMethod
    batch_size : int or "auto"
    verbose : int
        Above 0, show a progress bar.
    """

    model: ExplainedModel
    trajectory: Trajectory
    method: GuidedMethod
    batch_size: int | str = "auto"
    verbose: int = 0

    def attribute(self, X: Any, target: Any) -> Attributions:
        """Attribute the scores of rows.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)
            The user's rows.
        target : "predicted", "all", a label, or an array-like of n labels

        Returns
        -------
        Attributions
            ``base_values`` are the scores of the network before its training; ``gap`` is what no column gets: the part
            of biases, of later layers, and of what columns did together.

        Raises
        ------
        ValueError
            Where the network's weights have changed since it was trained, or values are not finite.
        """
        model, n = self.model, len(X)
        check_row_order(target, X, "target")
        wanted = Target.read(target, model.network, n)
        replay = Replay(model, self.trajectory, recorded_module(model, self.trajectory))
        parts = []
        progress = "Training-guided explain" if self.verbose else None
        with torch.inference_mode(False), evaluating(model.network.module), evaluating(replay.module), torch.no_grad():
            for rows, x in model.batches(X, self.batch_size, progress=progress):
                check_finite(x, model.feature_map, rows.start)
                base, values = replay.first_scores(x), self.method.attribute(replay.steps(x))
                raw = model.raw_scores(x)
                scores = model.explained(raw)
                choose = wanted.choice(model.network, rows, x.device)
                index = None if choose is None else choose(raw)
                chosen = (values, base, scores) if index is None else (_of(t, index) for t in (values, base, scores))
                parts.append((*(t.double().cpu().numpy() for t in chosen), index))
        return _joined(parts, result_dtype(X))


def _of(t: Tensor, index: Tensor) -> Tensor:
    """Of each row the values of its score, the last axis of t."""
    return t[torch.arange(len(t), device=t.device), ..., index]


def _joined(parts: list[Any], dtype: np.dtype) -> Attributions:
    """Attributions of all rows from those of batches, in the dtype of X."""
    values, base, scores = (np.concatenate([part[i] for part in parts]) for i in range(3))
    index = None if parts[0][3] is None else np.concatenate([part[3].cpu().numpy() for part in parts])
    gap = scores - base - values.sum(axis=1)
    arrays = {"scores": scores, "base_values": base, "gap": gap}
    return Attributions(values.astype(dtype), index, **{name: a.astype(dtype) for name, a in arrays.items()})
