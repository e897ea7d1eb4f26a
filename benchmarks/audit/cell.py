"""One network: its audits, and whether the errors of fresh rows stay below the bounds that follow from them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from agop_tabular import AGOPExplainer
from agop_tabular.audit.comparison import Comparison
from agop_tabular.audit.sampled_values import sample_values
from agop_tabular.models.rows import take_rows
from benchmarks.shared import families
from benchmarks.shared.cells import Cell, Cells


def add_cell(cells: Cells, family: str, seed: int) -> None:
    """Compute a cell and save it."""
    cells.write(f"{family}-{seed}", measured(family, seed, cells.settings))


def measured(family: str, seed: int, settings: dict[str, Any]) -> Cell:
    """Coverage on fresh rows, of several audits, and after a shift; the audit's figures beside those of fresh rows."""
    warnings.simplefilter("ignore")
    trained = families.train(family, seed)
    if not trained.accuracy.passed:
        return {"failed": True}
    explainer = AGOPExplainer(trained.model, gate=None).fit(trained.train)
    audited, fresh = _split(trained.held_out[0], settings["fresh"])
    truth = _compared(explainer, fresh, settings["pairs"], seed)
    audits, coverage = [], []
    for random_state in range(settings["audits"]):
        audits.append(explainer.audit(audited, random_state=random_state))
        found = explainer(fresh)
        coverage.append(float((truth.relative_errors[:, 0] <= found.error).mean()))
    errors = truth.relative_errors[:, 0]
    bounds, support = np.asarray(found.error), np.asarray(found.support)
    near, far = _by_a_column(explainer, trained.held_out[0], settings["fresh"])
    explainer.audit(near)
    shifted = _compared(explainer, far, settings["pairs"], seed)
    return {
        "coverage": coverage,
        "shifted": float((shifted.relative_errors[:, 0] <= explainer(far).error).mean()),
        "bound": float(np.median(bounds)),
        "quantile": float(np.quantile(errors, audits[0].coverage)),
        "bound_correlation": float(spearmanr(bounds, errors).statistic),
        "support_correlation": float(spearmanr(1 - support, errors).statistic),
        "relative_error": truth.relative_error()[0],
        "cosine": truth.cosine()[0],
        "noise": truth.noise_share,
        "audited_error": [audit.relative_error for audit in audits],
        "audited_interval": [list(audit.intervals["relative_error"]) for audit in audits],
        "audited_cosine": [audit.cosine for audit in audits],
        "seconds": [audit.seconds for audit in audits],
        "evaluations": [audit.n_evaluations for audit in audits],
        "rows": [len(audits[0]), len(errors)],
    }


def _split(rows: Any, n_fresh: int) -> tuple[Any, Any]:
    """Rows to audit, and fresh ones, at most half of all."""
    n = min(n_fresh, len(rows) // 2)
    return take_rows(rows, slice(n, None)), take_rows(rows, slice(0, n))


def _by_a_column(explainer: AGOPExplainer, rows: Any, n_fresh: int) -> tuple[Any, Any]:
    """The rows below the median of the most important column, to audit, and some above it."""
    own = explainer.feature_map_.column_of == int(np.argmax(explainer.feature_importances_))
    key = explainer.model_.coordinates(rows)[:, own].sum(dim=1)
    order = key.argsort(stable=True).numpy()
    half = len(order) // 2
    return take_rows(rows, np.sort(order[:half])), take_rows(rows, np.sort(order[half:])[:n_fresh])


def _compared(explainer: AGOPExplainer, rows: Any, n_pairs: int, seed: int) -> Comparison:
    """The rows' attributions of the predicted score beside their Shapley values by many samples."""
    found, attributor = explainer(rows), explainer.attributor_
    x, background = explainer.model_.coordinates(rows), explainer.statistics_.background
    sampled = sample_values(explainer.model_, attributor.method, background, x, n_pairs, seed)
    everything = Comparison(np.repeat(found.values[:, :, None], sampled.values.shape[2], axis=2), sampled)
    one = sampled.values.shape[2] == 1
    index = np.zeros(len(rows), dtype=int) if one else np.searchsorted(explainer.classes_, found.target)
    return everything.of(index)
