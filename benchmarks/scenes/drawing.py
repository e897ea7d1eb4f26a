"""Random scenes as CLEVR draws them, except that exactly one object is large: numbers only, nothing is rendered.

A scene depends on its variant and its number alone, so scene 17 is the same whatever else is rendered, and at any size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.scenes.geometry import CAMERA, RADIUS, SHAPES, Solid, first_met, in_picture
from benchmarks.scenes.layout import MASK_COLORS, scene_name, to_linear

COLORS = {
    "gray": (87, 87, 87),
    "red": (173, 35, 35),
    "blue": (42, 75, 215),
    "green": (29, 105, 20),
    "brown": (129, 74, 25),
    "purple": (129, 38, 192),
    "cyan": (41, 208, 208),
    "yellow": (255, 238, 51),
}
"""CLEVR's, as bytes that are read as linear light: its code divides them by 255 and no more."""

MATERIALS = ("rubber", "metal")

GAP = 0.25
"""Least distance between the discs that objects are drawn on, as in CLEVR."""

CAMERA_JITTER, LAMP_JITTER = 0.5, 1.0
"""Largest shift along each axis, as in CLEVR."""

VISIBLE = 200 / (320 * 240)
"""Share of the picture that shows each object at least: CLEVR's 200 pixels of 320 × 240."""

GRID = 128
"""Rays along each side by which the share is measured, whatever size is rendered."""

PLACINGS, STARTS = 50, 100
"""Tries to place an object until all are placed anew (CLEVR's), and tries of a scene, of which 2,000 scenes needed at
most 8."""


@dataclass(frozen=True)
class Lamp:
    """An area light that points to the origin.

    Attributes
    ----------
    place : tuple of float
    power : float
        Watts.
    color : tuple of float
        Linear light.
    """

    place: tuple[float, float, float]
    power: float
    color: tuple[float, float, float] = (1.0, 1.0, 1.0)


KEY, FILL, BACK = (6.45, -2.91, 4.26), (-4.67, -4.01, 3.01), (-1.17, 2.65, 5.82)
"""Places of CLEVR's lamps, as Kubric's remake of its scenes tells them."""


@dataclass(frozen=True)
class Variant:
    """A distribution of scenes.

    Attributes
    ----------
    stream : int
        Part of the seed: no variant draws what another one draws.
    objects : tuple of int
        Least and largest number of objects.
    floor : tuple of float
        Objects stand where the larger of |x| and |y| is between these.
    lamps : tuple of Lamp
    """

    stream: int
    objects: tuple[int, int] = (3, 10)
    floor: tuple[float, float] = (0.0, 3.0)
    lamps: tuple[Lamp, ...] = (Lamp(KEY, 220.0), Lamp(FILL, 60.0), Lamp(BACK, 100.0))


VARIANTS = {
    "standard": Variant(0),
    "crowded": Variant(1, objects=(12, 15)),
    "elsewhere": Variant(2, floor=(3.0, 5.0)),
    "evening": Variant(3, lamps=(Lamp(KEY, 25.0), Lamp(FILL, 220.0, (1.0, 0.55, 0.3)))),
}
"""CLEVR's scenes, and three that networks trained on them do not know: more objects, a part of the floor that is empty
in them, low warm light from the other side."""


@dataclass(frozen=True)
class Drawn:
    """A scene to render.

    Attributes
    ----------
    name : str
    camera : ndarray of shape (3,)
    lamps : tuple of Lamp
    solids : list of Solid
    colors, materials : list of str
        Of each object.
    """

    name: str
    camera: np.ndarray
    lamps: tuple[Lamp, ...]
    solids: list[Solid]
    colors: list[str]
    materials: list[str]

    def record(self) -> dict[str, Any]:
        """The scene as scenes files have it."""
        return {
            "image_index": int(self.name.rpartition("_")[2]),
            "image_filename": f"{self.name}.png",
            "mask_filename": f"{self.name}.png",
            "camera": self.camera.tolist(),
            "objects": [
                {
                    "shape": solid.shape,
                    "size": solid.size,
                    "material": material,
                    "color": color,
                    "3d_coords": solid.center.tolist(),
                    "rotation": solid.rotation,
                    "mask_color": to_linear(mask).tolist(),
                }
                for solid, color, material, mask in zip(
                    self.solids, self.colors, self.materials, MASK_COLORS, strict=False
                )
            ],
        }


def draw_scene(number: int, variant: str = "standard") -> Drawn:
    """Draw a scene in which exactly one object, the first, is large.

    What the objects are is drawn once; only where they stand is drawn anew when one is hidden, so that shapes, colours,
    materials and numbers of objects keep the same chances.

    Parameters
    ----------
    number : int
        At least 0.
    variant : str
        A key of ``VARIANTS``.

    Returns
    -------
    Drawn
    """
    kind = VARIANTS[variant]
    rng = np.random.RandomState([kind.stream, number])
    n = rng.randint(kind.objects[0], kind.objects[1] + 1)
    shapes = [SHAPES[i] for i in rng.randint(len(SHAPES), size=n)]
    colors = [tuple(COLORS)[i] for i in rng.randint(len(COLORS), size=n)]
    materials = [MATERIALS[i] for i in rng.randint(len(MATERIALS), size=n)]
    camera = np.array(CAMERA) + rng.uniform(-CAMERA_JITTER, CAMERA_JITTER, size=3)
    lamps = tuple(
        Lamp(tuple(lamp.place + rng.uniform(-LAMP_JITTER, LAMP_JITTER, size=3)), lamp.power, lamp.color)
        for lamp in kind.lamps
    )
    sizes = ["large", *["small"] * (n - 1)]
    for _ in range(STARTS):
        places = _places(rng, [RADIUS[size] for size in sizes], kind.floor, camera)
        solids = [
            Solid(shape, size, x, y, rng.uniform(0, 360))
            for shape, size, (x, y) in zip(shapes, sizes, places, strict=False)
        ]
        if len(solids) == n and _all_visible(camera, solids):
            return Drawn(scene_name(number), camera, lamps, solids, colors, materials)
    raise RuntimeError(f"Scene {number} of {variant!r} has no place for its {n} objects; leave this number out.")


def _places(
    rng: np.random.RandomState, radii: list[float], floor: tuple[float, float], camera: np.ndarray
) -> list[tuple[float, float]]:
    """Places with gaps between them, in view of the camera; fewer than asked for if one finds no room."""
    places: list[tuple[float, float]] = []
    for radius in radii:
        for _ in range(PLACINGS):
            x, y = rng.uniform(-floor[1], floor[1], size=2)
            far = all(
                math.hypot(x - other[0], y - other[1]) - radius - r >= GAP
                for other, r in zip(places, radii, strict=False)
            )
            if far and max(abs(x), abs(y)) >= floor[0] and _in_view(camera, (x, y, radius)):
                places.append((x, y))
                break
        else:
            return places
    return places


def _in_view(camera: np.ndarray, point: tuple[float, float, float]) -> bool:
    """Whether the picture shows a point."""
    across, down, depth = in_picture(camera, np.array(point))
    return depth > 0 and 0 <= across <= 1 and 0 <= down <= 1


def _all_visible(camera: np.ndarray, solids: list[Solid]) -> bool:
    """Whether enough of each object is seen."""
    shown = np.bincount(first_met(camera, solids, GRID).ravel() + 1, minlength=len(solids) + 1)[1:]
    return bool((shown >= VISIBLE * GRID**2).all())
