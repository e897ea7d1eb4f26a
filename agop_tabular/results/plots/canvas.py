"""What all pictures share: axes of their own or the caller's, labels that fit, and the names of scales."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.cells import cut_names, cut_text
from agop_tabular.results.colours import LOWERS, PALE, RAISES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

CHARACTER = 0.072
"""Width of a character of tick labels, in inches: 9 points of a face whose letters are .6 as wide as high."""

WIDER = 1.1
"""Letters of running text on a line, for each one of the widest that labels allow for."""

LABEL_SHARE = 0.45
"""Share of a picture's width that labels at its side may take."""

FEWEST, MOST = 12, 44
"""Characters of such a label, at least and at most."""

ENTRY = 0.21
"""Height of a line of a legend, in inches."""

TICKS, TITLE = 9, 11
"""Sizes of text, in points."""


def pyplot() -> Any:
    """matplotlib.pyplot, or a word on how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Plots need the package matplotlib: pip install 'agop-tabular[plots]'") from error
    return plt


def one_axes(ax: Any, size: tuple[float, float]) -> Axes:
    """The caller's axes, or those of a new figure of this size, in inches, which the caller closes.

    A figure without a layout of its own gets matplotlib's constrained one, so that labels fit.

    Parameters
    ----------
    ax : matplotlib Axes or None
    size : (width, height)

    Raises
    ------
    TypeError
        Where it is something else.
    """
    plt = pyplot()
    if ax is None:
        _, new = plt.subplots(figsize=size, layout="constrained")
        return new
    if not hasattr(ax, "barh"):
        raise TypeError(f"ax={ax!r} is not an Axes of matplotlib; leave it out for a new figure.")
    if figure_of(ax).get_layout_engine() is None:
        figure_of(ax).set_layout_engine("constrained")  # labels would leave the picture
    return ax


def several_axes(ax: Any, n: int, columns: int, size: tuple[float, float]) -> tuple[list[Axes], bool]:
    """The caller's axes, or n of a new figure, each of this size in inches; and whether the figure is new.

    Parameters
    ----------
    ax : Axes, array or list of n of them, or None
    n : int
    columns : int
        Most of them side by side.
    size : (width, height)

    Raises
    ------
    ValueError
        Where there are fewer than n.
    """
    plt = pyplot()
    if ax is not None:
        given = [one_axes(each, size) for each in np.ravel(np.array(ax, dtype=object))]
        if len(given) < n:
            raise ValueError(f"ax= has {len(given)} axes for {n} panels; give as many, or leave it out.")
        return given[:n], False
    rows = -(-n // columns)
    columns = -(-n // rows)  # four are two and two rather than three and one
    _, axes = plt.subplots(
        rows, columns, figsize=(size[0] * columns, size[1] * rows), layout="constrained", squeeze=False
    )
    panels = list(axes.ravel())
    for panel in panels[n:]:
        panel.remove()
    return panels[:n], True


def count(n: Any, name: str = "n") -> int:
    """A number of things to draw.

    Raises
    ------
    ValueError
        Where it is no positive whole number.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"{name}={n!r} is not a positive whole number.")
    return int(n)


def chosen(wanted: Sequence[Any] | None, strongest: Callable[[int], list[Any]], n: int) -> list[Any]:
    """The columns or pairs that are wanted, or the n strongest ones.

    Raises
    ------
    ValueError
        Where there is nothing to draw.
    """
    if wanted is None:
        return strongest(count(n))
    found = list(wanted)
    if not found:
        raise ValueError("Nothing to draw: give at least one column or pair.")
    return found


def escaped(text: Any) -> str:
    """Text with dollar signs escaped; matplotlib would read it as a formula."""
    return str(text).replace("$", r"\$")


def figure_of(ax: Axes) -> Any:
    """The whole figure that an axes is in, though it may be in a part of it."""
    figure = ax.get_figure()
    return getattr(figure, "figure", figure)


def width_of(ax: Axes) -> float:
    """Width of an axes with its labels, in inches, before they are laid out."""
    return float(figure_of(ax).get_figwidth() * ax.get_position().width)


def label_length(ax: Axes) -> int:
    """Characters that fit a label at the side of an axes."""
    return int(np.clip(LABEL_SHARE * width_of(ax) / CHARACTER, FEWEST, MOST))


def side_labels(names: Sequence[Any], cells: Sequence[str] | None = None, *, length: int) -> list[str]:
    """Labels "name = cell" of at most this many characters a line, on two lines where one is too short.

    Parameters
    ----------
    names : sequence of object
    cells : sequence of str, optional
        Empty for a name alone, as all are by default.
    length : int
    """
    out = []
    cells = [""] * len(names) if cells is None else cells
    for name, cell in zip(cut_names(names, length), cells, strict=True):
        if not cell:
            out.append(escaped(name))
        elif len(name) + len(cell) + 3 <= length:
            out.append(escaped(f"{name} = {cell}"))
        else:
            out.append(escaped(f"{name}\n= {cut_text(cell, length - 2)}"))
    return out


def set_title(ax: Axes, text: str) -> None:
    """A title that begins where the labels do, in as many lines as the width asks for; called last.

    Its place is one in the figure, whose edge does not move where another resolution makes labels wider.

    Parameters
    ----------
    ax : matplotlib Axes
    text : str
    """
    from matplotlib.transforms import blended_transform_factory

    figure = figure_of(ax)
    figure.draw_without_rendering()  # labels have their place only then
    box = ax.get_tightbbox() or ax.get_window_extent()
    left, width = figure.transFigure.inverted().transform((box.x0, 0))[0], box.width / figure.dpi
    length = max(FEWEST, int(width / CHARACTER * TICKS / TITLE * WIDER))
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, length)]
    title = ax.set_title(escaped("\n".join(lines)), fontsize=TITLE, loc="left")
    title.set_transform(blended_transform_factory(figure.transFigure, title.get_transform()))
    title.set_x(left)


def legend_below(ax: Axes, n_lines: int, drawn: Sequence[Any], names: Sequence[str]) -> None:
    """A legend in room of its own below lines that are numbered from 0 at the top.

    Parameters
    ----------
    ax : matplotlib Axes
    n_lines : int
    drawn : sequence of matplotlib artists
    names : sequence of str
        What they are; matplotlib by itself would leave out names that begin with an underscore.
    """
    needed = len(names) * ENTRY + 0.1
    height = float(figure_of(ax).get_figheight() * ax.get_position().height)
    extra = n_lines * needed / max(height - needed, 0.2 * height)
    ax.set_ylim(n_lines - 0.4 + extra, -0.6)
    ax.legend(drawn, [escaped(name) for name in names], fontsize=TICKS, frameon=False, loc="lower left")


def set_scale(ax: Axes, text: str) -> None:
    """The name of the horizontal scale, which ends where the scale does, in as many lines as it needs.

    Parameters
    ----------
    ax : matplotlib Axes
    text : str
        Parts that begin a line of their own are separated by line feeds.
    """
    length = max(FEWEST, int(width_of(ax) / CHARACTER * WIDER))
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, length)]
    ax.set_xlabel(escaped("\n".join(lines)), fontsize=TICKS, loc="right")


def score_label(unit: str, target: str | None) -> str:
    """What a scale of attributions measures, such as "log-odds of >50K"."""
    target = None if target is None else cut_text(target, MOST)
    if unit == "output" and target:
        return target
    return f"{unit} of {target}" if target else unit


def plain_frame(ax: Axes, *, zero: float | None = None) -> None:
    """Take away what carries nothing, and draw a line at zero behind all else."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=TICKS)
    if zero is not None:
        ax.axvline(zero, color=PALE, lw=0.8, zorder=0)


def diverging(middle: str = "#f5f5f5") -> Colormap:
    """From blue, through a middle, to vermillion."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blue to vermillion", [LOWERS, middle, RAISES])
