"""Objects cut out of scenes by maps, beside those that thresholds of the same maps find."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from benchmarks.scenes import maps
from benchmarks.scenes.cell import explained_of, network, predicted_right, read
from benchmarks.scenes.pooling import POOLINGS, USUAL
from benchmarks.shared.cells import Cells
from benchmarks.shared.segments import both_ways

SEGMENTED = 60
"""Scenes that are segmented, and training scenes that thresholds are chosen on, at most: a graph cut takes a second."""


def add_segments(cells: Cells, task: str, seed: int) -> None:
    """Score both ways of finding the object that is asked about, in correctly classified test scenes, and save."""
    warnings.simplefilter("ignore")
    data = read(cells, task)
    found, test, train = network(cells, data, seed), data.part("test"), data.part("train")
    n = min(SEGMENTED, cells.settings["images"])
    chosen, tuning = test.take(np.flatnonzero(predicted_right(found, test))[:n]), train.take(np.arange(len(train))[:n])
    of_training = dict(seeds(explained_of(cells, found, data, tuning, seed)))
    methods = {
        name: both_ways(
            chosen.images.transpose(0, 3, 1, 2), a, chosen.target_masks(), of_training[name], tuning.target_masks()
        )
        for name, a in seeds(explained_of(cells, found, data, chosen, seed))
    }
    cells.write(segments_cell(task, seed), {"task": task, "seed": seed, "scenes": len(chosen), "methods": methods})


def seeds(e: maps.Explained) -> Iterator[tuple[str, np.ndarray]]:
    """Name, and maps (n, height, width), of methods of up to twenty gradients an image, and of controls."""
    for group in (maps.agop_maps, maps.black_maps, maps.cam_maps, maps.controls):
        for name, values in group(e):
            if "one class" not in name:
                yield name, POOLINGS[USUAL](np.asarray(values, dtype=float))


def segments_cell(task: str, seed: int) -> str:
    """Name of a cell with segments."""
    return f"segments-{task}-{seed}"
