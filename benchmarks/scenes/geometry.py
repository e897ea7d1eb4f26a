"""The camera of CLEVR, and which object each of its rays meets first: computed, without Blender."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CAMERA = (7.48, -6.51, 5.34)
"""Where CLEVR's camera is, before its jitter; it looks at the origin."""

LENS, SENSOR = 35.0, 32.0
"""Millimetres: CLEVR's focal length, and the width of the sensor that its version of Blender has."""

ASPECT = 480 / 320
"""Width by height of CLEVR-XAI's images. Rendered ones are square, with pixels that are wider than high: just what the
official images become when they are resized for a network."""

RADIUS = {"large": 0.7, "small": 0.35}
SHAPES = ("cube", "sphere", "cylinder")


@dataclass(frozen=True)
class Solid:
    """An object as a camera meets it.

    Attributes
    ----------
    shape : str
        One of ``SHAPES``.
    size : str
        A key of ``RADIUS``.
    x, y : float
        Its centre over the floor, on which it stands.
    rotation : float
        Degrees about the vertical axis.
    """

    shape: str
    size: str
    x: float
    y: float
    rotation: float

    @property
    def half(self) -> float:
        """Half its height: a radius, or half the edge of the cube whose base has the diagonal 2 · radius."""
        return RADIUS[self.size] / (math.sqrt(2) if self.shape == "cube" else 1)

    @property
    def center(self) -> np.ndarray:
        """Its middle (3,)."""
        return np.array([self.x, self.y, self.half])


def camera_axes(camera: np.ndarray) -> np.ndarray:
    """Unit vectors to the right, up and forward (3, 3), one a row, of a camera that looks at the origin.

    Parameters
    ----------
    camera : ndarray of shape (3,)

    Returns
    -------
    ndarray of shape (3, 3)
    """
    forward = -np.asarray(camera, dtype=float) / np.linalg.norm(camera)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(right, forward), forward])


def in_picture(camera: np.ndarray, point: np.ndarray) -> tuple[float, float, float]:
    """Place of a point in the picture.

    Parameters
    ----------
    camera, point : ndarray of shape (3,)

    Returns
    -------
    tuple of float
        From the left and from the top, each from 0 to 1 inside of the picture, and the depth.
    """
    right, up, depth = camera_axes(camera) @ (np.asarray(point) - camera)
    across = SENSOR / 2 / LENS
    return 0.5 + right / depth / across / 2, 0.5 - up / depth / (across / ASPECT) / 2, depth


def first_met(camera: np.ndarray, solids: list[Solid], size: int) -> np.ndarray:
    """Object that the middle of each pixel shows.

    Parameters
    ----------
    camera : ndarray of shape (3,)
    solids : list of Solid
    size : int
        Pixels along each side.

    Returns
    -------
    ndarray of shape (size, size)
        Position in ``solids``; -1 for the floor.
    """
    middle = (np.arange(size) + 0.5) / size
    across = SENSOR / 2 / LENS
    right, up, forward = camera_axes(camera)
    rays = (
        forward
        + ((2 * middle - 1) * across)[None, :, None] * right
        + ((1 - 2 * middle) * across / ASPECT)[:, None, None] * up
    )
    distance = np.stack([_distance(solid, camera, rays) for solid in solids])
    nearest = distance.argmin(axis=0)
    return np.where(np.isfinite(distance.min(axis=0)), nearest, -1)


def _distance(solid: Solid, camera: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """How many times each ray's length its first point in an object is away; infinite where it misses."""
    angle = math.radians(solid.rotation)
    turned = np.array([[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    start, d = turned @ (camera - solid.center), rays @ turned.T
    if solid.shape == "sphere":
        enter, leave = _between(d, start, solid.half, 3)
    elif solid.shape == "cylinder":
        enter, leave = _between(d, start, solid.half, 2)
        enter, leave = _slab(d, start, solid.half, 2, enter, leave)
    else:
        enter, leave = np.full(d.shape[:-1], -np.inf), np.full(d.shape[:-1], np.inf)
        for axis in range(3):
            enter, leave = _slab(d, start, solid.half, axis, enter, leave)
    return np.where((enter <= leave) & (enter > 0), enter, np.inf)


def _between(d: np.ndarray, start: np.ndarray, radius: float, axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Where rays enter and leave a ball (3 axes) or an endless upright tube (2); a miss leaves before it enters."""
    d, start = d[..., :axes], start[:axes]
    a, b, c = (d**2).sum(axis=-1), d @ start, start @ start - radius**2
    inside = b**2 - a * c
    root = np.sqrt(np.maximum(inside, 0))
    return np.where(inside >= 0, (-b - root) / a, np.inf), np.where(inside >= 0, (-b + root) / a, -np.inf)


def _slab(
    d: np.ndarray, start: np.ndarray, half: float, axis: int, enter: np.ndarray, leave: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What is left of rays' ways between two planes at ± half."""
    along = np.where(np.abs(d[..., axis]) < 1e-12, 1e-12, d[..., axis])  # parallel: far outside, or all the way inside
    one, other = (-half - start[axis]) / along, (half - start[axis]) / along
    return np.maximum(enter, np.minimum(one, other)), np.minimum(leave, np.maximum(one, other))
