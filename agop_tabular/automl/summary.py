"""Explain several models of one run and compare them in a table."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.automl.explaining import explain
from agop_tabular.results.explanation import Explanation

SHOWN = 3
"""Columns named in ``top``: enough to compare models at a glance, few enough for one cell of a table."""


def summary(
    predictors: Mapping[str, Any], X_train: Any, X: Any, **params: Any
) -> tuple[pd.DataFrame, dict[str, Explanation]]:
    """Explain several fitted predictors on the same rows.

    Parameters
    ----------
    predictors : dict of str to predictor
        Fitted predictors by name.
    X_train, X : as in :func:`~agop_tabular.automl.explain`
    **params : dict
        Further parameters of :func:`~agop_tabular.automl.explain`.

    Returns
    -------
    table : DataFrame
        One row for each predictor: its class (``predictor``), how it was explained (``by``: gradient, student, or
        refused with the reason), the student's ``r2`` and ``agreement``, training ``rows`` used, ``seconds``, the
        median ``support``, and the columns of largest mean absolute attribution (``top``).
    explanations : dict of str to Explanation
        Explanations by name, of the predictors that could be explained.
    """
    rows, found = [], {}
    for name, predictor in predictors.items():
        started = time.perf_counter()
        row: dict[str, Any] = {"name": name, "predictor": type(predictor).__name__}
        try:
            explanation = explain(predictor, X_train, X, **params)
        except (TypeError, ValueError) as error:
            rows.append(row | {"by": f"refused: {error}", "seconds": time.perf_counter() - started})
            continue
        found[name] = explanation
        about = explanation.about
        fidelity = about.get("fidelity", {})
        mean = np.abs(explanation.values).reshape(*explanation.values.shape[:2], -1).mean(axis=(0, 2))
        top = [explanation.feature_names[j] for j in np.argsort(-mean, kind="stable")[:SHOWN]]
        support = np.nan if explanation.support is None else float(np.nanmedian(explanation.support))
        rows.append(
            row
            | {"by": about["by"], "r2": fidelity.get("r2"), "agreement": fidelity.get("agreement")}
            | {"rows": about["rows"], "seconds": about["seconds"], "support": support, "top": ", ".join(top)}
        )
    columns = ["name", "predictor", "by", "r2", "agreement", "rows", "seconds", "support", "top"]
    return pd.DataFrame(rows, columns=columns).set_index("name"), found
