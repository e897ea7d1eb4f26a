"""The report of an explanation alone, without its model: what :func:`agop_tabular.automl.explain` returns."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from agop_tabular.report.blocks import Block, Bullets, Facts, Section, Table
from agop_tabular.report.columns import summary_picture
from agop_tabular.report.document import Document, write_document
from agop_tabular.report.groups import groups_section
from agop_tabular.report.options import ReportOptions
from agop_tabular.report.row_table import rows_section
from agop_tabular.report.subject import about_facts, data_facts, unit_name, versions
from agop_tabular.report.trust import limits
from agop_tabular.results.cells import cut_names, cut_text, signed_text
from agop_tabular.results.explanation import Explanation
from agop_tabular.results.one_target import one_target

LINES = 15
"""Columns that are listed."""

NAME_LENGTH = 120
"""Characters of a name."""


def report_explanation(
    explanation: Explanation,
    path: str | PathLike[str] = "report.html",
    *,
    title: str | None = None,
    date: Any = None,
    groups: Any = None,
    target: Any = None,
) -> Path:
    """Write one HTML file about an explanation, and return where it is.

    It has no performance, effects or audit, which take the model: see :meth:`agop_tabular.AGOPExplainer.report`, and
    :func:`agop_tabular.automl.report`.

    Parameters
    ----------
    explanation : Explanation
    path : str or path-like, default="report.html"
    title, date, groups, target : as in :meth:`agop_tabular.AGOPExplainer.report`

    Returns
    -------
    Path
    """
    options = ReportOptions(title, date, groups, target)
    options.check()
    if len(explanation) == 0:
        raise ValueError("The explanation has no rows; explain at least one.")
    return write_document(path, lambda: _document(explanation, options))


def _document(explanation: Explanation, options: ReportOptions) -> Document:
    one = one_target(explanation, options.target)
    mean = np.abs(np.asarray(one.values, dtype=float)).mean(axis=0)
    order = np.argsort(-mean, kind="stable")
    names = cut_names(one.feature_names, NAME_LENGTH)
    unit = "" if one.gap is None else f", in {unit_name(one.unit)}"
    table = Table(
        f"Mean absolute attributions{unit}",
        ["column", "mean size"],
        [[names[j], signed_text(float(mean[j])).removeprefix("+")] for j in order[:LINES]],
    )
    facts = [*about_facts(one.about), ("explained by", f"method {one.method!r} of agop_tabular{unit}")]
    facts += [*data_facts(one.data, len(one)), ("software", ", ".join(versions(None)))]
    columns: list[Block] = [summary_picture(one), table] if len(one) > 1 else [table]
    sections = [
        Section("model", "What was explained", [Facts(facts)]),
        Section("columns", "Which columns matter in these rows", columns),
    ]
    sections += [] if options.groups is None else [groups_section(explanation, options.groups, options.target)]
    sections.append(rows_section(one, None, None))
    sections.append(Section("limits", "What this report does not say", [Bullets(limits(None, one, None, len(one)))]))
    most = ", ".join(names[j] for j in order[:3])
    summary = [f"{len(one):,} rows are explained; the columns that matter most in them are {most}."]
    name = cut_text(one.about.get("predictor", "A model"), NAME_LENGTH)
    return Document(options.title or f"{name}: its predictions explained", options.date_text, summary, sections)
