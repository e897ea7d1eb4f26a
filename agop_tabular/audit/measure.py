"""The audit: sample the Shapley values of some rows, and compare these rows' attributions with them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.attribution.attributor import Attributor
from agop_tabular.attribution.by_effects import FittedEffectsMethod
from agop_tabular.audit.comparison import Comparison
from agop_tabular.audit.error_bound import ErrorBound, row_scale
from agop_tabular.audit.plan import FIRST_PAIRS, QUIET, AuditPlan
from agop_tabular.audit.result import Audit, AuditedAs
from agop_tabular.audit.sampled_values import SampledValues, sample_values
from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.rows import spread_rows
from agop_tabular.models.targets import ALL, PREDICTED

VARIANCE_ROWS = 1024
"""Background rows that the variance of the scores is measured on."""


def audited_background(attributor: Attributor, background: torch.Tensor | None) -> torch.Tensor:
    """The background rows (m, p), where there are some, and attributions that an audit can compare.

    Parameters
    ----------
    attributor : Attributor
    background : Tensor of shape (m, p) or None

    Raises
    ------
    ValueError
    """
    if not isinstance(attributor.method, FittedEffectsMethod):
        raise ValueError(
            f'method="{attributor.method.method.name}" does not estimate Shapley values, which an audit compares with: '
            'fit with method="agop".'
        )
    if background is None:
        raise ValueError("An audit needs training rows, which a saved file does not hold: audit before saving.")
    return background


def measure_audit(
    attributor: Attributor, background: torch.Tensor, rows: Any, places: np.ndarray, plan: AuditPlan, seed: int
) -> Audit:
    """Compare the attributions of rows with their sampled Shapley values.

    Parameters
    ----------
    attributor : Attributor
        Of a method that looks effects up.
    background : Tensor of shape (m, p)
        Those that its attributions are differences from.
    rows : ndarray or DataFrame of shape (n, d)
    places : ndarray of int, shape (n,)
        Of the rows in the user's table; they name the rows of an array.
    plan : AuditPlan
    seed : int
        Of the permutations.
    """
    started = time.perf_counter()
    model, fitted = attributor.model, attributor.method
    assert isinstance(fitted, FittedEffectsMethod)
    found, predicted = _attributed(attributor, rows)
    sampled, n_pairs = _sampled(attributor, background, model.coordinates(rows), found.values, plan, seed)
    everything = Comparison(found.values, sampled)
    compared = everything if predicted is None else everything.of(predicted)
    unexplained = _unexplained(model, fitted, background)
    scales = row_scale(found, unexplained)
    bound = ErrorBound.of(everything.relative_errors, scales, predicted, unexplained, float(plan.coverage))
    cosine, cosine_interval = compared.cosine()
    error, error_interval = compared.relative_error()
    own_scales = scales.max(axis=1) if predicted is None else scales[np.arange(len(scales)), predicted]
    figures = _rows(compared, own_scales * bound.predicted, model, predicted)
    return Audit(
        unit=model.unit,
        cosine=cosine,
        relative_error=error,
        intervals={"cosine": cosine_interval, "relative_error": error_interval},
        columns=_columns(compared, model.feature_map.names),
        rows=figures.set_index(rows.index if hasattr(rows, "index") else pd.Index(places)).set_index(
            rows.index if hasattr(rows, "index") else pd.Index(places)
        ),
        noise_share=compared.noise_share,
        n_permutations=2 * n_pairs,
        n_evaluations=sampled.n_evaluations,
        seconds=time.perf_counter() - started,
        error_bound=bound,
        of=AuditedAs.now(attributor),
    )


def _attributed(attributor: Attributor, rows: Any) -> tuple[Attributions, np.ndarray | None]:
    """Attributions (n, d, C) of all scores, with support; which score is predicted, (n,), or None where none is."""
    one = attributor.model.network.n_scores == 1
    found = attributor.attribute(rows, PREDICTED if one else ALL, with_support=True)
    found = replace(found, values=found.values.astype(float))
    if one:
        assert found.support is not None
        every = replace(found, values=found.values[:, :, None], support=found.support[:, None], index=None)
        return every, np.zeros(len(found.values), dtype=int)
    return found, None if attributor.model.classes is None else attributor.attribute(rows, PREDICTED).index


def _sampled(
    attributor: Attributor,
    background: torch.Tensor,
    x: torch.Tensor,
    attributions: np.ndarray,
    plan: AuditPlan,
    seed: int,
) -> tuple[SampledValues, int]:
    """Sampled values, and how many permutations each row had: as many as are asked for, or needed."""
    model, fitted = attributor.model, attributor.method
    assert isinstance(fitted, FittedEffectsMethod)
    most = plan.most_pairs(len(x), model.feature_map.n_columns)
    n_pairs = most if plan.n_permutations != "auto" else min(FIRST_PAIRS, most)
    found = sample_values(model, fitted, background, x, n_pairs, seed)
    while n_pairs < most and Comparison(attributions, found).noise_share > QUIET:
        more = min(n_pairs, most - n_pairs)
        found += sample_values(model, fitted, background, x, more, seed + n_pairs)
        n_pairs += more
    return found, n_pairs


def _unexplained(model: ExplainedModel, fitted: FittedEffectsMethod, background: torch.Tensor) -> np.ndarray:
    """Standard deviation of what effects leave of each score, (C,)."""
    some = background[torch.from_numpy(spread_rows(len(background), VARIANCE_ROWS)).to(background.device)]
    with evaluating(model.network.module):
        variance = model.scores(some).double().var(dim=0, unbiased=False).cpu()
    share = fitted.remainder.unexplained
    return np.zeros(len(variance)) if share is None else (variance * share).sqrt().numpy()


def _rows(
    compared: Comparison, bounds: np.ndarray, model: ExplainedModel, predicted: np.ndarray | None
) -> pd.DataFrame:
    """Figures of the rows; of several outputs the largest error."""
    cosines, errors = compared.cosines.mean(axis=1), compared.relative_errors.max(axis=1)
    table = pd.DataFrame({"cosine": cosines, "relative_error": errors, "bound": bounds})
    if predicted is not None:
        table.insert(0, "target", np.array(model.score_names, dtype=object)[predicted])
    return table


def _columns(compared: Comparison, names: tuple[str, ...]) -> pd.DataFrame:
    """Errors of the columns, the largest first."""
    errors = compared.column_errors()
    squares = np.square(errors)
    total = squares.sum()
    table = pd.DataFrame(
        {
            "error": errors,
            "share": squares / total if total > 0 else squares,
            "attribution": np.abs(compared.attributions).mean(axis=(0, 2)),
        },
        index=pd.Index(names, name="column"),
    )
    return table.sort_values("error", ascending=False, kind="stable")
