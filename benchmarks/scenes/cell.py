"""The cells of the study: a network, the maps of a group of methods on it, and its maps of shifted scenes."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scenes import maps
from benchmarks.scenes.scoring import DIGITS, SHOWN, drawn, masks_of, scores_of
from benchmarks.scenes.tasks import TaskScenes, read_task
from benchmarks.scenes.training import Settings, Trained, at_input, scores, trained
from benchmarks.shared.cells import Cells

PARTS = ("train", "validation", "test")


def read(cells: Cells, task: str, folder: str | None = None) -> TaskScenes:
    """The scenes of the study, or of another folder, at the study's size."""
    return read_task(Path(folder or cells.settings["folder"]), task, cells.settings["size"])


def network(cells: Cells, data: TaskScenes, seed: int, say: Any = lambda _: None) -> Trained:
    """The network of a task and seed, trained as far as it is not yet."""
    settings = Settings(**cells.settings["training"])
    return trained(data, settings, seed, cells.folder / f"{data.task}-{seed}.pt", say)


def add_network(cells: Cells, task: str, seed: int) -> None:
    """Train a network, measure its accuracy, and save."""
    data = read(cells, task)
    found = network(cells, data, seed, lambda line: print(f"{task}, seed {seed}: {line}", flush=True))
    accuracy, sizes = {}, {}
    for name in PARTS:
        part = data.part(name)
        accuracy[name], sizes[name] = float(predicted_right(found, part).mean()), len(part)
    test = data.part("test").y
    cell = {
        "task": task,
        "seed": seed,
        "classes": list(data.classes),
        "accuracy": accuracy,
        "scenes": sizes,
        "majority": float(np.bincount(test).max() / len(test)),
        "learned": bool(accuracy["test"] >= max(cells.settings["least_accuracy"], 1 / len(test))),
        "history": found.history,
        "seconds": round(found.seconds),
        "pixels": list(data.images.shape[1:3]),
    }
    cells.write(f"network-{task}-{seed}", cell)


def predicted_right(found: Trained, data: TaskScenes) -> np.ndarray:
    """Whether each scene is classified correctly."""
    return scores(found.module, at_input(data.images)).argmax(axis=1) == data.y


def explained_of(cells: Cells, found: Trained, train: TaskScenes, chosen: TaskScenes, seed: int) -> maps.Explained:
    """Chosen scenes as they are explained, with the training scenes that methods are fitted on."""
    background = train.part("train").take(np.arange(len(train.part("train")))[: cells.settings["background"]])
    images = at_input(chosen.images)
    target = scores(found.module, images).argmax(axis=1)
    steps = cells.settings["steps"]
    return maps.Explained(found.module, at_input(background.images), background.y, images, target, seed, steps)


def add_maps(cells: Cells, task: str, seed: int, group: str) -> None:
    """Score the maps of a group of methods on correctly classified test scenes, and save."""
    warnings.simplefilter("ignore")
    data = read(cells, task)
    found, test = network(cells, data, seed), data.part("test")
    chosen = test.take(np.flatnonzero(predicted_right(found, test))[: cells.settings["images"]])
    e, masks = explained_of(cells, found, data, chosen, seed), masks_of(chosen)
    methods, shown, seconds = {}, {}, {}
    started = time.perf_counter()
    for name, values in maps.GROUPS[group](e):
        seconds[name] = round(time.perf_counter() - started, 2)
        methods[name], shown[name] = scores_of(values, masks, seed), drawn(values)
        started = time.perf_counter()
    cell = {
        "task": task,
        "seed": seed,
        "scenes": [record.name for record in chosen.scenes.records],
        "methods": methods,
        "shown": shown,
        "seconds": seconds,
    }
    if group == "controls":  # what the picture shows besides maps
        pictures = {"image": chosen.images[:SHOWN], **{name: mask[:SHOWN].astype(int) for name, mask in masks.items()}}
        cell["pictures"] = {name: values.tolist() for name, values in pictures.items()}
    cells.write(maps_cell(task, seed, group), cell)


def maps_cell(task: str, seed: int, group: str) -> str:
    """Name of a cell with maps."""
    return f"maps-{task}-{seed}-{group}"


def as_recorded(values: np.ndarray) -> list[float]:
    """Numbers with the decimals of a record."""
    return np.asarray(values, dtype=float).round(DIGITS).tolist()
