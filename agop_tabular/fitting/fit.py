"""All of a fit: statistics, the method fitted to them, and the gate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from agop_tabular.attribution.by_effects import FittedEffectsMethod
from agop_tabular.attribution.method import FittedMethod, Method, Settings
from agop_tabular.core.precision import NEVER_ZERO
from agop_tabular.effects.disagreement import Disagreement
from agop_tabular.fitting.connect import connect
from agop_tabular.fitting.gather import check_gathered
from agop_tabular.fitting.gradient_check import warn_of_false_gradients
from agop_tabular.fitting.moment_choice import choose_moment
from agop_tabular.fitting.plan import FitPlan
from agop_tabular.fitting.remainder import disagreement_of, warn_of_disagreement, warn_of_much_left, with_remainder
from agop_tabular.fitting.shuffled_rows import (
    POOL,
    SHUFFLED,
    SHUFFLED_A_ROW,
    ShuffledPass,
    pool_rows,
    with_background,
)
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.fitting.tables import Table
from agop_tabular.gate.find import GateRows, find_gate, tried_rows
from agop_tabular.gate.noise_floor import Gate
from agop_tabular.models.explained_model import ExplainedModel, probe_rows
from agop_tabular.results.column_effects import ColumnEffects

ENOUGH = 0.04
"""Noise in the effects with which shuffled rows are enough, as a share of the variance that effects leave anyway. The
error of an attribution is the root of both together, so it is 2% larger than without noise, at most."""

MOST_LEFT = 0.03
"""Share of a score's variance that counts as left anyway, at most: effects of three may still explain what is more."""

LEAST_LEFT = 0.25
"""Share of what effects leave on the first block that they leave anyway, at least: where nearly all of it is noise the
difference of the two is not known well."""

WORTH_GROWING = 1.1
"""Ratio of the shuffled rows that are needed to those that there are, from which more are taken: all effects are
computed again from them."""

GOOD = 0.005
"""Share of a score's variance that counts as left anyway even if less is: noise of a tenth of it moves attributions by
2%, which is a quarter of the usual error."""


@dataclass(frozen=True, eq=False)
class Fit:
    """What a fit results in.

    Attributes
    ----------
    model : ExplainedModel
    statistics : TrainingStatistics
    method : FittedMethod
    gate : Gate or None
    """

    model: ExplainedModel
    statistics: TrainingStatistics
    method: FittedMethod
    gate: Gate | None = None

    def attributes(self) -> dict[str, Any]:
        """Fitted attributes of an explainer by name, which its docstring describes."""
        model, statistics, summary = self.model, self.statistics, self.method.summary
        found = {
            "model_": model,
            "statistics_": statistics,
            "gate_": self.gate,
            "feature_map_": model.feature_map,
            "coordinate_names_": np.array(model.feature_map.coordinate_names, dtype=object),
            "n_samples_seen_": statistics.n,
            "baseline_": summary.baseline.numpy(),
            "scale_": summary.scale.numpy(),
            "agop_diagonal_": summary.diagonal.numpy(),
            "agop_error_": statistics.gradients.error,
            "moment_": statistics.gradients.kind,
        }
        if model.classes is not None:
            found["classes_"] = model.classes
        if summary.spectrum is not None:
            eigenvalues = summary.spectrum.eigenvalues.numpy()
            found["rank_"] = summary.rank
            found["eigenvalues_"] = np.pad(eigenvalues, (0, summary.spectrum.p - len(eigenvalues)))
            found["components_"] = summary.spectrum.components[: summary.rank].numpy()
        return found


OPTIONAL_ATTRIBUTES = ("classes_", "rank_", "eigenvalues_", "components_")
"""Names from :meth:`Fit.attributes` that some fits lack."""


def fit_table(estimator: Any, table: Table, labels: Any, plan: FitPlan, earlier: Fit | None = None) -> Fit:
    """Collect statistics from a table, fit the method to them, and find the gate.

    Parameters
    ----------
    estimator : object
        Fitted.
    table : Table
    labels : array-like or dask collection of shape (n,), or None
        Sharpen the gate.
    plan : FitPlan
    earlier : Fit, optional
        To whose statistics this table's are added, and whose model is used.

    Raises
    ------
    ValueError
        Where the table has no rows, rows or gradients are not finite, or gradients do not show what the network does.
    """
    scored = plan.method.gathers_effects
    _prefetch(table, plan)
    if earlier is None:
        first_layer = plan.moment != "dense"  # "dense" takes gradients at the input itself, with no short cut
        model = connect(
            estimator,
            table,
            contrast=plan.contrast,
            output=plan.output,
            first_layer=first_layer,
            device=plan.device,
            batch_size=plan.batch_size,
        ).named(plan.class_names, plan.output_name)
        model = replace(model, summed=plan.summed)
        statistics = TrainingStatistics.empty(choose_moment(plan.moment, plan.method, model), model)
    else:
        model, statistics = earlier.model.named(plan.class_names, plan.output_name), earlier.statistics
    statistics, coordinates = table.gather(
        model,
        statistics,
        plan.batch_size,
        scored=scored,
        progress=plan.progress,
        keep_up_to=POOL if scored else 0,  # the next passes need all of them again
    )
    check_gathered(model, statistics)
    if scored:
        statistics, fitted = _fit_effects(model, with_background(model, statistics, table, coordinates), plan)
    else:
        batch = () if plan.batch_size == "auto" else (int(plan.batch_size),)
        warn_of_false_gradients(model, statistics.coordinates.scale(), *batch)
        fitted = fit_method(plan.method, model, statistics, plan.settings(model, statistics))
    tried = tried_rows(plan.gate, plan.method, len(table))
    if coordinates is None:
        rows = GateRows(table.take(tried), None)
    else:
        rows = GateRows(None, coordinates[torch.from_numpy(tried).to(coordinates.device)])
    if plan.gate.finds_a_floor and len(tried):
        rows = replace(rows, labels=table.labels_at(labels, tried))
    variances = None
    if isinstance(fitted, FittedEffectsMethod):
        network = model.network
        fitted.look_up(network.device, network.dtype)  # made here, not at the first explanation
        if plan.gate.wants_variances(model.feature_map.n_columns):
            variances = column_effects(model, statistics, fitted).variances()
    return Fit(model, statistics, fitted, find_gate(model, fitted.summary, plan.gate, variances, rows))


def _fit_effects(
    model: ExplainedModel, statistics: TrainingStatistics, plan: FitPlan
) -> tuple[TrainingStatistics, FittedMethod]:
    """Gather effects on shuffled rows, compare them with the scores, and measure what they leave of these.

    Along axes where they disagree, and were integrated from gradients, effects are gathered again from the scores
    themselves.
    """
    found, fitted, check = _gathered(model, statistics, plan)
    fitted.summary.warn(uses_rank=fitted.uses_rank)
    if check is None:
        return found, fitted
    integrated = [i for i in check.axes if fitted.effects.axes[i].compared_at is None]
    if integrated:
        again, fitted_again, check_again = _gathered(model, statistics, plan, integrated)
        assert check_again is not None
        if check_again.unexplained.sum() < check.unexplained.sum():
            found, fitted, check = again, fitted_again, check_again
    warn_of_disagreement(model, fitted.effects.axes, check)
    assert found.background is not None
    fitted = with_remainder(model, fitted, found.background, plan.seed)
    if not check.axes:  # of which it was said already
        warn_of_much_left(fitted)
    return replace(found, remainder=fitted.remainder), fitted


def _gathered(
    model: ExplainedModel, statistics: TrainingStatistics, plan: FitPlan, compared: Sequence[int] = ()
) -> tuple[TrainingStatistics, FittedEffectsMethod, Disagreement | None]:
    """Effects on as many shuffled rows as this network needs, and how they disagree with the scores.

    A first block tells the noise in the effects, by which their two halves differ. The noise falls with the number of
    rows, so it is known how many make it small against the most that may count as left by effects; these are taken in
    any case. What effects do leave of the scores then says how many more make it small against that. Where nothing
    varies there is nothing to compare.
    """
    most = SHUFFLED if plan.max_samples is None else min(SHUFFLED, SHUFFLED_A_ROW * plan.max_samples)
    rows = ShuffledPass(model, replace(statistics, remainder=None), plan.seed, most, compared)
    found = rows.grow()
    if found.halves is not None:
        share = float((found.halves.noise / found.halves.variance.clamp_min(NEVER_ZERO)).amax())
        found = _grown(rows, found, share / MOST_LEFT)
    fitted, check = _checked(model, found, plan)
    if found.halves is not None and check is not None:
        noise, left = found.halves.noise / check.variance, check.unexplained
        excess = noise / torch.maximum(left - noise, LEAST_LEFT * left).clamp(GOOD, MOST_LEFT)
        grown = _grown(rows, found, float(excess.amax()))
        if grown is not found:
            found = grown
            fitted, check = _checked(model, found, plan)
    return found, fitted, check


def _grown(rows: ShuffledPass, found: TrainingStatistics, excess: float) -> TrainingStatistics:
    """Statistics of as many more rows as bring this share of noise down to what is enough; the same if few are missing.

    Parameters
    ----------
    rows : ShuffledPass
    found : TrainingStatistics
        Of the rows so far.
    excess : float
        Noise in their effects, as a share of what they leave.
    """
    needed = min(rows.most, math.ceil(rows.n_rows * min(excess / ENOUGH, SHUFFLED)))
    return rows.grow(needed) if needed > WORTH_GROWING * rows.n_rows else found


def _checked(
    model: ExplainedModel, statistics: TrainingStatistics, plan: FitPlan
) -> tuple[FittedEffectsMethod, Disagreement | None]:
    """The method fitted to effects, and how these disagree with the scores."""
    fitted = plan.method.fit(model.feature_map, statistics, plan.settings(model, statistics))
    assert isinstance(fitted, FittedEffectsMethod)
    if not (fitted.effects.axes and fitted.summary.importances.any()):
        return fitted, None
    assert statistics.background is not None
    fitted = fitted.centred_on(statistics.background)
    return fitted, disagreement_of(model, fitted, statistics.background, plan.seed)


def fit_method(
    method: Method, model: ExplainedModel, statistics: TrainingStatistics, settings: Settings
) -> FittedMethod:
    """Fit a method to statistics, and warn where attributions are all zero or depend on an arbitrary rank.

    Parameters
    ----------
    method : Method
    model : ExplainedModel
    statistics : TrainingStatistics
    settings : Settings
    """
    fitted = method.fit(model.feature_map, statistics, settings)
    fitted.summary.warn(uses_rank=fitted.uses_rank)
    return fitted


def column_effects(model: ExplainedModel, statistics: TrainingStatistics, fitted: FittedMethod) -> ColumnEffects:
    """The effects of a fitted method, in the user's columns.

    Raises
    ------
    AttributeError
        Where the method gathers none.
    """
    if not isinstance(fitted, FittedEffectsMethod):
        raise AttributeError(f'method="{fitted.method.name}" gathers no effects; fit with method="agop".')
    return ColumnEffects(
        model.feature_map.names,
        model.score_names,
        statistics.columns,
        fitted.effects,
        model.feature_map,
        fitted.remainder.triples,
        fitted.remainder.unexplained,
        tuple(map(str, model.labels)),
        model.unit,
        statistics.halves,
    )


def column_importances(model: ExplainedModel, statistics: TrainingStatistics, fitted: FittedMethod) -> np.ndarray:
    """Importances (d,) of the user's columns: shares in the variance of all effects, or in diag M without effects."""
    if isinstance(fitted, FittedEffectsMethod):
        return column_effects(model, statistics, fitted).importances()
    return fitted.summary.importances.numpy()


def _prefetch(table: Table, plan: FitPlan) -> None:
    """Let a table read at once the few rows that a fit takes from it."""
    n = len(table)
    if n == 0:
        raise ValueError("Found array with 0 sample(s); a minimum of 1 is required by AGOPExplainer.")
    pool = [pool_rows(n)] if plan.method.gathers_effects else []
    table.prefetch(probe_rows(*table.shape[:2]), tried_rows(plan.gate, plan.method, n), *pool)
