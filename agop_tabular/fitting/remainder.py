"""The pass that measures what main and pair effects leave of the scores, once effects are fitted."""

from __future__ import annotations

from dataclasses import replace

import torch

from agop_tabular.attribution.by_effects import FittedEffectsMethod
from agop_tabular.core.evaluating import evaluating
from agop_tabular.effects.remainder import Measured, Remainder, measure_remainder
from agop_tabular.effects.shuffling import sorted_rows
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.models.explained_model import ExplainedModel


def remainder_of(
    model: ExplainedModel, statistics: TrainingStatistics, fitted: FittedEffectsMethod, seed: int
) -> Remainder:
    """Measure what a fitted method's effects leave of the scores.

    Parameters
    ----------
    model : ExplainedModel
    statistics : TrainingStatistics
        With background rows.
    fitted : FittedEffectsMethod
    seed : int
    """
    adapter, background = model.network, statistics.background
    assert background is not None
    # An earlier remainder, as after partial_fit, is no part of the tables: its triples are looked for again.
    nothing = Remainder.nothing(model.n_scores, model.feature_map.n_columns)
    look_up = replace(fitted, remainder=nothing).look_up(adapter.device, adapter.dtype)
    importances = fitted.summary.importances
    columns = importances.argsort(descending=True, stable=True)
    measured = Measured(
        model.scores,
        look_up.of_effects,
        fitted.mean_scores,
        sorted_rows(background),
        torch.from_numpy(model.feature_map.column_of),
        fitted.effects.axes,
        model.feature_map.n_columns,
    )
    with evaluating(adapter.module):
        return measure_remainder(measured, columns[importances[columns] > 0], seed)
