"""Coloured shapes on patterned ground: pictures of objects whose pixels are known, as bytes with channels last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from scipy.ndimage import gaussian_filter
from sklearn.utils import check_random_state

CLASSES = ("disc", "square", "triangle")
"""The classes. Neither colour nor size nor place tells which one it is."""

SIZES = (0.18, 0.32)
"""Half the height of an object, as a share of the picture's: between the smallest and the largest."""

CONTRAST = 0.35
"""Least distance of the mean colours of object and ground, of which black and white are √3 apart: seen at a glance."""

PATTERN, GRAIN = 0.12, 0.04
"""Standard deviations of the ground's smooth pattern, and of the noise on every pixel, of values between 0 and 1."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """Pictures, their labels, and the pixels of their objects.

    Attributes
    ----------
    images : ndarray of shape (n, size, size, 3), uint8
    y : ndarray of int, shape (n,)
        Position of the shape in ``class_names``.
    masks : ndarray of bool, shape (n, size, size)
    class_names : tuple of str
    """

    images: np.ndarray
    y: np.ndarray
    masks: np.ndarray
    class_names: tuple[str, ...] = CLASSES

    def __len__(self) -> int:
        return len(self.images)


def make_shapes(n: int = 1000, *, size: int = 32, random_state: int | RandomState | None = None) -> Shapes:
    """Draw pictures of one disc, square or triangle each, of any colour, size and place.

    Parameters
    ----------
    n : int
    size : int
        Height and width.
    random_state : int, RandomState or None

    Returns
    -------
    Shapes

    Raises
    ------
    ValueError
        Where there is no picture to draw, or pictures are too small for shapes to differ.
    """
    if n < 1 or size < 16:
        raise ValueError(f"n={n} and size={size}: draw at least one picture, of at least 16 × 16 pixels.")
    rng = check_random_state(random_state)
    y = rng.randint(len(CLASSES), size=n)
    masks = np.stack([_shape(CLASSES[k], size, rng) for k in y])
    images = np.empty((n, size, size, 3), dtype=np.uint8)
    for i, mask in enumerate(masks):
        thing, ground = _two_colours(rng)
        pattern = gaussian_filter(rng.randn(size, size, 1), (size / 10, size / 10, 0))
        picture = np.where(mask[..., None], thing, ground + PATTERN * pattern / pattern.std())
        images[i] = np.rint(255 * (picture + GRAIN * rng.randn(size, size, 3)).clip(0, 1))
    return Shapes(images, y, masks)


def _two_colours(rng: RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Colours of object and ground that are told apart."""
    while True:
        thing, ground = rng.uniform(0.1, 0.9, size=(2, 3))
        if np.linalg.norm(thing - ground) >= CONTRAST:
            return thing, ground


def _shape(name: str, size: int, rng: RandomState) -> np.ndarray:
    """Pixels of one shape, all of it in the picture."""
    half = rng.uniform(*SIZES) * size
    y0, x0 = rng.uniform(half, size - half, size=2)
    down, right = (np.arange(size)[:, None] + 0.5 - y0) / half, (np.arange(size)[None] + 0.5 - x0) / half
    if name == "disc":
        return np.asarray(down**2 + right**2 <= 1)
    if name == "square":
        return np.asarray((np.abs(down) <= 0.85) & (np.abs(right) <= 0.85))
    return np.asarray((np.abs(down) <= 1) & (np.abs(right) <= (down + 1) / 2))
