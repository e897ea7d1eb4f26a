"""An explanation of one row in two sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.cells import bound_text, cut_names, cut_text, probability_text, score_text, signed_text
from agop_tabular.results.row_facts import RowFacts

if TYPE_CHECKING:
    from agop_tabular.results.explanation import Explanation

NAMED = 3
"""Columns that speak for a score, and against it, that are named: more are a list, no sentence."""

SMALL = 0.05
"""Share of the largest attribution below which a column is not worth a word."""

NAME_LENGTH = 60
"""Characters of a name, or of a cell, in a sentence."""


def row_text(explanation: Explanation, row: Any, target: Any = None) -> str:
    """Say in two sentences what is predicted of a row, and why.

    Parameters
    ----------
    explanation : Explanation
    row : int, or label of the index
    target : label or name of a class, or index of an output, optional
        By default what was explained, and of all scores the predicted class.
    """
    facts = RowFacts.of(explanation, row, target)
    return f"{_prediction(facts)} {_reasons(facts)}"


def _prediction(facts: RowFacts) -> str:
    """The first sentence: what is predicted, and how far that is from the base value."""
    subject = f"row {facts.label}"
    if facts.prediction is None:
        of = f" of {facts.target}" if facts.target else ""
        said = f"For {subject} the importance{of} of each column is given"
        said = (
            said if facts.score is None else f"For {subject} the model's {facts.unit}{of} is {score_text(facts.score)}"
        )
    else:
        said = f"The model predicts {facts.prediction} for {subject}"
        if facts.probability is not None and facts.is_predicted:
            said += f", with probability {probability_text(facts.probability)}"
        elif facts.probability is not None:
            said += f"; {facts.target}, which is explained, has probability {probability_text(facts.probability)}"
        elif not facts.is_predicted and facts.target:
            said += f"; {facts.target} is explained"
    if facts.score is None or facts.base is None:
        return said + "."
    change = facts.score - facts.base
    if change == 0:
        return f"{said}; this is the base value."
    than = f"{score_text(abs(change))} {'above' if change > 0 else 'below'} the base value of {score_text(facts.base)}"
    if facts.has_class and facts.unit == "probability":
        return f"{said}; this is {than}."
    if facts.has_class:
        verb = "are" if facts.unit == "log-odds" else "is"
        return f"{said}; its {facts.unit} of {score_text(facts.score)} {verb} {than}."
    return f"{said}; this is {than}."


def _reasons(facts: RowFacts) -> str:
    """The second sentence: the columns that count most, and how exact that is."""
    largest = float(np.abs(facts.values).max(initial=0.0))
    worth = [j for j in facts.order if abs(facts.values[j]) > SMALL * largest]
    masked = _masked(facts, largest)
    error = "" if facts.error is None else f"; by the audit these numbers are off by {bound_text(facts.error)}"
    if not worth:
        return f"No column makes a difference{masked}{error}."
    if facts.score is None:
        return f"It depends most on {_listed(facts, worth[:NAMED])}; these numbers have no sign{masked}."
    up = [j for j in worth if facts.values[j] > 0][:NAMED]
    down = [j for j in worth if facts.values[j] < 0][:NAMED]
    if facts.values[worth[0]] > 0:
        first, second, verb, other = up, down, "raise", "lower"
    else:
        first, second, verb, other = down, up, "lower", "raise"
    subject = "it" if facts.has_class or not facts.target else "the prediction"
    said = f"What {verb}s {subject} most is {_listed(facts, first)}"
    contrary = f", while {_listed(facts, second)} {other}{'s' * (len(second) == 1)} it" if second else ""
    return f"{said}{contrary}{masked}{error}."


def _masked(facts: RowFacts, largest: float) -> str:
    """What belongs to columns that the gate set to zero, where that is worth a word; it is part of the score."""
    places = np.flatnonzero(facts.masked)
    if np.abs(facts.masked).sum() <= SMALL * largest:
        return ""
    names = cut_names(facts.names, NAME_LENGTH)
    which = f"{names[places[0]]}, which" if len(places) == 1 else f"{len(places)} columns, which"
    total = float(facts.masked.sum())
    amount = f"{total:.3g}" if facts.score is None else signed_text(total)
    return f"; {amount} more belongs to {which} the gate set to zero"


def _listed(facts: RowFacts, places: list[int]) -> str:
    """Columns with their cells and attributions, as a list with "and"."""
    sign = (lambda v: f"{v:.3g}") if facts.score is None else signed_text
    names = cut_names(facts.names, NAME_LENGTH)
    each = [f"{names[j]} = {cut_text(facts.cells[j], NAME_LENGTH)} ({sign(facts.values[j])})" for j in places]
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} and {each[-1]}"
