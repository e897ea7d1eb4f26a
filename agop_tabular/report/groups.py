"""Groups of rows compared: mean attributions, and which differences are more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from agop_tabular.report.blocks import Paragraph, Picture, Section, Table
from agop_tabular.report.pictures import drawn
from agop_tabular.report.subject import unit_name
from agop_tabular.results.cells import cut_text, signed_text
from agop_tabular.results.cohorts import SURE
from agop_tabular.results.explanation import Explanation

LINES, COLUMNS = 12, 10
"""Differences that are listed, and columns that are drawn."""

NAME_LENGTH = 120
"""Characters of a name."""


def groups_at(groups: Any, places: np.ndarray, n: int) -> Any:
    """The name of a column, or the groups of the rows that are listed; None for none.

    Parameters
    ----------
    groups : str, array-like of length n, or None
    places : ndarray of int
        Of the rows that are listed.
    n : int
        Rows of the whole table.

    Raises
    ------
    ValueError
        Where there are not as many groups as rows.
    """
    if groups is None or isinstance(groups, str):
        return groups
    cells = list(groups) if isinstance(groups, Sequence) or np.ndim(groups) == 1 else None
    if cells is None or len(cells) != n:
        found = f"{len(cells):,} values" if cells is not None else f"shape {np.shape(groups)}"
        raise ValueError(f"groups has {found}, but X has {n:,} rows: give the name of a column, or one group each.")
    return [cells[place] for place in places]


def groups_section(explanation: Explanation, groups: Any, target: Any) -> Section:
    """Mean attributions of groups of rows, and their differences.

    Parameters
    ----------
    explanation : Explanation
    groups, target : as in :meth:`agop_tabular.Explanation.cohorts`
    """
    cohorts = explanation.cohorts(groups, target=target)
    title, facts = cohorts.facts()
    svg = drawn("groups", lambda: cohorts.plot(n=COLUMNS))
    sizes = ", ".join(f"{cut_text(name, NAME_LENGTH)} ({size:,} rows)" for name, size in cohorts.sizes.items())
    rows = [
        [
            cut_text(line["feature"], NAME_LENGTH),
            cut_text(line["group"], NAME_LENGTH),
            cut_text(line["against"], NAME_LENGTH),
            signed_text(line["difference"]),
            f"{signed_text(line['low'])} to {signed_text(line['high'])}",
        ]
        for line in cohorts.differences.head(LINES).to_dict("records")
        if line["p_holm"] < SURE
    ]
    head = ["column", "group", "compared with", "difference of the means", f"{cohorts.confidence:.0%} interval"]
    table = Table(f"The most certain differences, in {unit_name(cohorts.unit)}", head, rows, frozenset({1, 2}))
    said = f"{title}: {sizes}. {facts[-1][1][0].upper()}{facts[-1][1][1:]}."
    picture = Picture(
        svg, f"Mean attributions of {len(cohorts.sizes)} groups: {sizes}.", "Each mark is a group's mean."
    )
    return Section("groups", "Groups of rows compared", [Paragraph(said), picture, *([table] if rows else [])])
