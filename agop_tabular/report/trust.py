"""How far the explanations can be trusted: the audit, the gate, and limits in plain words."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular.audit.result import Audit
from agop_tabular.report.blocks import Block, Facts, Paragraph, Section, Table
from agop_tabular.report.columns import has_effects
from agop_tabular.report.subject import fidelity_text, unit_name
from agop_tabular.results.cells import bound_text, cut_names, signed_text
from agop_tabular.results.explanation import Explanation

LINES = 10
"""Columns of an audit that are listed."""

NOISY = 1.0
"""Variance of the samples, as a multiple of the squared error, from which figures are said to be uncertain."""

LOW_SUPPORT = 0.5
"""Support below which less than half of what the network does at a row is known from the training rows."""

NAME_LENGTH = 120
"""Characters of a column's name."""


def audited(explainer: Any, X: Any) -> tuple[Audit | None, str]:
    """The audit of an explainer, made on X where there is none; or none, and why.

    Parameters
    ----------
    explainer : AGOPExplainer
    X : ndarray or DataFrame of shape (n, d)
    """
    found = getattr(explainer, "audit_", None)
    if found is not None:
        return found, ""
    try:
        return explainer.audit(X), ""
    except ValueError as error:
        return None, str(error)


def audit_section(audit: Audit | None, why: str) -> Section:
    """How far attributions are from the network's own Shapley values.

    Parameters
    ----------
    audit : Audit or None
    why : str
        Why there is none.
    """
    title = "How exact the explanations are"
    if audit is None:
        return Section("audit", title, [Paragraph(f"That was not measured. {why}")])
    worst = audit.columns.head(LINES)
    names = cut_names(list(worst.index), NAME_LENGTH)
    rows = [
        [
            name,
            f"{line['share']:.0%}",
            *(signed_text(float(line[k])).removeprefix("+") for k in ("error", "attribution")),
        ]
        for name, line in zip(names, worst.to_dict("records"), strict=True)
    ]
    unit = unit_name(audit.unit)
    head = ["column", "share of the squared error", f"error, in {unit}", f"usual size of its attributions, in {unit}"]
    said = (
        "Attributions are computed by a short cut. The audit compares them, on rows that were drawn at random, with "
        "the network's own Shapley values, which take thousands of evaluations a row."
    )
    return Section(
        "audit",
        title,
        [Paragraph(said), Facts(_figures(audit)), Table("Columns whose attributions are most wrong", head, rows)],
    )


def _figures(audit: Audit) -> list[tuple[str, str]]:
    """The figures of an audit, in words."""
    low, high = audit.intervals["relative_error"]
    cosine_low, cosine_high = audit.intervals["cosine"]
    bound = float(audit.rows["bound"].median())
    facts = [
        (
            "error",
            f"{audit.relative_error:.1%} (95% interval {low:.1%} to {high:.1%}): the distance of the attributions of "
            "a row from its Shapley values, as a share of their length (the root of their squares' sum)",
        ),
        (
            "direction",
            f"a cosine of {audit.cosine:.3f} (95% interval {cosine_low:.3f} to {cosine_high:.3f}); 1 is the same "
            "direction",
        ),
        (
            "single rows",
            f"in {audit.coverage:.0%} of rows like these the error is below a bound that is known of every row: "
            f"{bound_text(bound)} of the middle row",
        ),
        (
            "measured on",
            f"{len(audit):,} rows, with {audit.n_permutations:,} permutations of the columns each, "
            f"{audit.n_evaluations:,} evaluations of the network",
        ),
    ]
    if audit.noise_share > NOISY:
        facts.append(
            (
                "caution",
                f"the noise of the samples is {audit.noise_share:.1f} times the squared error: these figures are "
                "uncertain",
            )
        )
    return facts


def audit_sentence(audit: Audit | None) -> str:
    """The audit in a sentence.

    Parameters
    ----------
    audit : Audit or None
    """
    if audit is None:
        return "How exact the explanations of this model are was not measured."
    low, high = audit.intervals["relative_error"]
    return (
        f"Explanations were compared with the network's own Shapley values on {len(audit):,} rows: they are off by "
        f"{audit.relative_error:.1%} (95% interval {low:.1%} to {high:.1%})."
    )


def gate_section(gate: Any) -> Section | None:
    """Columns that the network uses like noise; None where nothing was looked for.

    Parameters
    ----------
    gate : Gate or None
    """
    if gate is None:
        return None
    title, facts = gate.facts()
    said = "Some networks use columns of noise. The gate looks for columns that are all used alike, and with no "
    said += "pattern of their own. "
    said += title.removeprefix("Gate: ")[0].upper() + title.removeprefix("Gate: ")[1:] + "."
    blocks: list[Block] = [Paragraph(said)]
    if facts:
        blocks.append(Facts([("evidence of noise" if name == "evidence" else name, text) for name, text in facts]))
    return Section("gate", "Columns used like noise", blocks)


def limits(explainer: Any | None, explanation: Explanation, audit: Audit | None, n_rows: int) -> list[str]:
    """What the report does not say, in plain words.

    Parameters
    ----------
    explainer : AGOPExplainer or None
    explanation : Explanation
    audit : Audit or None
    n_rows : int
        Of the whole table.
    """
    found = [
        "This report describes what the model does with its columns. It does not say what causes what in the world, "
        "nor whether a prediction is right or fair.",
        "Attributions are differences from the mean output over the training rows. A column can count for much because "
        "its value is unusual, and for nothing because it is average.",
    ]
    if explainer is not None and has_effects(explainer):
        found.append(
            "Columns are taken to vary by themselves, as in shuffled rows. Where columns go together, such as age and "
            "years of service, the model was also asked about combinations that hardly exist."
        )
    if explanation.gap is None:
        found.append("The attributions have no sign: they say how much a column matters, not in which direction.")
    elif explanation.method != "agop":
        found.append(
            "The attributions of a row do not add up to its output; what is missing is shown as not attributed."
        )
    if audit is not None:
        found.append(
            f"The bound of a row's error holds for {audit.coverage:.0%} of rows that are drawn as the audited ones "
            "were; for rows of another kind, such as next year's, it is no guarantee."
        )
    else:
        found.append("Nobody has measured how wrong the attributions of this model are.")
    found += _of_rows(explanation, n_rows)
    fidelity = explanation.about.get("fidelity")
    if explanation.about.get("by") == "student":
        faithful = "" if fidelity is None else f", which {fidelity_text(fidelity)}"
        found.append(
            f"What is explained is a student of the predictor{faithful}; where the two differ, the explanation is the "
            "student's."
        )
    if explanation.residual is not None:
        found.append(
            "Attributions of the columns that the gate masks are set to zero, although the model uses these columns."
        )
    found.append("The file holds cells of the rows that it lists: keep it as you keep the table itself.")
    return found


def _of_rows(explanation: Explanation, n_rows: int) -> list[str]:
    """What is left out of the list of rows, or little known of them."""
    found = []
    if len(explanation) < n_rows:
        found.append(f"{len(explanation):,} of the {n_rows:,} rows are listed, taken evenly from all over the table.")
    support = explanation.support
    if support is not None and (low := int((np.nan_to_num(support, nan=1.0) < LOW_SUPPORT).sum())):
        found.append(
            f"At {low:,} of the {len(explanation):,} rows listed less than half of what the model does is known from "
            "the training rows (support below 0.5): read their attributions with care."
        )
    return found
