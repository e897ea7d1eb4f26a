"""Tasks on scenes: what is asked, of which object, and which scenes are for training.

The rule was fixed before anything was measured: a scene takes part if exactly one of its objects is large, and the
label is one property of that object, its *target*. The picture alone answers that, without a question in words, and the
pixels that matter are known: the target's mask. Scenes that are rendered here all have one large object; of
CLEVR-XAI's, in which sizes are drawn by a fair coin, about one in eight. The same scenes serve all tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from benchmarks.scenes.drawing import COLORS, MATERIALS
from benchmarks.scenes.geometry import SHAPES
from benchmarks.scenes.reader import Record, Scenes, read_records, read_scenes

TASKS = {"shape": SHAPES, "color": tuple(COLORS), "material": MATERIALS}
"""Classes of each task, by the property of the target that is its label."""

SPLIT = ("train",) * 7 + ("validation",) + ("test",) * 2
"""Part of a scene, by the last digit of the checksum of its name."""


@dataclass(frozen=True)
class TaskScenes:
    """Scenes with what is asked of them.

    Attributes
    ----------
    task : str
        A key of ``TASKS``.
    scenes : Scenes
    target : ndarray of int64 (n,)
        Position of the target among the objects of each scene.
    y : ndarray of int64 (n,)
        Label: a position in ``classes``.
    split : ndarray of str (n,)
        "train", "validation" or "test".
    """

    task: str
    scenes: Scenes
    target: np.ndarray
    y: np.ndarray
    split: np.ndarray

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the labels."""
        return TASKS[self.task]

    @property
    def images(self) -> np.ndarray:
        """Pictures (n, height, width, 3), uint8."""
        return self.scenes.images

    def __len__(self) -> int:
        return len(self.scenes)

    def target_masks(self) -> np.ndarray:
        """CLEVR-XAI's "GT Single Object": pixels of the target, bool (n, height, width)."""
        return self.scenes.mask_of(self.target)

    def object_masks(self) -> np.ndarray:
        """CLEVR-XAI's "GT All Objects": pixels of any object, bool (n, height, width)."""
        return self.scenes.mask_of_all()

    def take(self, rows: np.ndarray) -> TaskScenes:
        """Some of the scenes.

        Parameters
        ----------
        rows : ndarray of int, or of bool (n,)

        Returns
        -------
        TaskScenes
        """
        return TaskScenes(self.task, self.scenes.take(rows), self.target[rows], self.y[rows], self.split[rows])

    def part(self, name: str) -> TaskScenes:
        """Scenes of one part.

        Parameters
        ----------
        name : str
            "train", "validation" or "test".

        Returns
        -------
        TaskScenes
        """
        return self.take(self.split == name)


def target_of(record: Record) -> int | None:
    """Position of the only large object.

    Parameters
    ----------
    record : Record

    Returns
    -------
    int or None
        None if no object is large, or several are.
    """
    large = [k for k, thing in enumerate(record.objects) if thing.size == "large"]
    return large[0] if len(large) == 1 else None


def split_of(name: str) -> str:
    """Part that a scene belongs to, by its name alone: the same in every subset of a folder.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        "train" (seven in ten), "validation" (one) or "test" (two).
    """
    return SPLIT[crc32(name.encode()) % len(SPLIT)]


def read_task(folder: Path, task: str, size: int | None = None, at_most: int | None = None) -> TaskScenes:
    """Read the scenes of a folder that have a target.

    Parameters
    ----------
    folder : Path
    task : str
        A key of ``TASKS``.
    size : int, optional
        Pixels along each side; by default the size that the pictures have.
    at_most : int, optional
        Take the first scenes only; by default all.

    Returns
    -------
    TaskScenes

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`~benchmarks.scenes.reader.read_records` and :func:`~benchmarks.scenes.reader.read_scenes`; if no scene
        has a target, or a target's property is not among the task's classes.
    """
    if task not in TASKS:
        raise ValueError(f"There is no task {task!r}; choose one of {', '.join(TASKS)}.")
    records = [record for record in read_records(folder) if target_of(record) is not None][:at_most]
    if not records:
        raise ValueError(f"No scene of {folder} has exactly one large object, which the tasks are about.")
    target = np.array([target_of(record) for record in records], dtype=np.int64)
    values = [getattr(record.objects[k], task) for record, k in zip(records, target, strict=True)]
    strange = sorted(set(values) - set(TASKS[task]))
    if strange:
        raise ValueError(f"The {task} {strange[0]!r} in {folder} is none of {', '.join(TASKS[task])}.")
    y = np.array([TASKS[task].index(value) for value in values], dtype=np.int64)
    split = np.array([split_of(record.name) for record in records])
    return TaskScenes(task, read_scenes(folder, records, size), target, y, split)
