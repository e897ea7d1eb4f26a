"""Which columns matter, and how: importances, effects of columns and of pairs, as pictures and as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.report.blocks import Block, Paragraph, Picture, Section, Table
from agop_tabular.report.pictures import drawn
from agop_tabular.report.subject import unit_name
from agop_tabular.results.cells import MISSING, cell_text, cut_names, cut_text, signed_text
from agop_tabular.results.column_effects import ColumnEffects
from agop_tabular.results.explanation import Explanation
from agop_tabular.results.one_target import explained_name, same_target

BARS, CURVES, MAPS, LINES = 15, 6, 4, 10
"""Columns with a bar, with a curve, pairs with a map, and lines of a table."""

OUTER = 0.005
"""Share of the rows at either end of a column whose effects are in no table: they are drawn no further either."""

NAME_LENGTH = 120
"""Characters of a column's name, or of a value."""


def importance_section(explainer: Any, explanation: Explanation) -> Section:
    """Importances of the columns, and the attributions of many rows.

    Parameters
    ----------
    explainer : AGOPExplainer
    explanation : Explanation
        Of some rows.
    """
    by_effects = has_effects(explainer)
    importances, names = explainer.feature_importances_, explainer.feature_map_.names
    intervals = getattr(explainer, "feature_importance_intervals_", None)
    what = (
        "The share of each column in all that makes the model's output vary: its own effect, and half of what it does "
        "together with another column. The shares add up to 100%."
        if by_effects
        else "How strongly the model's output reacts to each column, as a share of all columns (the diagonal of the "
        "average gradient outer product). The shares add up to 100%."
    )
    picture = drawn("importances", lambda: explainer.plot_importances(n=BARS))
    caption = "Black lines are 95% intervals: where the share may be, as far as the number of rows goes."
    text = f"Bars: {_listed(names, importances)}."
    table = _importance_table(names, importances, intervals)
    blocks: list[Block] = [Paragraph(what), Picture(picture, text, caption if intervals is not None else ""), table]
    if len(explanation) > 1:
        blocks.append(summary_picture(explanation))
    return Section("columns", "Which columns matter", blocks)


def most_important(explainer: Any, n: int = 3) -> str:
    """The columns that matter most, with their shares.

    Parameters
    ----------
    explainer : AGOPExplainer
    n : int
    """
    return _listed(explainer.feature_map_.names, explainer.feature_importances_, n)


def has_effects(explainer: Any) -> bool:
    """Whether an explainer has main and pair effects."""
    return bool(explainer.attributor_.method.method.gathers_effects)


def effects_section(explainer: Any, target: Any) -> Section:
    """How the model's output changes with single columns.

    Parameters
    ----------
    explainer : AGOPExplainer
        With effects.
    target : object
        As in :meth:`agop_tabular.AGOPExplainer.plot_effects`.
    """
    effects: ColumnEffects = explainer.effects_
    unit = unit_name(effects.unit)
    said = (
        f"How the model's output changes, on average, when one column takes another value and the others stay as they "
        f"are. Effects are in {unit}; zero is the mean over the training rows{_unit_in_words(effects.unit)}."
    )
    columns = effects.strongest_columns(CURVES)
    picture = drawn("effects", lambda: explainer.plot_effects(target=target, n=CURVES))
    text = (
        f"Curves, or bars, of the effects of {', '.join(columns)}; the table below has their lowest and highest points."
    )
    caption = "Shaded bands: how far two halves of the rows differ. Marks along the axis are where rows are."
    return Section(
        "effects",
        "How single columns act",
        [Paragraph(said), Picture(picture, text, caption), _effect_table(effects, target)],
    )


def pairs_section(explainer: Any, target: Any) -> Section:
    """What pairs of columns do together.

    Parameters
    ----------
    explainer : AGOPExplainer
        With effects.
    target : object
        As in :meth:`agop_tabular.AGOPExplainer.plot_interactions`.
    """
    effects: ColumnEffects = explainer.effects_
    shares, names = explainer.interaction_importances_, effects.feature_names
    pairs = float(np.triu(shares, 1).sum())
    if len(names) < 2 or pairs == 0:
        return Section("pairs", "What pairs of columns do together", [Paragraph("No two columns act together.")])
    said = f"Beyond their single effects, pairs of columns make up {pairs:.1%} of the variance of all effects."
    left = effects.unexplained.dropna()
    if len(left):
        said += (
            f" What single columns and pairs leave unexplained is {_range(left)} of the variance of the output; it is "
            "shared out among the columns of a row."
        )
    picture = drawn("pairs", lambda: explainer.plot_interactions(target=target, n=MAPS))
    strongest = effects.strongest_pairs(min(LINES, len(names) * (len(names) - 1) // 2))
    text = f"Maps of the effects of {' and of '.join(f'{a} with {b}' for a, b in strongest[:MAPS])}."
    place = {name: j for j, name in enumerate(names)}
    cut = dict(zip(names, cut_names(names, NAME_LENGTH), strict=True))
    rows = [[f"{cut[a]} × {cut[b]}", f"{shares[place[a], place[b]]:.2%}"] for a, b in strongest]
    table = Table("Pairs, the strongest first", ["pair", "share of the variance of all effects"], rows)
    c = effects.target_index(target)
    of = f" of {effects.target_names[c]}" if len(effects.target_names) > 1 else ""
    caption = (
        f"Orange: both values together raise the {_output(effects.unit)}{of} more than each by itself; blue: less."
    )
    blocks: list[Block] = [Paragraph(said), Picture(picture, text, caption), table]
    if len(effects.triples):
        first = effects.triples.iloc[0]
        three = ", ".join(cut[first[name]] for name in ("first", "second", "third"))
        blocks.append(Paragraph(f"There are also effects of three columns at once; the strongest is that of {three}."))
    return Section("pairs", "What pairs of columns do together", blocks)


def _output(unit: str) -> str:
    """What has this unit."""
    return "output" if unit in ("output", "score") else unit


def _unit_in_words(unit: str) -> str:
    """What one unit means, as the end of a sentence."""
    if unit == "log-odds":
        return "; +1 log-odds multiplies the odds of a class by 2.7, and +0.69 doubles them"
    return "; 0.01 is one percentage point" if unit == "probability" else ""


def _range(shares: pd.Series) -> str:
    low, high = float(shares.min()), float(shares.max())
    return f"{low:.1%}" if f"{low:.1%}" == f"{high:.1%}" else f"{low:.1%} to {high:.1%}, depending on the score,"


def _listed(names: Any, importances: np.ndarray, n: int = BARS) -> str:
    order = np.argsort(-importances, kind="stable")[:n]
    return ", ".join(f"{cut_text(names[j], NAME_LENGTH)} ({importances[j]:.1%})" for j in order)


def _importance_table(names: Any, importances: np.ndarray, intervals: np.ndarray | None) -> Table:
    order = np.argsort(-importances, kind="stable")
    cut = cut_names(names, NAME_LENGTH)
    rows = []
    for j in order[:BARS]:
        row = [cut[j], f"{importances[j]:.1%}"]
        rows.append(row if intervals is None else [*row, f"{intervals[j, 0]:.1%} to {intervals[j, 1]:.1%}"])
    others = order[BARS:]
    if len(others):
        row = [f"{len(others)} other column{'s' * (len(others) > 1)}", f"{importances[others].sum():.1%}"]
        rows.append(row if intervals is None else [*row, ""])
    head = ["column", "share"] if intervals is None else ["column", "share", "95% interval"]
    return Table("Importance of the columns", head, rows)


def summary_picture(explanation: Explanation) -> Picture:
    """Attributions of many rows."""
    mean = np.abs(np.asarray(explanation.values, dtype=float)).mean(axis=0)
    names = [cut_text(explanation.feature_names[j], NAME_LENGTH) for j in np.argsort(-mean, kind="stable")[:LINES]]
    svg = drawn("summary", lambda: explanation.plot_summary(n=LINES), pixels=True)
    text = f"A dot for each of many rows on lines for the columns {', '.join(names)}."
    said = "Each dot is a row. The further right, the more its column matters."
    if explanation.gap is not None:
        one = same_target(explanation)
        of = explained_name(one) or "the class that is predicted of the row"
        what = "output" if of == "output" else f"{_output(one.unit)} of {of}"
        said = f"Each dot is a row: right of zero its column raises the {what}, left of zero it lowers it."
    caption = f"{said} Numbers are coloured from low (blue) to high (orange); categories have a line for each value."
    return Picture(svg, text, caption)


def _effect_table(effects: ColumnEffects, target: Any) -> Table:
    """The lowest and the highest point of the strongest columns' effects."""
    several = target is None and len(effects.target_names) > 2
    rows = []
    columns = effects.strongest_columns(LINES)
    for name, cut in zip(columns, cut_names(columns, NAME_LENGTH), strict=True):
        effect, column = effects.main(name), effects.columns[effects.feature_names.index(name)]
        usual = _usual(column.values, column.share)
        table = effect.to_numpy(dtype=float)[usual]
        c = int(np.ptp(table, axis=0).argmax()) if several else effects.target_index(target)
        values = [_value_text(value) for value in column.values[usual]]
        low, high = int(table[:, c].argmin()), int(table[:, c].argmax())
        row = [cut, *(f"{signed_text(float(table[k, c]))} at {values[k]}" for k in (low, high))]
        rows.append([*row, cut_text(effects.target_names[c], NAME_LENGTH)] if several else row)
    of = "" if several or len(effects.target_names) < 2 else f" of {effects.target_names[effects.target_index(target)]}"
    head = ["column", "lowest effect", "highest effect", *(["on the class that it moves most"] if several else [])]
    caption = f"Effects on the {_output(effects.unit)}{of}, in {unit_name(effects.unit)}"
    return Table(caption, head, rows, text_columns=frozenset({1, 2, 3}))


def _value_text(value: Any) -> str:
    text = MISSING if value == "nan" or value != value else cell_text(value)
    return cut_text(text, NAME_LENGTH)


def _usual(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Places of values that are not rare: of levels those of some rows, of numbers all but the ends."""
    if values.dtype.kind == "f":
        below = np.cumsum(share) / share.sum()
        found = np.flatnonzero((below >= OUTER) & (below - share / share.sum() <= 1 - OUTER))
    else:
        found = np.flatnonzero(share >= OUTER)
    return found if len(found) else np.arange(len(values))
