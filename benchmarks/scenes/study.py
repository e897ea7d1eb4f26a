"""Maps of rendered scenes against the object that is asked about: AGOP as Explanation on CLEVR, with ResNet-18.

Needs a folder of scenes: rendered by `make scenes`, or CLEVR-XAI's. Networks are saved after every epoch, and maps of
each group of methods when they are done, under OUTPUT/scenes.cells; a stopped run resumes there.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.scenes import page
from benchmarks.scenes.cell import add_maps, add_network, maps_cell, read
from benchmarks.scenes.cost import STEPS, add_cost, cost_cell
from benchmarks.scenes.maps import GROUPS
from benchmarks.scenes.path_methods import STEPS as PATH_STEPS
from benchmarks.scenes.resnet import WIDTH
from benchmarks.scenes.shift import add_shift, missing, shift_cell
from benchmarks.scenes.tasks import TASKS
from benchmarks.scenes.training import Settings, digest
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output

FIRST_SEED = 7000
"""Of networks that nothing was chosen on."""

LEARNED = 0.8
"""Accuracy on test scenes that a network must have for its maps to be looked at, as in the study of small images."""

PARTS = ("maps", "shift", "cost")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, help="of scenes; needed for all parts but cost")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=3, help="networks of the first task")
    parser.add_argument("--other-seeds", type=int, default=1, help="networks of each other task")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--size", type=int, help="pixels along each side; by default those of the scenes")
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--width", type=int, default=WIDTH, help="of the network; 64 as published")
    parser.add_argument("--weights", type=Path, help="a state dict of torchvision's resnet18 to start from")
    parser.add_argument("--least-accuracy", type=float, default=LEARNED, help="of networks that are explained")
    parser.add_argument("--images", type=int, default=200, help="scenes that are explained, at most")
    parser.add_argument("--background", type=int, default=1000, help="training scenes that M sums, at most")
    parser.add_argument("--steps", type=int, default=PATH_STEPS, help="of Guided and Spectral IG")
    parser.add_argument("--shifted", type=Path, nargs="*", default=[], help="folders of scenes of other kinds")
    parser.add_argument("--cost-sizes", type=int, nargs="+", default=[128, 224])
    parser.add_argument("--cost-images", type=int, default=32)
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    parts, output, jobs = options["parts"], options["output"], options["jobs"]
    started = time.perf_counter()
    result: dict[str, Any] = {"machine": machine(), "networks": [], "maps": [], "shift": [], "cost": []}
    if set(parts) & {"maps", "shift"}:
        wanted = [(task, seed) for task in options["tasks"] for seed in _seeds(options, task)]
        try:
            cells = _networks(options, wanted)
        except (ValueError, OSError) as error:
            raise SystemExit(str(error)) from error
        result["networks"] = [cells.read(f"network-{task}-{seed}") for task, seed in wanted]
        learned = [pair for pair, cell in zip(wanted, result["networks"], strict=True) if cell["learned"]]
        result["settings"] = _published(cells.settings)
        if "maps" in parts:
            result["maps"] = _maps(cells, learned, jobs)
        if "shift" in parts and options["shifted"]:
            result["shift"] = _shift(cells, learned, [str(folder) for folder in options["shifted"]], jobs)
    if "cost" in parts:
        result["cost"] = _cost(options)
    result["seconds_of_this_run"] = round(time.perf_counter() - started)
    page.write(output, result)
    print(f"written to {output / 'scenes.md'}")


def _networks(options: dict[str, Any], wanted: list[tuple[str, int]]) -> Cells:
    """Train the networks that are not saved yet; where they are, with what they and their maps depend on."""
    if options["folder"] is None:
        raise ValueError("Give --folder, the scenes to work on: `make scenes` renders some.")
    training = Settings(
        epochs=options["epochs"],
        width=options["width"],
        weights=None if options["weights"] is None else str(options["weights"]),
    )
    names = ("size", "least_accuracy", "images", "background", "steps")
    settings = {"folder": str(options["folder"]), "training": asdict(training)} | {
        name: options[name] for name in names
    }
    cells = Cells(options["output"] / "scenes.cells", settings)
    cells.settings["scenes"] = digest(read(cells, next(iter(TASKS))))
    for task, seed in wanted:  # one after the other, on all cores
        if not cells.read(f"network-{task}-{seed}"):
            add_network(cells, task, seed)
    return cells


def _published(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without the places of files."""
    training = settings["training"]
    weights = None if training["weights"] is None else Path(training["weights"]).name
    rest = {name: value for name, value in settings.items() if name != "folder"}
    return rest | {"training": training | {"weights": weights}}


def _seeds(options: dict[str, Any], task: str) -> range:
    n = options["seeds"] if task == options["tasks"][0] else options["other_seeds"]
    return range(options["first_seed"], options["first_seed"] + n)


def _maps(cells: Cells, learned: list[tuple[str, int]], jobs: int) -> list[dict[str, Any]]:
    calls = {maps_cell(task, seed, group): (task, seed, group) for task, seed in learned for group in GROUPS}
    run_missing(cells, add_maps, calls, jobs, "maps")
    return [cells.read(name) for name in calls]


def _shift(cells: Cells, learned: list[tuple[str, int]], folders: list[str], jobs: int) -> list[dict[str, Any]]:
    calls = {shift_cell(task, seed): (task, seed, folders) for task, seed in learned}
    run_missing(cells, add_shift, calls, jobs, "shift", lambda cell: bool(cell) and not missing(cell, folders))
    return [cells.read(name) for name in calls]


def _cost(options: dict[str, Any]) -> list[dict[str, Any]]:
    cells = Cells(options["output"] / "scenes.cells", {"images": options["cost_images"], "width": options["width"]})
    calls = {cost_cell(size, step): (size, step) for size in options["cost_sizes"] for step in STEPS}
    run_missing(cells, add_cost, calls, 1, "cost")  # one at a time: these are times
    return [cells.read(name) for name in calls]
