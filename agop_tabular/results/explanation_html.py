"""Explanations as HTML: a table for notebooks, and a page of its own; both suit light and dark pages."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from agop_tabular.results.cells import bound_text, cut_names, cut_text, score_text, signed_text
from agop_tabular.results.colours import LOWERS, RAISES
from agop_tabular.results.facts import facts_html
from agop_tabular.results.one_target import score_at
from agop_tabular.results.row_facts import RowFacts

if TYPE_CHECKING:
    from agop_tabular.results.explanation import Explanation

ROWS, COLUMNS, TARGETS = 5, 6, 6
"""Rows that a notebook shows, the columns of each, and its scores where all of them were explained."""

PAGE_ROWS, PAGE_COLUMNS = 100, 30
"""The same on a page of its own."""

BAR = 70
"""Width of the longest bar, in pixels, to either side of the zero line; on narrow screens a share of the width."""

TEXT_LENGTH = 40
"""Characters of a name, or of a cell."""


def explanation_html(explanation: Explanation, rows: int = ROWS, columns: int = COLUMNS) -> str:
    """Table of the first rows: prediction, base value, the largest attributions as bars, their sum, and the score.

    Parameters
    ----------
    explanation : Explanation
    rows, columns : int
        Most of them that are shown.
    """
    n = min(len(explanation), rows)
    lines = []
    for i, label in enumerate(explanation.index[:n]):
        if explanation.values.ndim == 2:
            lines += _row_lines(RowFacts.of_one(explanation[i], label), columns, False)
            continue
        for c in range(min(TARGETS, explanation.values.shape[2])):
            lines += _row_lines(RowFacts.of_one(score_at(explanation[i], np.array([c])), label), columns, True)
    notes = _student_note(explanation) + _gate_note(explanation)
    if len(explanation) > n:
        notes += f"<p>… and {len(explanation) - n:,} more rows</p>"
    if explanation.values.ndim == 3 and explanation.values.shape[2] > TARGETS:
        notes += f"<p>The first {TARGETS} of {explanation.values.shape[2]} targets are shown.</p>"
    caption = explanation.method if explanation.gap is None else f"{explanation.method}, {explanation.unit}"
    return (
        f"<table><thead><tr>{_cell('column', 'th')}{_cell('value', 'th')}"
        f"<th>attribution ({html.escape(caption)})</th><th></th></tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>{notes}"
    )


def explanation_page(explanation: Explanation) -> str:
    """A page of its own with up to 100 rows.

    Parameters
    ----------
    explanation : Explanation
    """
    title, facts = explanation.facts()
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>:root{{color-scheme:light dark}}"
        "body{font-family:sans-serif;max-width:60em;margin:1em auto;padding:0 1em}"
        "table{border-collapse:collapse;margin-bottom:1em}td,th{padding:.15em .6em .15em 0;overflow-wrap:anywhere}"
        f"</style></head>\n<body>{facts_html(title, facts)}"
        f"{explanation_html(explanation, PAGE_ROWS, PAGE_COLUMNS)}</body></html>\n"
    )


def _row_lines(facts: RowFacts, columns: int, names_target: bool) -> list[str]:
    """Lines of one row."""
    said = f"row {facts.label}"
    if names_target and facts.target:
        said += f", target {facts.target}"
    if heading := facts.heading():
        said += f" — {heading}"
    if facts.support is not None:
        said += f", support {facts.support:.2f}"
    if facts.error is not None:
        said += f", error {bound_text(facts.error)}"
    lines = [f'<tr><th colspan="4" style="text-align:left;padding-top:.8em">{html.escape(said)}</th></tr>']
    largest = float(np.abs(facts.values).max(initial=0.0)) or 1.0
    if facts.base is not None:
        lines.append(_sum_line("base value", score_text(facts.base)))
    shown, names = facts.order[:columns], cut_names(facts.names, TEXT_LENGTH)
    for j in shown:
        lines.append(_line(names[j], facts.cells[j], facts.values[j], largest, facts.score is not None))
    others = facts.order[columns:]
    if len(others) and facts.score is not None:
        rest = float(facts.values[others].sum())
        lines.append(_line(f"{len(others)} other columns", "", rest, largest, True))
    elif len(others):
        lines.append(_sum_line(f"{len(others)} other columns", "smaller"))
    if facts.score is not None:
        if abs(facts.gap or 0.0) > 1e-3 * float(np.abs(facts.values).sum()):
            lines.append(_line("not attributed", "", facts.gap or 0.0, largest, True))
        of = "prediction" if facts.unit == "output" else facts.unit
        lines.append(_sum_line(f"sum = {of}" if of else "sum", score_text(facts.score)))
    return lines


def _line(name: str, cell: str, value: float, largest: float, signed: bool) -> str:
    """A column with its cell, attribution and bar."""
    number = signed_text(value) if signed else f"{value:.4g}"
    return (
        f"<tr>{_cell(name)}{_cell(cut_text(cell, TEXT_LENGTH))}"
        f'<td style="text-align:right">{number}</td><td>{_bar(value / largest, signed)}</td></tr>'
    )


def _bar(share: float, signed: bool) -> str:
    """A bar to the left or right of the zero line."""
    zero, whole = (50, 2 * BAR) if signed else (0, BAR)  # place of the line in percent, and the width in pixels
    width = (100 - zero) * min(1.0, abs(share))
    left = zero - width if share < 0 else zero
    return (
        f'<div style="position:relative;width:{whole}px;max-width:20vw;height:.9em">'
        f'<div style="position:absolute;left:{left:.1f}%;width:{width:.1f}%;height:100%;'
        f'background:{LOWERS if share < 0 else RAISES}"></div>'
        f'<div style="position:absolute;left:{zero}%;width:1px;height:100%;background:currentColor"></div></div>'
    )


def _sum_line(name: str, text: str) -> str:
    """A line of the whole row, with a name that may be wider than the column of names."""
    return (
        f'<tr><td colspan="2" style="text-align:left">{html.escape(name)}</td>'
        f'<td style="text-align:right"><i>{html.escape(text)}</i></td><td></td></tr>'
    )


def _cell(text: str, tag: str = "td") -> str:
    return f'<{tag} style="text-align:left">{html.escape(text)}</{tag}>'


def _student_note(explanation: Explanation) -> str:
    """How faithful the explained student is; empty if none was explained."""
    fidelity = explanation.about.get("fidelity")
    if fidelity is None:
        return ""
    agreement = f", the same class on {fidelity['agreement']:.1%}" if "agreement" in fidelity else ""
    clipped = ""
    if fidelity.get("clipped"):
        clipped = f" Log-odds are clipped at probabilities of .001 and .999: {fidelity['clipped']:.1%} of the rows."
    return (
        f"<p>Of a student of {html.escape(explanation.about['predictor'])}, which has no gradient: R² "
        f"{fidelity['r2']:.2f}{agreement} of {fidelity['rows']:.0f} held-out rows.{clipped}</p>"
    )


def _gate_note(explanation: Explanation) -> str:
    """How much of the attributions the gate set to zero."""
    if explanation.residual is None:
        return ""
    taken, kept = (float(np.abs(part).sum()) for part in (explanation.residual, explanation.values))
    share = taken / (taken + kept) if taken + kept > 0 else 0.0
    n = int(np.atleast_3d(explanation.residual != 0).any(axis=(0, 2)).sum())
    return f"<p>The gate set {share:.1%} of the absolute attributions to zero, in {n} columns.</p>"
