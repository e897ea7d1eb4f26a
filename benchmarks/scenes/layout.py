"""Folders of scenes: where the files of CLEVR-XAI lie, and what the colours of its masks mean.

Rendered scenes are written like the official ones, so that one reader reads both. The modules that render (``layout``,
``geometry``, ``drawing``, ``blender``, ``render``) need numpy and Blender only: they run where torch is not installed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

SCENES_FILE = "CLEVR-XAI_scenes.json"
IMAGES, MASKS = "images", "masks"
"""Folders of pictures; an image and its mask have the same name."""

SETTINGS_FILE = "rendering.json"
"""In folders that are rendered here: the variant and the size, which are the same for all scenes of a folder."""

MASK_BACKGROUND = (64, 64, 64)
"""Colour of a mask's pixels that show no object."""

MASK_COLORS = np.array(
    [
        *((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255), (255, 255, 255)),
        *((255, 128, 0), (255, 0, 128), (128, 255, 0), (0, 255, 128), (128, 0, 255), (0, 128, 255)),
        *((255, 128, 128), (128, 255, 128)),
    ],
    dtype=np.uint8,
)
"""sRGB colours of the objects in masks that are rendered here, far from each other and from the background."""


def scene_name(number: int) -> str:
    """Name of a scene, and of its files without their endings.

    Parameters
    ----------
    number : int

    Returns
    -------
    str
    """
    return f"CLEVR_unique_{number:06d}"


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """Linear light, of which scenes files tell the colours of masks, from the bytes of a picture.

    Parameters
    ----------
    srgb : ndarray
        From 0 to 255.

    Returns
    -------
    ndarray
        From 0 to 1.
    """
    value = np.asarray(srgb, dtype=float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1


def write_json(path: Path, content: Any) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
    content : object
    """
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(json.dumps(content))
    os.replace(unfinished, path)
