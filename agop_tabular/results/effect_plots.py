"""Plots of main and pair effects with matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.column_effects import ColumnEffects

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LEVELS = 10
"""Most levels of a category in a panel, the most frequent ones: more labels do not fit its width."""

MOST_CLASSES = 8
"""Most classes in a panel: with more, curves and bars cannot be distinguished."""

LABEL_LENGTH = 14
"""Longest label of a level, in characters; longer ones run out of the panel."""

MOST_MARKERS = 12
"""A curve of at most this many points shows each point: such columns are counts, not quantities."""


def plot_main_effects(effects: ColumnEffects, features: Sequence[Any] | None, target: Any, n: int) -> Figure:
    """Draw the main effects of some columns; by default of the n whose main effects vary most."""
    return draw_main_effects(effects, _chosen(features, effects.strongest_columns, n), target)


def plot_pair_effects(effects: ColumnEffects, pairs: Sequence[tuple[Any, Any]] | None, target: Any, n: int) -> Figure:
    """Draw the effects of some pairs of columns; by default of the n pairs whose effects vary most."""
    return draw_pair_effects(effects, _chosen(pairs, effects.strongest_pairs, n), target)


def _chosen(wanted: Sequence[Any] | None, strongest: Callable[[int], list[Any]], n: int) -> list[Any]:
    """The columns or pairs that are wanted, or the n strongest ones.

    Raises
    ------
    ValueError
        Where there is nothing to draw.
    """
    if wanted is None:
        if n < 1:
            raise ValueError(f"n={n!r} is not a positive whole number.")
        return strongest(int(n))
    chosen = list(wanted)
    if not chosen:
        raise ValueError("Nothing to draw: give at least one column or pair.")
    return chosen


def draw_main_effects(effects: ColumnEffects, features: Sequence[Any], target: Any) -> Figure:
    """Draw one panel for each column: a curve for numbers, bars for categories."""
    plt = _pyplot()
    figure, panels = _grid(plt, len(features))
    if target is not None:
        targets = [effects.target_index(target)]
    else:
        n = len(effects.target_names)
        targets = [n - 1] if n <= 2 else list(range(min(n, MOST_CLASSES)))  # for two classes the positive one
    for panel, feature in zip(panels, features, strict=False):
        curve = effects.main(feature)
        column = effects.columns[effects.feature_names.index(str(curve.index.name))]
        if column.is_numeric:
            _draw_curve(panel, curve.iloc[:, targets], column.share)
        else:
            _draw_bars(panel, curve.iloc[:MOST_LEVELS, targets])
        panel.set_title(_escaped(curve.index.name), fontsize=10)
    panels[0].set_ylabel(f"effect on the {effects.unit}")
    if len(targets) > 1:
        lines = [plt.Line2D([], [], color=f"C{n}", lw=3) for n in range(len(targets))]
        names = [_escaped(effects.target_names[c]) for c in targets]
        figure.legend(lines, names, title="class", loc="outside right upper", frameon=False)
    else:
        figure.suptitle(
            f"Main effects on the {effects.unit} of {_escaped(effects.target_names[targets[0]])}", fontsize=11
        )
    return figure


def draw_pair_effects(effects: ColumnEffects, pairs: Sequence[tuple[Any, Any]], target: Any) -> Figure:
    """Draw one panel for each pair: a map over the values of both columns."""
    plt = _pyplot()
    figure, panels = _grid(plt, len(pairs), columns=2, size=(4.4, 3.5))
    c = effects.target_index(target)
    for panel, (first, second) in zip(panels, pairs, strict=False):
        table = effects.pair(first, second, effects.target_labels[c])
        table = table.iloc[_drawable(table.index), _drawable(table.columns)]
        if table.empty:
            panel.set_axis_off()
            panel.set_title(f"{_escaped(first)} and {_escaped(second)}: no values", fontsize=10)
            continue
        largest = float(np.abs(table.to_numpy()).max()) or 1.0
        mesh = panel.pcolormesh(
            *_edges(panel, table.columns, "x"),
            *_edges(panel, table.index, "y"),
            table.to_numpy(),
            cmap="RdBu_r",
            vmin=-largest,
            vmax=largest,
        )
        panel.set_xlabel(_escaped(table.columns.name))
        panel.set_ylabel(_escaped(table.index.name))
        figure.colorbar(mesh, ax=panel, label=f"effect on the {effects.unit}")
    figure.suptitle(f"Pair effects on the {effects.unit} of {_escaped(effects.target_names[c])}", fontsize=11)
    return figure


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Plots need the package matplotlib: pip install matplotlib") from error
    return plt


def _grid(plt: Any, n: int, columns: int = 3, size: tuple[float, float] = (3.4, 2.7)) -> tuple[Figure, list[Any]]:
    """A figure of n panels of this size in inches."""
    columns = min(columns, n)
    rows = -(-n // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(size[0] * columns, size[1] * rows), layout="constrained", squeeze=False
    )
    panels = list(axes.ravel())
    for panel in panels[n:]:
        panel.remove()
    return figure, panels


def _draw_curve(panel: Any, curve: Any, share: np.ndarray) -> None:
    x = curve.index.to_numpy(dtype=float)
    known = np.isfinite(x)
    panel.axhline(0.0, color="0.8", lw=0.8, zorder=0)
    few = known.sum() <= MOST_MARKERS
    for n, name in enumerate(curve.columns):
        y = curve[name].to_numpy()
        panel.plot(x[known], y[known], color=f"C{n}", marker="o" if few else None, ms=3)
        for missing in y[~known]:
            panel.axhline(missing, color=f"C{n}", ls=":", lw=1)
            panel.annotate("missing", (0.99, missing), xycoords=("axes fraction", "data"), ha="right", fontsize=7)
    if not known.any():
        return
    # Ticks at 40 quantiles of the training rows, taken from about 500 copies of the values in their shares.
    rug = np.quantile(np.repeat(x[known], np.maximum(1, (share[known] * 500).astype(int))), np.linspace(0, 1, 40))
    panel.plot(rug, np.zeros_like(rug), "|", color="0.4", ms=6, transform=panel.get_xaxis_transform(), clip_on=False)


def _draw_bars(panel: Any, curve: Any) -> None:
    n = len(curve.columns)
    position = np.arange(len(curve))
    panel.axhline(0.0, color="0.8", lw=0.8, zorder=0)
    for i, name in enumerate(curve.columns):
        panel.bar(position + (i - (n - 1) / 2) * 0.8 / n, curve[name].to_numpy(), 0.8 / n, color=f"C{i}")
    panel.set_xticks(position, [_level_label(v) for v in curve.index], rotation=45, ha="right", fontsize=7)


def _level_label(value: Any) -> str:
    text = str(value)
    return _escaped(text if len(text) <= LABEL_LENGTH else text[: LABEL_LENGTH - 1] + "…")


def _escaped(text: Any) -> str:
    """Text with dollar signs escaped; matplotlib would read it as a formula."""
    return str(text).replace("$", r"\$")


def _drawable(index: Any) -> np.ndarray:
    """Positions of the values that are drawn: numbers that are not missing, or the most frequent levels."""
    if index.dtype.kind == "f":
        return np.flatnonzero(np.isfinite(index.to_numpy()))
    return np.arange(min(len(index), MOST_LEVELS))


def _edges(panel: Any, index: Any, axis: str) -> tuple[np.ndarray]:
    """Borders of the cells: midway between numbers, one cell a category."""
    if index.dtype.kind == "f":
        x = index.to_numpy()
        middle = (x[1:] + x[:-1]) / 2
        return (np.concatenate((x[:1], middle, x[-1:])) if len(x) > 1 else np.array([x[0] - 0.5, x[0] + 0.5]),)
    labels = [_level_label(v) for v in index]
    ticks = np.arange(len(labels)) + 0.5
    if axis == "x":
        panel.set_xticks(ticks, labels, rotation=45, ha="right", fontsize=7)
    else:
        panel.set_yticks(ticks, labels, fontsize=7)
    return (np.arange(len(labels) + 1.0),)
