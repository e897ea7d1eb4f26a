"""Maps of scenes that are unlike the training scenes, while the network and M stay."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from agop_tabular.evaluation import intersection_over_union
from benchmarks.scenes import maps
from benchmarks.scenes.activation_maps import activation_maps
from benchmarks.scenes.cell import as_recorded, explained_of, network, read
from benchmarks.scenes.pooling import POOLINGS, USUAL
from benchmarks.scenes.tasks import TaskScenes
from benchmarks.shared.cells import Cell, Cells

NONE = "none"
"""Name of the test scenes of the study's own folder, which nothing has shifted."""

WEIGHTED = "agop-weighted"


def add_shift(cells: Cells, task: str, seed: int, folders: list[str]) -> None:
    """Score maps of the test scenes, and of those of each other folder that the cell does not have yet, and save."""
    warnings.simplefilter("ignore")
    data, name = read(cells, task), shift_cell(task, seed)
    found, cell = network(cells, data, seed), cells.read(name) or {"task": task, "seed": seed, "sets": {}}
    fitted = None
    for folder in missing(cell, folders):
        others = data.part("test") if folder == NONE else read(cells, task, folder)
        e = explained_of(cells, found, data, others.take(np.arange(len(others))[: cells.settings["images"]]), seed)
        fitted = maps.sketched(e) if fitted is None else fitted
        cell["sets"][set_name(folder)] = scored(e, others, fitted)
        cells.write(name, cell)


def scored(e: maps.Explained, data: TaskScenes, fitted: Any) -> dict[str, Any]:
    """Of each image whether it is classified correctly, its support, and the IoU of its maps with the target.

    Methods of a single gradient, or none: the others take as long as the whole study does.
    """
    chosen = data.take(np.arange(len(e.images)))
    diagonal = maps.diagonal_of(fitted)
    found = {
        WEIGHTED: e.gradients * maps.relative(diagonal).astype(np.float32),
        maps.GRADIENT: e.gradients,
        "agop-global": np.broadcast_to(diagonal, e.images.shape),
        "input-x-gradient": e.gradients * e.images,
        "grad-cam": dict(activation_maps(e.module, e.images, e.target))["grad-cam"],
        "random": np.random.RandomState(e.seed).uniform(size=(len(e.images), 1, *e.images.shape[2:])),
    }
    masks = chosen.target_masks()
    iou = {
        name: intersection_over_union(POOLINGS[USUAL](np.asarray(values, dtype=float)), masks, e.seed)
        for name, values in found.items()
    }
    return {
        "correct": (e.target == chosen.y).tolist(),
        "support": as_recorded(fitted(e.images).support),
        "iou": {name: as_recorded(values) for name, values in iou.items()},
    }


def shift_cell(task: str, seed: int) -> str:
    """Name of a cell with shifted scenes."""
    return f"shift-{task}-{seed}"


def set_name(folder: str) -> str:
    """What the scenes of a folder are called."""
    return folder if folder == NONE else Path(folder).name


def missing(cell: Cell, folders: list[str]) -> list[str]:
    """The folders, and the test scenes, that a cell does not have yet."""
    return [folder for folder in (NONE, *folders) if set_name(folder) not in cell.get("sets", {})]
