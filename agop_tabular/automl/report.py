"""The report of a run: the model that won, and how others of the run compare with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from agop_tabular.automl.explaining import fit_explainer
from agop_tabular.explainer import AGOPExplainer
from agop_tabular.models.row_order import check_row_order
from agop_tabular.report.blocks import Paragraph, Section, Table
from agop_tabular.report.explainers import write_report
from agop_tabular.report.options import ROWS, ReportOptions
from agop_tabular.report.performance import checked_labels, measured
from agop_tabular.results.cells import cut_text

SHOWN = 3
"""Columns that are named of each model."""

NAME_LENGTH = 40
"""Characters of a name."""


def report(
    predictors: Any,
    X_train: Any,
    X: Any,
    y: Any = None,
    path: str | PathLike[str] = "report.html",
    *,
    title: str | None = None,
    date: Any = None,
    groups: Any = None,
    target: Any = None,
    n_rows: int = ROWS,
    **params: Any,
) -> Path:
    """Explain a fitted predictor, or several of one run, and write one HTML file about them.

    Parameters
    ----------
    predictors : predictor, or dict of str to predictor
        Of several the first that can be explained is what the report is about, such as the winner; the others are
        compared with it in a table.
    X_train : as in :func:`~agop_tabular.automl.fit_explainer`
    X, y, path, title, date, groups, target, n_rows : as in :meth:`agop_tabular.AGOPExplainer.report`
    **params : dict
        Further parameters of :func:`~agop_tabular.automl.fit_explainer`.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    ValueError
        Where none of them can be explained.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from agop_tabular import automl
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> with TemporaryDirectory() as folder:
    ...     path = automl.report({"linear": LogisticRegression(max_iter=500).fit(X, y)}, X, X, y, f"{folder}/iris.html")
    >>> path.name
    'iris.html'
    """
    options = ReportOptions(title, date, groups, target, n_rows)
    options.check()
    if not isinstance(predictors, Mapping):
        return write_report(fit_explainer(predictors, X_train, **params), X, y, path, options)
    if not predictors:
        raise ValueError("There are no predictors: give at least one.")
    found: dict[str, AGOPExplainer | str] = {}
    for name, predictor in predictors.items():
        try:
            found[str(name)] = fit_explainer(predictor, X_train, **params)
        except (TypeError, ValueError) as error:
            found[str(name)] = str(error)
    explained = {name: each for name, each in found.items() if isinstance(each, AGOPExplainer)}
    if not explained:
        first, reason = next(iter(found.items()))
        raise ValueError(f"None of the predictors can be explained; of {first!r}: {reason}")
    best = next(iter(explained))
    options = replace(options, title=options.title or f"{cut_text(best, NAME_LENGTH)}: what it predicts, and why")
    section = _comparison(found, best, X, y)
    return write_report(explained[best], X, y, path, options, [section])


def _comparison(found: Mapping[str, AGOPExplainer | str], best: str, X: Any, y: Any) -> Section:
    """The models of a run side by side."""
    rows = []
    for name, each in found.items():
        if isinstance(each, str):
            rows.append([cut_text(name, NAME_LENGTH), "", f"not explained: {each}", "", ""])
            continue
        about, importances = each.about_, each.feature_importances_
        through = "its own gradient"
        if about.by == "student":
            through = f"a student (R² {about.fidelity['r2']:.3f})" if about.fidelity else "a student"
        order = np.argsort(-importances, kind="stable")[:SHOWN]
        top = [f"{cut_text(each.feature_map_.names[j], NAME_LENGTH)} ({importances[j]:.0%})" for j in order]
        rows.append([cut_text(name, NAME_LENGTH), str(about.predictor), through, _quality(each, X, y), ", ".join(top)])
    head = ["model", "class", "explained through", "right, or R²", "counts most"]
    said = f"This report is about {cut_text(best, NAME_LENGTH)}. All models are explained on the same rows."
    return Section("run", "The models of the run", [Paragraph(said), Table("Models", head, rows, frozenset({1, 2, 4}))])


def _quality(explainer: AGOPExplainer, X: Any, y: Any) -> str:
    """How well a model predicts, in a number."""
    if y is None:
        return "no labels"
    check_row_order(y, X, "y")
    model = explainer.model_
    return measured(model, X, checked_labels(y, len(X), model), explainer.batch_size).figure
