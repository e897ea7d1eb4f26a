"""Read folders of scenes: those of CLEVR-XAI, and those that are rendered here in the same layout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.scenes.layout import IMAGES, MASK_BACKGROUND, MASKS, SCENES_FILE, SETTINGS_FILE, to_linear

MOST_OBJECTS = 16
"""Of a scene: as many as there are bits in a pixel of ``Scenes.masks``."""

NEAR = 0.02
"""Largest difference of linear light between a mask's pixel and its object's colour. Rounding to bytes makes .005."""


@dataclass(frozen=True)
class SceneObject:
    """What the scenes file says of an object.

    Attributes
    ----------
    shape, size, material, color : str
    place : tuple of float
        Its centre; the floor is at 0, and the camera looks at the origin.
    mask_color : tuple of float
        Linear light, from 0 to 1.
    """

    shape: str
    size: str
    material: str
    color: str
    place: tuple[float, float, float]
    mask_color: tuple[float, float, float]


@dataclass(frozen=True)
class Record:
    """A scene without its pictures.

    Attributes
    ----------
    name : str
        Of its files, without their ending.
    objects : tuple of SceneObject
    """

    name: str
    objects: tuple[SceneObject, ...]


@dataclass(frozen=True)
class Scenes:
    """Scenes with their pictures.

    Attributes
    ----------
    records : tuple of Record
    images : ndarray of shape (n, height, width, 3), uint8
    masks : ndarray of shape (n, height, width), uint16
        Bit k of a pixel is set where object k of the scene is.
    """

    records: tuple[Record, ...]
    images: np.ndarray
    masks: np.ndarray

    def __len__(self) -> int:
        return len(self.records)

    def mask_of(self, positions: np.ndarray) -> np.ndarray:
        """Pixels of one object of each scene.

        Parameters
        ----------
        positions : ndarray of int (n,)
            Of the objects among ``records[i].objects``.

        Returns
        -------
        ndarray of bool (n, height, width)
        """
        return (self.masks >> np.asarray(positions, dtype=np.uint16)[:, None, None] & 1).astype(bool)

    def mask_of_all(self) -> np.ndarray:
        """Pixels of any object.

        Returns
        -------
        ndarray of bool (n, height, width)
        """
        return self.masks > 0

    def take(self, rows: np.ndarray) -> Scenes:
        """Some of the scenes.

        Parameters
        ----------
        rows : ndarray of int, or of bool (n,)

        Returns
        -------
        Scenes
        """
        chosen = np.arange(len(self))[rows]
        return Scenes(tuple(self.records[i] for i in chosen), self.images[chosen], self.masks[chosen])


def read_records(folder: Path) -> list[Record]:
    """Read the file of all scenes.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Record

    Raises
    ------
    FileNotFoundError
        If there is no such file; the sentence says whether a rendering is unfinished.
    ValueError
        If the file is not like CLEVR-XAI's.
    """
    path = folder / SCENES_FILE
    if not path.exists():
        if (folder / SETTINGS_FILE).exists():
            raise FileNotFoundError(
                f"{folder} is half rendered, it has no {SCENES_FILE} yet; run the command that rendered it again."
            )
        raise FileNotFoundError(
            f"{folder} has no {SCENES_FILE}; name a folder of CLEVR-XAI, or render one (make scenes)."
        )
    try:
        scenes = json.loads(path.read_text())["scenes"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a scenes file of CLEVR ({error!r}); download or render it again.") from error
    if not scenes:
        raise ValueError(f"{path} has no scene; download or render it again.")
    return [_record(path, scene) for scene in scenes]


def read_scenes(folder: Path, records: Sequence[Record], size: int | None = None) -> Scenes:
    """Read pictures and masks of scenes.

    At another size than their own, pictures are resized bilinearly, whatever their aspect, and an object is where its
    bilinearly resized mask is above 0, which is CLEVR-XAI's rule: masks may then overlap.

    Parameters
    ----------
    folder : Path
    records : sequence of Record
        The scenes to read, by :func:`read_records`.
    size : int, optional
        Pixels along each side; by default the size that the pictures have.

    Returns
    -------
    Scenes

    Raises
    ------
    FileNotFoundError
        If a picture or a mask is missing.
    ValueError
        If a file is no picture, sizes differ, or a mask does not show the objects of its scene.
    """
    pairs = [_pair(folder, record, size) for record in records]
    shapes = {image.shape for image, _ in pairs}
    if len(shapes) > 1:
        raise ValueError(f"{folder} has pictures of different sizes {sorted(s[:2] for s in shapes)}; ask for one size.")
    if not pairs:
        raise ValueError(f"No scene of {folder} was asked for; give at least one record.")
    return Scenes(tuple(records), np.stack([image for image, _ in pairs]), np.stack([mask for _, mask in pairs]))


def _record(path: Path, scene: dict[str, Any]) -> Record:
    """One scene of the file."""
    try:
        name = Path(scene["image_filename"]).stem
        objects = tuple(
            SceneObject(
                *(thing[what] for what in ("shape", "size", "material", "color")),
                tuple(map(float, thing["3d_coords"])),
                tuple(map(float, thing["mask_color"][:3])),
            )
            for thing in scene["objects"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"A scene of {path} is incomplete ({error!r}); download or render it again.") from error
    if not 1 <= len(objects) <= MOST_OBJECTS:
        raise ValueError(f"Scene {name} of {path} has {len(objects)} objects; 1 to {MOST_OBJECTS} can be read.")
    return Record(name, objects)


def _pair(folder: Path, record: Record, size: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Picture (h, w, 3) and bits of objects (h, w) of a scene."""
    image = _picture(folder / IMAGES / f"{record.name}.png")
    mask = _picture(folder / MASKS / f"{record.name}.png")
    if image.size != mask.size:
        raise ValueError(
            f"The mask of {record.name} in {folder} has {_said(mask)} pixels, its image {_said(image)}; "
            f"download or render both again."
        )
    shown = _objects_shown(folder, record, np.asarray(mask))
    if size is None or image.size == (size, size):
        layers = [shown == k for k in range(len(record.objects))]
    else:
        image = image.resize((size, size), Image.Resampling.BILINEAR)
        layers = [_resized(shown == k, size) for k in range(len(record.objects))]
    bits = sum(layer.astype(np.uint16) << k for k, layer in enumerate(layers))
    return np.asarray(image), bits.astype(np.uint16)


def _picture(path: Path) -> Image.Image:
    """A picture without transparency."""
    if not path.exists():
        what, other = ("mask", "image") if path.parent.name == MASKS else ("image", "mask")
        raise FileNotFoundError(f"The {what} {path} is missing beside its {other}; download or render it again.")
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError) as error:  # PIL's SyntaxError is a broken PNG
        raise ValueError(f"{path} is not a whole picture ({error}); download or render it again.") from error


def _said(picture: Image.Image) -> str:
    return f"{picture.size[0]} × {picture.size[1]}"


def _objects_shown(folder: Path, record: Record, mask: np.ndarray) -> np.ndarray:
    """Position of the object that each pixel of a mask shows, -1 for none: that of the nearest colour."""
    flat = mask.reshape(-1, 3)
    codes, of_pixel = np.unique(flat.astype(np.int64) @ [1 << 16, 1 << 8, 1], return_inverse=True)
    found = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    is_background = (found == MASK_BACKGROUND).all(axis=1)
    colors = np.array([thing.mask_color for thing in record.objects])
    distance = np.linalg.norm(to_linear(found)[:, None] - colors[None], axis=2)
    position = np.where(is_background, -1, distance.argmin(axis=1))
    strange = ~is_background & (distance.min(axis=1) > NEAR)
    if strange.any():
        raise ValueError(
            f"The mask of {record.name} in {folder} has the colour {tuple(found[strange][0].tolist())}, "
            f"which no object of the scene has; is it another scene's mask?"
        )
    absent = sorted(set(range(len(colors))) - set(position.tolist()))
    if absent:
        raise ValueError(
            f"The mask of {record.name} in {folder} shows nothing of object {absent[0]}; is it another scene's mask?"
        )
    return position[of_pixel].reshape(mask.shape[:2])


def _resized(layer: np.ndarray, size: int) -> np.ndarray:
    """A mask at another size, by CLEVR-XAI's rule."""
    picture = Image.fromarray(layer.astype(np.float32))
    return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR)) > 0
