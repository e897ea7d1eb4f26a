"""Effects of pairs of columns as maps, all in one scale of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agop_tabular.results.cells import cut_names
from agop_tabular.results.column_effects import ColumnEffects
from agop_tabular.results.column_values import ColumnValues
from agop_tabular.results.plots.canvas import (
    TICKS,
    TITLE,
    chosen,
    diverging,
    escaped,
    figure_of,
    label_length,
    score_label,
    several_axes,
)
from agop_tabular.results.plots.values import inner_range, level_texts, number_axis, shown_levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE_LENGTH = 18
"""Characters of a column's name, at least."""

SIZE, COLUMNS = (4.6, 3.6), 2
"""Inches of a panel of a new figure, and panels side by side."""


def plot_pair_effects(
    effects: ColumnEffects,
    pairs: Sequence[tuple[Any, Any]] | None,
    target: Any,
    n: int,
    *,
    ax: Any = None,
    shared_scale: bool = True,
) -> np.ndarray:
    """Draw the effects of some pairs of columns; by default of the n pairs whose effects vary most.

    Parameters
    ----------
    effects : ColumnEffects
    pairs, target, n, ax, shared_scale : as in :meth:`agop_tabular.AGOPExplainer.plot_interactions`

    Returns
    -------
    ndarray of Axes, one for each pair
    """
    wanted = chosen(pairs, effects.strongest_pairs, n)
    if any(isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2 for pair in wanted):
        raise ValueError(f'pairs={pairs!r} is not a list of pairs of columns, such as [("age", "income")].')
    c = effects.target_index(target)
    tables = [effects.pair(first, second, effects.target_labels[c]) for first, second in wanted]
    axes, is_new = several_axes(ax, len(tables), COLUMNS, SIZE)
    maps = [Map.of(effects, table) for table in tables]
    tops = [max(each.largest for each in maps) if shared_scale else each.largest for each in maps]
    label = score_label(effects.unit, effects.target_names[c])
    names = cut_names(effects.feature_names, max(TITLE_LENGTH, int(1.5 * label_length(axes[0]))))
    called = {name: escaped(cut) for name, cut in zip(effects.feature_names, names, strict=True)}
    drawn = [_draw(ax, each, top or 1.0, called) for ax, each, top in zip(axes, maps, tops, strict=True)]
    figure = figure_of(axes[0])
    meshes = [(mesh, [each]) for mesh, each in zip(drawn, axes, strict=True) if mesh is not None]
    if shared_scale:
        meshes = [(mesh, axes) for mesh, _ in meshes[:1]]
    for mesh, beside in meshes:
        bar = figure.colorbar(mesh, ax=beside, shrink=0.7 if len(beside) > 2 else 1.0)
        bar.set_label(escaped(f"effect on {label}"), fontsize=TICKS)
    if is_new:
        figure.suptitle(escaped(f"Effects of pairs, beyond main effects, on {label}"), fontsize=TITLE)
    return np.array(axes, dtype=object)


@dataclass(frozen=True, eq=False)
class Map:
    """What a panel shows.

    Attributes
    ----------
    names : pair of str
        The columns down and across.
    columns : pair of ColumnValues
    places : pair of ndarray of int
        Which of their values are drawn.
    effect : ndarray of shape (k_down, k_across)
    """

    names: tuple[str, str]
    columns: tuple[ColumnValues, ColumnValues]
    places: tuple[np.ndarray, np.ndarray]
    effect: np.ndarray

    @classmethod
    def of(cls, effects: ColumnEffects, table: pd.DataFrame) -> Map:
        """Of the effect of a pair, without missing values of numbers and rare levels."""
        names = str(table.index.name), str(table.columns.name)
        down, across = (effects.columns[effects.feature_names.index(name)] for name in names)
        places = _places(down), _places(across)
        return cls(names, (down, across), places, table.to_numpy()[np.ix_(*places)])

    @property
    def largest(self) -> float:
        """Largest absolute effect inside the scales of both columns."""
        inside = [_inside(*each) for each in zip(self.columns, self.places, strict=True)]
        return float(np.abs(self.effect[np.ix_(*inside)]).max(initial=0.0))


def _draw(ax: Axes, shown: Map, top: float, called: dict[str, str]) -> Any:
    """One map; None where a column has no value that can be drawn."""
    down, across = (called[name] for name in shown.names)
    if not shown.effect.size:
        ax.set_axis_off()
        ax.set_title(f"{down} and {across}:\nno values", fontsize=TITLE - 1)
        return None
    y, x = (_edges(ax, *each) for each in zip("yx", shown.columns, shown.places, strict=True))
    mesh = ax.pcolormesh(x, y, shown.effect, cmap=diverging(), vmin=-top, vmax=top, rasterized=True)
    ax.set_xlabel(across, fontsize=TICKS)
    ax.set_ylabel(down, fontsize=TICKS)
    return mesh


def _places(column: ColumnValues) -> np.ndarray:
    """Places of the values that are drawn: numbers that are not missing, or the most frequent levels."""
    levels = shown_levels(column)
    return np.flatnonzero(np.isfinite(column.values)) if levels is None else levels


def _inside(column: ColumnValues, places: np.ndarray) -> np.ndarray:
    """Which of the drawn values are inside the scale, (k,) of bool."""
    if shown_levels(column) is not None or not len(places):
        return np.ones(len(places), dtype=bool)
    x = column.values[places]
    low, high = inner_range(x, column.share[places])
    return (low <= x) & (x <= high)


def _edges(ax: Axes, axis: str, column: ColumnValues, places: np.ndarray) -> np.ndarray:
    """Borders of the cells: midway between numbers, one cell a level; and what is written along them."""
    if shown_levels(column) is None:
        x = column.values[places]
        ends = inner_range(x, column.share[places])
        number_axis(ax, axis, x, ends)
        (ax.set_xlim if axis == "x" else ax.set_ylim)(*ends)
        return np.concatenate((x[:1], (x[1:] + x[:-1]) / 2, x[-1:]))
    texts = level_texts(column, places, label_length(ax))
    ticks = np.arange(len(places)) + 0.5
    if axis == "x":
        ax.set_xticks(ticks, texts, rotation=45, ha="right", rotation_mode="anchor", fontsize=TICKS - 2)
    else:
        ax.set_yticks(ticks, texts, fontsize=TICKS - 2)
    return np.arange(len(places) + 1.0)
