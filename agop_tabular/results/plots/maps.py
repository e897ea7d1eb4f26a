"""Maps of images: below the images, or laid over them, and beside masks of what is known to matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.results.cells import cut_text
from agop_tabular.results.colours import LOWERS, RAISES
from agop_tabular.results.plots.canvas import TICKS, diverging, escaped, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 2.0
"""Width and height of a picture, in inches."""

TITLE_LENGTH = 22
"""Characters that fit above a picture."""

OUTLINE = ("white", "black")
"""Wide line behind, thin line in front: seen on any colour, by everybody."""

STRONGEST = 0.85
"""Opacity of a map's largest value where it lies over an image, whose edges have to show through."""

DARKEST, LIGHTEST = 0.5, 1.0
"""Greys of an image below a map, light enough that the map's colours show."""

GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue in the grey of a colour (ITU-R BT.601)."""

SCALED = "Each map is scaled to its own largest value"
COLOURS = {True: f"{SCALED}; vermillion raises the score, blue lowers it.", False: f"{SCALED}; it has no sign."}
"""What is said below the pictures, by whether maps are signed."""


def plot_maps(
    images: np.ndarray,
    maps: np.ndarray,
    *,
    label: str,
    signed: bool,
    titles: Sequence[str] | None = None,
    overlay: bool = False,
    masks: np.ndarray | None = None,
) -> Figure:
    """Draw images in columns: the image, its map below or over it, and its mask.

    Parameters
    ----------
    images : ndarray of shape (n, channels, height, width)
    maps : ndarray of shape (n, height, width)
    label : str
        What the maps are called.
    signed : bool
    titles : sequence of str, optional
    overlay : bool
        Whether the map lies over the image in grey, instead of being a picture of its own.
    masks : ndarray of bool or int, shape (n, height, width), optional
        Drawn as pictures of their own, and as outlines on the maps.

    Returns
    -------
    matplotlib.figure.Figure
    """
    plt = pyplot()
    n, rows = len(images), 2 + (masks is not None)
    figure, axes = plt.subplots(
        rows, n, figsize=(SIDE * max(n, 2), SIDE * rows + 0.5), squeeze=False, layout="constrained"
    )
    for j, column in enumerate(axes.T):
        picture = shown(images[j])
        column[0].imshow(picture, cmap="gray")
        if overlay:
            column[1].imshow(_faint(picture), cmap="gray", vmin=0, vmax=1)
            column[1].imshow(laid_over(maps[j], signed=signed))
        else:
            top = np.abs(maps[j]).max() or 1.0
            colours = diverging() if signed else "magma"
            column[1].imshow(maps[j], cmap=colours, vmin=-top if signed else 0, vmax=top)
        if masks is not None:
            column[2].imshow(masks[j], cmap="cividis", interpolation="nearest")
            _outline(column[1], masks[j])
        if titles is not None:
            column[0].set_title(escaped(cut_text(titles[j], TITLE_LENGTH)), fontsize=TICKS)
    for axis in axes.ravel():
        axis.set_xticks([])
        axis.set_yticks([])
    for axis, name in zip(axes[:, 0], ("image", label, "mask"), strict=False):
        axis.set_ylabel(escaped(name))
    figure.supxlabel(COLOURS[signed].replace("; ", ";\n") if n < 3 else COLOURS[signed], fontsize=TICKS)
    return figure


def shown(image: np.ndarray) -> np.ndarray:
    """An image (channels, height, width) as matplotlib draws it: (height, width), or (height, width, 3 or 4) of 0 to 1.

    Bytes are shown as they are; the span of all others, which may be standardised, becomes black to white.
    """
    colour = image.shape[0] in (3, 4)
    if image.dtype == np.uint8:
        scaled = image / 255 if colour else image
    else:
        span = np.ptp(image) or 1.0
        scaled = (image - image.min()) / span if colour else image
    return np.asarray(scaled.transpose(1, 2, 0) if colour else scaled[0])


def laid_over(values: np.ndarray, *, signed: bool) -> np.ndarray:
    """A map (height, width) as colours (height, width, 4) whose opacity is its size."""
    from matplotlib.colors import to_rgb

    top = np.abs(values).max() or 1.0
    out = np.empty((*values.shape, 4))
    out[..., :3] = np.where((values >= 0)[..., None] | (not signed), to_rgb(RAISES), to_rgb(LOWERS))
    out[..., 3] = STRONGEST * np.abs(values) / top
    return out


def _faint(picture: np.ndarray) -> np.ndarray:
    """A picture in greys between which colours show."""
    grey = np.asarray(picture[..., :3] @ GREY_WEIGHTS if picture.ndim == 3 else picture, dtype=float)
    return DARKEST + (LIGHTEST - DARKEST) * (grey - grey.min()) / (np.ptp(grey) or 1.0)


def _outline(axis: Axes, mask: Any) -> None:
    """The borders of a mask's regions, along the edges of pixels."""
    labels = np.asarray(mask).astype(int)
    for width, colour in zip((2.4, 1.0), OUTLINE, strict=True):
        across, down = (np.argwhere(np.diff(labels, axis=k)) for k in (1, 0))
        axis.vlines(across[:, 1] + 0.5, across[:, 0] - 0.5, across[:, 0] + 0.5, colors=colour, lw=width)
        axis.hlines(down[:, 0] + 0.5, down[:, 1] - 0.5, down[:, 1] + 0.5, colors=colour, lw=width)
