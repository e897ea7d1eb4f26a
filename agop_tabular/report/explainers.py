"""The report of an explained model."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from agop_tabular.distributed.fitting import DaskTable
from agop_tabular.distributed.validation import validated_table
from agop_tabular.models.row_order import check_row_order
from agop_tabular.models.rows import spread_rows
from agop_tabular.models.targets import PREDICTED
from agop_tabular.report.blocks import Block, Bullets, Facts, Paragraph, Section
from agop_tabular.report.columns import effects_section, has_effects, importance_section, most_important, pairs_section
from agop_tabular.report.document import Document, write_document
from agop_tabular.report.groups import groups_at, groups_section
from agop_tabular.report.options import ReportOptions
from agop_tabular.report.performance import checked_labels, label_names, measured, performance_section
from agop_tabular.report.row_table import rows_section
from agop_tabular.report.subject import data_facts, model_facts, model_name, predicts
from agop_tabular.report.trust import audit_section, audit_sentence, audited, gate_section, limits
from agop_tabular.results.cells import cut_text
from agop_tabular.results.facts import named_list

NAME_LENGTH = 60
"""Characters of a model's name in a title."""

LISTED = 10
"""Classes that a message lists."""


def write_report(
    explainer: Any, X: Any, y: Any, path: str | PathLike[str], options: ReportOptions, first: Sequence[Section] = ()
) -> Path:
    """Write the report of a fitted explainer; see :meth:`agop_tabular.AGOPExplainer.report`.

    Parameters
    ----------
    explainer : AGOPExplainer
    X, y, path : as there
    options : ReportOptions
    first : sequence of Section
        Put before all others.
    """
    check_is_fitted(explainer, "n_samples_seen_")
    options.check()
    return write_document(path, lambda: explainer_document(explainer, X, y, options, first))


def explainer_document(
    explainer: Any, X: Any, y: Any, options: ReportOptions, first: Sequence[Section] = ()
) -> Document:
    """What the report of a fitted explainer says.

    Parameters
    ----------
    explainer, X, y, options, first : as in :func:`write_report`
    """
    table = validated_table(explainer, X, reset=False)
    if isinstance(table, DaskTable):
        raise ValueError("A report is made of rows in memory: give a part of the dask table, such as X.head(10_000).")
    rows, model = table.example, explainer.model_
    check_row_order(y, rows, "y")
    check_row_order(options.groups, rows, "groups")
    labels = None if y is None else checked_labels(y, len(table), model)
    places = spread_rows(len(table), int(options.n_rows))
    groups = groups_at(options.groups, places, len(table))
    performance = None if labels is None else measured(model, rows, labels, explainer.batch_size)
    audit, why = audited(explainer, rows)
    output = _output(explainer, options.target)
    explanation = explainer(table.take(places), _score(options.target) if output is None else output)
    what: list[Block] = [
        Facts(model_facts(explainer)),
        Paragraph("The rows of this report:"),
        Facts(data_facts(rows, len(places))),
    ]
    sections = [*first, Section("model", "What was explained", what)]
    of_student = explanation.about.get("by") == "student"
    sections += [] if performance is None else [performance_section(performance, of_student)]
    sections.append(importance_section(explainer, explanation))
    if has_effects(explainer):
        sections += [effects_section(explainer, options.target), pairs_section(explainer, options.target)]
    sections += [] if groups is None else [groups_section(explanation, groups, options.target)]
    sections.append(audit_section(audit, why))
    gate = gate_section(getattr(explainer, "gate_", None))
    sections += [] if gate is None else [gate]
    truth = None if labels is None else label_names(labels[places], model, output or 0)
    sections.append(rows_section(explanation, truth, None if audit is None else audit.coverage))
    left = Bullets(limits(explainer, explanation, audit, len(table)))
    sections.append(Section("limits", "What this report does not say", [left]))
    summary = [f"The model predicts {predicts(explainer)}, from {model.feature_map.n_columns:,} columns."]
    if of_student:
        summary.append(f"It is a student of {explanation.about.get('predictor')}, and explained in its place.")
    summary += [] if performance is None else [performance.summary]
    summary += [
        f"What counts most in its output: {most_important(explainer)} of what makes it vary.",
        audit_sentence(audit),
    ]
    name = cut_text(model_name(getattr(explainer, "estimator_", None)), NAME_LENGTH)
    return Document(options.title or f"{name}: what it predicts, and why", options.date_text, summary, sections)


def _output(explainer: Any, target: Any) -> int | None:
    """Which output of several a report is about; None for a model of classes, or of one output."""
    model = explainer.model_
    if model.classes is not None and target is not None:
        known = model.classes.tolist()
        if np.ndim(target) != 0 or target not in known:
            names = named_list([repr(label) for label in known], LISTED)
            raise ValueError(
                f"target={target!r}: a report shows the attributions of one class, {names}, or by default of the class "
                'that is "predicted".'
            )
    if model.classes is not None or model.n_scores == 1:
        return None
    if target is None:
        return 0
    places = {str(label): place for place, label in enumerate(model.labels.tolist())}
    places |= {name: place for place, name in enumerate(model.score_names)}
    if str(target) not in places:
        raise ValueError(f"target={target!r} is not one of the model's outputs: {', '.join(model.score_names)}.")
    return places[str(target)]


def _score(target: Any) -> Any:
    """The class that is explained of each row."""
    return PREDICTED if target is None else target
