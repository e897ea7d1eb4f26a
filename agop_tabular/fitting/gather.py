"""One pass over rows: batches go through the network, and their gradients, coordinates and scores are summed."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.gradients import score_jacobian
from agop_tabular.core.moments import FactoredMoment
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.models.embeddings import has_embeddings
from agop_tabular.models.explained_model import Batches, ExplainedModel
from agop_tabular.models.refusals import (
    check_finite,
    check_gradient,
    check_known,
    check_moves,
    check_range,
    check_scores,
    check_squares,
)


def gather(
    model: ExplainedModel, statistics: TrainingStatistics, batches: Batches, *, scored: bool = False
) -> TrainingStatistics:
    """Add rows to statistics; the earlier statistics stay as they are, after an error too.

    Parameters
    ----------
    model : ExplainedModel
    statistics : TrainingStatistics
        Of earlier rows, or empty.
    batches : iterable of (slice, Tensor of shape (b, p))
        Places and coordinates of the rows.
    scored : bool
        Whether the scores are summed, too.

    Raises
    ------
    ValueError
        Where a row or a gradient is not finite.
    """
    adapter = model.network
    gradients, coordinates = deepcopy(statistics.gradients), deepcopy(statistics.coordinates)
    score_total = statistics.score_total
    cut = None
    if isinstance(gradients, FactoredMoment):
        gradients.check(None if model.layer is None else model.layer.weight)
        cut = None if model.layer is None else model.layer.cut
    seen: list[Tensor] = []
    with evaluating(adapter.module):
        for rows, x in batches:
            coordinates.update(x)
            if not torch.isfinite(coordinates.mean.sum()):  # one number tells whether to look at all of them
                check_finite(x, model.feature_map, rows.start)
            gradients.update(model.summed_gradients(x, cut=cut, seen=seen.append))
            s = seen.pop()
            check_scores(s, rows.start)  # a logarithm of a negative number has a gradient
            if scored:
                score_total = score_total + model.explained(s).double().sum(dim=0).cpu()
            if not gradients.is_finite():
                check_gradient(score_jacobian(adapter.scores, x), rows.start, squared=True)
    return replace(statistics, gradients=gradients, coordinates=coordinates, score_total=score_total)


def check_gathered(model: ExplainedModel, statistics: TrainingStatistics) -> None:
    """Refuse a network whose gradients do not show all that it does with its input.

    Coordinates without a gradient are checked again; if the network has embeddings, so are whole-number coordinates
    except codes.

    Raises
    ------
    ValueError
        Where a coordinate changes the scores but has no gradient, or varies and belongs to no column.
    """
    adapter, x = model.network, model.probe
    raw = replace(model, contrast=0.0)
    coordinates = statistics.coordinates
    with evaluating(adapter.module):
        check_known(model.feature_map, coordinates.varies)
        check_range(coordinates.scale(), statistics.gradients.diagonal(), model.feature_map)
        if x is None:
            return
        dead = (statistics.gradients.diagonal() == 0) & (coordinates.scale() > 0)
        suspects = dead.clone()
        if has_embeddings(adapter.module):
            whole = (x == x.round()).all(dim=0).cpu()
            suspects |= whole & (coordinates.scale() > 0) & ~adapter.code_coordinates()
        if suspects.any():
            check_moves(raw.differentiable, x, suspects, model.feature_map)
        if dead.any():
            check_squares(raw.summed_gradients(x), coordinates.scale(), dead, model.feature_map)
