"""matplotlib without a screen, and what the studies' pictures share: few colours, and labels at the lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agop_tabular.results.colours import GREY, PALE, SERIES

__all__ = ["GREY", "PALE", "SERIES", "WIDTH", "label_ends", "plt", "save"]

WIDTH = 8.0
"""Inches of a picture: pages show it nearly as large as it is drawn, so that its text stays readable."""

LINE = 0.045
"""Least distance of two labels, as a share of the height of the axes: a line of 8 points in 2.5 inches."""


def save(figure: Figure, path: Path, dpi: int = 150) -> None:
    figure.savefig(path, dpi=dpi)
    plt.close(figure)


def label_ends(axis: Axes, ends: Sequence[tuple[float, str, str]], line: float = LINE) -> None:
    """Write names at the right of an axes, each at the height where its line ends; close ones are moved apart.

    Parameters
    ----------
    axis : Axes
        With its final limits and scale.
    ends : list of (height in the data, name, colour)
    line : float
        Least distance, as a share of the height.
    """
    ends = sorted(ends)
    points = axis.transData.transform([(axis.get_xlim()[1], y) for y, _, _ in ends])
    heights = axis.transAxes.inverted().transform(points)[:, 1]
    for height, (y, name, colour) in zip(apart(heights, line), ends, strict=True):
        axis.annotate(
            name,
            (axis.get_xlim()[1], y),
            (1.04, height),
            xycoords="data",
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=colour,
            annotation_clip=False,
        )


def apart(heights: np.ndarray, line: float) -> np.ndarray:
    """Increasing heights, moved as little as needs be to be at least a line apart: means of the runs that touch."""
    shifted = np.asarray(heights, dtype=float) - line * np.arange(len(heights))
    runs: list[list[float]] = []  # mean and size of each run of equal values: isotonic regression
    for value in shifted:
        runs.append([value, 1])
        while len(runs) > 1 and runs[-2][0] > runs[-1][0]:
            (a, n), (b, m) = runs[-2:]
            runs[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    flat = np.concatenate([np.full(int(n), mean) for mean, n in runs]) if runs else shifted
    return flat + line * np.arange(len(heights))
