"""Class models: the most typical row, or image, of a class on the network's own terms."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch

from agop_tabular.attribution.method import Statistics
from agop_tabular.core.class_model import class_model
from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.targets import Target, asks_for_all, asks_for_predicted

VALUES_AT_A_TIME = 2**22
"""Coordinates, over all classes, that ascend together: 16 MB in float32, before the layers of the network."""


def class_models(
    model: ExplainedModel,
    statistics: Statistics,
    target: Any,
    *,
    standardize: bool,
    penalty: float | str = "auto",
    n_steps: int = 200,
) -> tuple[np.ndarray, np.ndarray]:
    """Maximise scores as :func:`~agop_tabular.core.class_model.class_model` does, from the mean of the training rows.

    The score is the network's own, before any softmax: a probability would rise as well where those of other classes
    fall.

    Parameters
    ----------
    model : ExplainedModel
    statistics : TrainingStatistics
    target : "all", or a label
    standardize : bool
        Whether distances are measured in training standard deviations of each coordinate.
    penalty : float or "auto"
    n_steps : int

    Returns
    -------
    rows : ndarray of shape (k, p), float64
        Coordinates.
    labels : ndarray of shape (k,)

    Raises
    ------
    ValueError
        For a target that is unknown or "predicted", a penalty that is not above 0, and where no score changes at the
        mean.
    """
    if penalty != "auto" and not (isinstance(penalty, Real) and 0 < float(penalty) < math.inf):
        raise ValueError(f'penalty={penalty!r} is neither "auto" nor a number above 0.')
    if isinstance(n_steps, bool) or not isinstance(n_steps, Integral) or n_steps < 1:
        raise ValueError(f"n_steps={n_steps!r} is not a positive whole number.")
    adapter = model.network
    index = torch.as_tensor(_scores_of(model, target), device=adapter.device)
    start, deviations = statistics.coordinates.mean, statistics.coordinates.scale()
    scale = deviations if standardize else torch.ones_like(deviations)
    radius = float((deviations > 0).sum()) ** 0.5 if standardize else float(deviations.norm())
    of_network = {"device": adapter.device, "dtype": adapter.dtype}
    rows = []
    with torch.inference_mode(False), evaluating(adapter.module):
        for some in index.split(max(1, VALUES_AT_A_TIME // len(start))):
            found = class_model(
                adapter.scores,
                some,
                start.to(**of_network),
                scale.to(**of_network),
                radius=radius,
                penalty=None if isinstance(penalty, str) else float(penalty),
                n_steps=int(n_steps),
            )
            rows.append(found.double().cpu())
    values = torch.cat(rows)
    still = (values == start.to(adapter.dtype).double()).all(dim=1)
    if still.any():
        name = model.score_names[int(index[int(still.nonzero()[0])])]
        raise ValueError(
            f"No row near the mean of the training rows has a higher score of {name} than the mean itself, so there is "
            "no class model: its gradient there is zero, or not finite."
        )
    return values.numpy(), model.labels[index.cpu().numpy()]


def _scores_of(model: ExplainedModel, target: Any) -> np.ndarray:
    """Indices of the scores that are maximised."""
    if asks_for_all(target):
        return np.arange(model.n_scores)
    if asks_for_predicted(target):
        raise ValueError('target="predicted" belongs to a row; a class model has a class: give its label, or "all".')
    found = Target.read(target, model.network, 1)
    assert found.index is not None
    return found.index
