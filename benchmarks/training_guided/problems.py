"""Problems with a known region of the signal, standing in for the papers' data, which cannot be had here.

``typefaces`` and ``typefaces-shifted`` stand in for TMNIST and its variant: digits 0 to 9 in the typefaces that come
with matplotlib, in the middle of a larger canvas or anywhere on it. ``digits`` stands in for Affine MNIST:
scikit-learn's handwritten digits, made smaller, anywhere on the canvas. ``expression`` stands in for PAM50: 50 columns,
five classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from numpy.random import RandomState
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits

SIDE, GLYPH = 12, 6
"""Pixels of the canvas and of a glyph on it: the signal is a quarter of the pixels."""

FONTS = (
    *(f"DejaVuSans{kind}" for kind in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{kind}" for kind in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{kind}" for kind in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{kind}" for kind in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)
"""Typefaces of text that come with matplotlib."""

COPIES = 12
"""Images of each glyph, which differ in noise, brightness and place."""

TEST_ROWS = 40
"""Rows that are explained."""

BLOCK, BLOCKS = 8, 5
"""Columns of a block, and blocks, one a class; the other ten columns are background."""

UNSEEN = 4
"""The class of ``expression`` without training rows."""


@dataclass(frozen=True)
class Region:
    """Rows, labels, and where the signal of each explained row is.

    Attributes
    ----------
    X, y : ndarray of shape (n, d) and (n,)
        Training rows.
    test, labels : ndarray of shape (m, d) and (m,)
        Explained rows.
    signal : ndarray of bool, shape (m, d)
    n_classes : int
    """

    X: np.ndarray
    y: np.ndarray
    test: np.ndarray
    labels: np.ndarray
    signal: np.ndarray
    n_classes: int


def typefaces(rng: RandomState) -> Region:
    """Digits in typefaces, in the middle of the canvas."""
    glyphs, y = _typeface_glyphs()
    return _on_canvas(glyphs, y, rng, shifted=False)


def typefaces_shifted(rng: RandomState) -> Region:
    """Digits in typefaces, anywhere on the canvas."""
    glyphs, y = _typeface_glyphs()
    return _on_canvas(glyphs, y, rng, shifted=True)


def digits(rng: RandomState) -> Region:
    """Handwritten digits, anywhere on the canvas."""
    data = load_digits()
    images = [Image.fromarray((255 / 16 * image).astype(np.uint8)).resize((GLYPH, GLYPH)) for image in data.images]
    return _on_canvas(np.stack([np.asarray(image) / 255 for image in images]), data.target, rng, shifted=True, copies=4)


@cache
def _typeface_glyphs() -> tuple[np.ndarray, np.ndarray]:
    """Digits (200, 6, 6), between 0 and 1, and their labels."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    images = []
    for name in FONTS:
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), 48)
        for digit in range(10):
            drawn = Image.new("L", (96, 96))
            ImageDraw.Draw(drawn).text((24, 16), str(digit), fill=255, font=font)
            images.append(np.asarray(drawn.crop(drawn.getbbox()).resize((GLYPH, GLYPH))) / 255)
    return np.stack(images), np.tile(np.arange(10), len(FONTS))


def _on_canvas(glyphs: np.ndarray, y: np.ndarray, rng: RandomState, *, shifted: bool, copies: int = COPIES) -> Region:
    """Several noisy images of each glyph; those of a tenth of the glyphs are explained, of the others trained on."""
    n, room = len(glyphs) * copies, SIDE - GLYPH
    which = np.repeat(np.arange(len(glyphs)), copies)
    place = rng.randint(room + 1, size=(n, 2)) if shifted else np.full((n, 2), room // 2)
    images, signal = np.zeros((n, SIDE, SIDE)), np.zeros((n, SIDE, SIDE), dtype=bool)
    for i in range(n):
        box = (slice(place[i, 0], place[i, 0] + GLYPH), slice(place[i, 1], place[i, 1] + GLYPH))
        images[i][box] = glyphs[which[i]] * rng.uniform(0.6, 1.0)
        signal[i][box] = True
    X = (images + 0.05 * rng.standard_normal(images.shape)).reshape(n, -1).astype(np.float32)
    held_out = rng.permutation(len(glyphs))[: len(glyphs) // 10]
    test = np.isin(which, held_out)
    explained = rng.permutation(np.flatnonzero(test))[:TEST_ROWS]
    labels = y[which].astype(np.int64)
    return Region(X[~test], labels[~test], X[explained], labels[explained], signal[explained].reshape(-1, SIDE**2), 10)


def expression(rng: RandomState) -> Region:
    """Correlated blocks of columns, each of which one class raises; the last class has no training rows."""
    n, m = 1200, TEST_ROWS
    y = np.concatenate([rng.randint(UNSEEN, size=n), rng.randint(UNSEEN, size=m)])
    factors = rng.standard_normal((n + m, BLOCKS))
    factors[np.arange(n + m), y] += 1.5
    loadings = rng.uniform(0.5, 1.0, (BLOCKS, BLOCK))
    X = rng.standard_normal((n + m, 50))
    blocks = factors[:, :, None] * loadings + 0.7 * rng.standard_normal((n + m, BLOCKS, BLOCK))
    X[:, : BLOCK * BLOCKS] = blocks.reshape(n + m, -1)
    X = ((X - X[:n].mean(axis=0)) / X[:n].std(axis=0)).astype(np.float32)
    signal = np.arange(50)[None] // BLOCK == y[n:, None]
    return Region(X[:n], y[:n], X[n:], y[n:], signal, BLOCKS)


CANVASES = ("typefaces", "typefaces-shifted", "digits")
"""Problems whose rows are images."""

REGIONS = {
    "typefaces": typefaces,
    "typefaces-shifted": typefaces_shifted,
    "digits": digits,
    "expression": expression,
}
