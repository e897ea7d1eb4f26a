"""Main effects: curves over numbers, bars over levels, all on one scale unless asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agop_tabular.results.cells import MISSING, cell_text, cut_names, cut_text, percent_text
from agop_tabular.results.colours import GREY, LOWERS, MARKERS, PALE, RAISES, SERIES
from agop_tabular.results.column_effects import ColumnEffects
from agop_tabular.results.column_values import MOST_VALUES, ColumnValues
from agop_tabular.results.plots.canvas import (
    MOST,
    TICKS,
    TITLE,
    chosen,
    escaped,
    figure_of,
    label_length,
    plain_frame,
    score_label,
    several_axes,
)
from agop_tabular.results.plots.values import (
    draw_missing,
    inner_range,
    is_missing,
    level_texts,
    number_axis,
    shown_levels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Band = Callable[[str], tuple[pd.DataFrame, pd.DataFrame] | None]
"""Lower and upper ends of a column's main effect, each as :meth:`ColumnEffects.main` returns it; None for none."""

MOST_CLASSES = len(SERIES)
"""Most classes in a panel: with more, curves cannot be told apart."""

MOST_MARKERS = 12
"""A curve of at most this many points shows each point: such columns are counts, not quantities."""

SIZE, COLUMNS = (3.6, 3.0), 3
"""Inches of a panel of a new figure, and panels side by side."""

TITLE_LENGTH = 18
"""Characters of a panel's title, at least."""

RUG = 40
"""Marks of the rug: every 2.5 per cent of the rows."""

AROUND = 0.06
"""Share of the scale that is left free at either end."""


@dataclass(frozen=True, eq=False)
class Panel:
    """What a panel shows.

    Attributes
    ----------
    name : str
    effect : DataFrame of shape (k, n_targets)
        Indexed by the column's values.
    column : ColumnValues
    band : pair of DataFrame, or None
    """

    name: str
    effect: pd.DataFrame
    column: ColumnValues
    band: tuple[pd.DataFrame, pd.DataFrame] | None

    def ends(self) -> tuple[float, float]:
        """Smallest and largest effect that is drawn, 0 among them."""
        values = self.column.values
        drawn = np.ones(len(values), dtype=bool)
        if shown_levels(self.column) is None and (known := np.isfinite(values)).any():
            low, high = inner_range(values[known], self.column.share[known])
            drawn = ~known | ((low <= values) & (values <= high))
        tables = [self.effect, *(self.band or ())]
        found = np.concatenate([table.to_numpy(dtype=float)[drawn].ravel() for table in tables] + [np.zeros(1)])
        return float(np.nanmin(found)), float(np.nanmax(found))


def plot_main_effects(
    effects: ColumnEffects,
    features: Sequence[Any] | None,
    target: Any,
    n: int,
    *,
    ax: Any = None,
    shared_scale: bool = True,
    band: Band | None = None,
) -> np.ndarray:
    """Draw the main effects of some columns; by default of the n whose main effects vary most.

    Parameters
    ----------
    effects : ColumnEffects
    features, target, n, ax, shared_scale : as in :meth:`agop_tabular.AGOPExplainer.plot_effects`
    band : callable, optional
        Says how sure the effects of a column are.

    Returns
    -------
    ndarray of Axes, one for each column
    """
    if isinstance(features, str):
        features = [features]
    targets = _targets(effects, target)
    panels = [_panel(effects, feature, targets, band) for feature in chosen(features, effects.strongest_columns, n)]
    axes, is_new = several_axes(ax, len(panels), COLUMNS, SIZE)
    ends = [panel.ends() for panel in panels]
    if shared_scale:
        ends = [(min(low for low, _ in ends), max(high for _, high in ends))] * len(panels)
    one = effects.target_names[targets[0]] if len(targets) == 1 else None
    titles = cut_names([panel.name for panel in panels], max(TITLE_LENGTH, int(1.8 * label_length(axes[0]))))
    for panel, each, scale, title in zip(panels, axes, ends, titles, strict=True):
        each.set_title(escaped(title), fontsize=TITLE - 1)
        edge = AROUND * (scale[1] - scale[0]) or 1.0
        _draw(each, panel, (scale[0] - edge, scale[1] + edge), score_label(effects.unit, one))
    _explain(axes, effects, targets, is_new)
    return np.array(axes, dtype=object)


def _targets(effects: ColumnEffects, target: Any) -> list[int]:
    """The scores that are drawn: of two classes the second one."""
    n = len(effects.target_names)
    if target is not None or n <= 2:
        return [effects.target_index(target)]
    return list(range(min(n, MOST_CLASSES)))


def _panel(effects: ColumnEffects, feature: Any, targets: list[int], band: Band | None) -> Panel:
    effect = effects.main(feature).iloc[:, targets]
    name = str(effect.index.name)
    found = None if band is None else band(name)
    if found is not None:
        found = (found[0].iloc[:, targets], found[1].iloc[:, targets])
    return Panel(name, effect, effects.columns[effects.feature_names.index(name)], found)


def _draw(ax: Axes, panel: Panel, scale: tuple[float, float], label: str) -> None:
    """One panel: bars or dots over levels, a curve over numbers."""
    plain_frame(ax)
    if shown_levels(panel.column) is not None:
        _draw_levels(ax, panel)
        ax.set_xlim(*scale)
        ax.set_xlabel(f"effect on {escaped(label)}", fontsize=TICKS)
    else:
        _draw_curve(ax, panel)
        ax.set_ylim(*scale)
        ax.set_ylabel(f"effect on {escaped(label)}", fontsize=TICKS)


def _draw_levels(ax: Axes, panel: Panel) -> None:
    """The most frequent levels, the largest effect at the top, with their frequencies."""
    levels = shown_levels(panel.column)
    assert levels is not None
    effect = panel.effect.to_numpy(dtype=float)
    order = levels[np.argsort(-effect[levels, -1], kind="stable")]
    y = np.arange(len(order))
    ax.axvline(0.0, color=PALE, lw=0.8, zorder=0)
    for i in range(effect.shape[1]):
        x = effect[order, i]
        if effect.shape[1] == 1:
            ax.barh(y, x, height=0.65, color=np.where(x < 0, LOWERS, RAISES), zorder=2)
        else:
            ax.plot(x, y, ls="", color=SERIES[i], marker=MARKERS[i], ms=5, zorder=2)
        if panel.band is not None:
            low, high = (ends.to_numpy(dtype=float)[order, i] for ends in panel.band)
            ax.hlines(y, low, high, color="black" if effect.shape[1] == 1 else SERIES[i], lw=1, zorder=3)
    texts = level_texts(panel.column, order, label_length(ax))
    hidden = len(panel.column.values) - len(order)
    ax.set_yticks(y, texts, fontsize=TICKS - 1)
    ax.set_ylim(len(order) - 0.4 + 0.8 * (hidden > 0), -0.6)
    ax.tick_params(axis="y", length=0)
    if hidden:
        known = "at least " if len(panel.column.values) >= MOST_VALUES else ""
        said = f" {known}{hidden} rarer levels are not shown"
        ax.text(0.0, 0.01, said, transform=ax.transAxes, fontsize=TICKS - 2, va="bottom")


def _draw_curve(ax: Axes, panel: Panel) -> None:
    """Curves with a rug; the effect of missing values as a dotted line."""
    x = panel.effect.index.to_numpy(dtype=float)
    known, share = np.isfinite(x), panel.column.share
    ax.axhline(0.0, color=PALE, lw=0.8, zorder=0)
    few = int(known.sum()) <= MOST_MARKERS
    several = panel.effect.shape[1] > 1
    for i in range(panel.effect.shape[1]):
        colour = SERIES[i] if several else LOWERS
        y = panel.effect.iloc[:, i].to_numpy(dtype=float)
        marker = (MARKERS[i] if several else "o") if few or several else None
        every = 1 if few else max(1, int(known.sum()) // 6)
        ax.plot(x[known], y[known], color=colour, marker=marker, markevery=every, ms=4, lw=1.6)
        if panel.band is not None:
            low, high = (ends.iloc[:, i].to_numpy(dtype=float)[known] for ends in panel.band)
            ax.fill_between(x[known], low, high, color=colour, alpha=0.2, linewidth=0)
        draw_missing(ax, y[is_missing(panel.column)], colour)
    missing = is_missing(panel.column)
    if missing.any():
        said = f"{MISSING} ({percent_text(share[missing].sum())})"
        level = float(panel.effect.iloc[:, -1].to_numpy(dtype=float)[missing][0])
        place: dict[str, Any] = {"xy": (0.99, level), "xycoords": ("axes fraction", "data")}
        ax.annotate(said, **place, ha="right", va="bottom", fontsize=TICKS - 2)
    if not known.any():
        return
    low, high = inner_range(x[known], share[known])
    cut = number_axis(ax, "x", x[known], (low, high))
    copies = np.repeat(x[known], np.maximum(1, (share[known] * 500).astype(int)))
    rug = np.quantile(copies, np.linspace(0, 1, RUG), method="nearest")
    rug = rug[(low <= rug) & (rug <= high)]
    ax.plot(rug, np.zeros_like(rug), "|", color=GREY, ms=7, transform=ax.get_xaxis_transform(), clip_on=False)
    if cut:
        ax.set_xlabel(
            f"values up to {cell_text(float(x[known].max()))} occur"
            if high < x[known].max()
            else f"values from {cell_text(float(x[known].min()))} occur",
            fontsize=TICKS - 1,
        )


def _explain(axes: list[Axes], effects: ColumnEffects, targets: list[int], is_new: bool) -> None:
    """The title of a new figure, and which class is which."""
    if len(targets) > 1:
        from matplotlib.lines import Line2D

        total = len(effects.target_names)
        names = [escaped(cut_text(effects.target_names[c], MOST // 2)) for c in targets]
        title = "class" if len(targets) == total else f"{len(targets)} of {total};\ntarget= chooses one"
        lines = [Line2D([], [], color=SERIES[i], marker=MARKERS[i], lw=1.6) for i in range(len(targets))]
        legend: dict[str, Any] = {"title": title, "frameon": False, "fontsize": TICKS - 1, "title_fontsize": TICKS - 1}
        if is_new:
            figure_of(axes[0]).legend(lines, names, loc="outside right upper", **legend)
        else:
            axes[-1].legend(lines, names, **legend | {"frameon": True})  # it may lie on curves
    if is_new:
        one = effects.target_names[targets[0]] if len(targets) == 1 else None
        figure_of(axes[0]).suptitle(escaped(f"Main effects on {score_label(effects.unit, one)}"), fontsize=TITLE)
