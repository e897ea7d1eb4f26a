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
from benchmarks.scenes.segments import add_segments, segments_cell
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

FOLDER = Path("output/scenes")
"""Where `make scenes` renders; other kinds of scenes are in folders beside it."""

PARTS = ("maps", "segments", "shift", "cost")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of scenes; the part cost needs none")
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
    parser.add_argument("--shifted", type=Path, nargs="*", help="folders of other scenes; by default FOLDER-*")
    parser.add_argument("--cost-sizes", type=int, nargs="+", default=[128, 224])
    parser.add_argument("--cost-images", type=int, default=48)
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    parts, output = options["parts"], options["output"]
    started = time.perf_counter()
    result: dict[str, Any] = {"machine": machine(), "networks": [], "maps": [], "segments": [], "shift": [], "cost": []}
    wanted = [(task, seed) for task in options["tasks"] for seed in _seeds(options, task)]
    try:
        cells = _cells(options)
        if set(parts) - {"cost"}:
            _train(cells, wanted)
        result |= _found(cells, wanted, options)
    except (ValueError, OSError) as error:
        if parts != ["cost"]:  # which needs no scenes
            raise SystemExit(str(error)) from error
    result["cost"] = _cost(options)
    result["seconds_of_this_run"] = round(time.perf_counter() - started)
    page.write(output, result)
    print(f"written to {output / 'scenes.md'}")


def _cells(options: dict[str, Any]) -> Cells:
    """Where networks and maps are saved, with what they depend on."""
    training = Settings(
        epochs=options["epochs"],
        width=options["width"],
        weights=None if options["weights"] is None else str(options["weights"]),
    )
    names = ("size", "least_accuracy", "images", "background", "steps")
    rest = {name: options[name] for name in names}
    cells = Cells(
        options["output"] / "scenes.cells", {"folder": str(options["folder"]), "training": asdict(training)} | rest
    )
    cells.settings["scenes"] = digest(read(cells, next(iter(TASKS))))
    return cells


def _train(cells: Cells, wanted: list[tuple[str, int]]) -> None:
    """Train the networks that are not saved yet, one after the other, on all cores."""
    for task, seed in wanted:
        if not cells.read(f"network-{task}-{seed}"):
            add_network(cells, task, seed)


def _found(cells: Cells, wanted: list[tuple[str, int]], options: dict[str, Any]) -> dict[str, Any]:
    """Networks and what is known of them: parts that are asked for are computed, others may be saved."""
    networks = _saved(cells, [f"network-{task}-{seed}" for task, seed in wanted])
    learned = [(cell["task"], cell["seed"]) for cell in networks if cell["learned"]]
    maps = {maps_cell(task, seed, group): (task, seed, group) for task, seed in learned for group in GROUPS}
    segments = {segments_cell(task, seed): (task, seed) for task, seed in learned}
    folders = _shifted(options)
    shift = {shift_cell(task, seed): (task, seed, folders) for task, seed in learned if folders}
    if "maps" in options["parts"]:
        run_missing(cells, add_maps, maps, options["jobs"], "maps")
    if "segments" in options["parts"]:
        run_missing(cells, add_segments, segments, options["jobs"], "segments")
    if "shift" in options["parts"]:
        run_missing(
            cells, add_shift, shift, options["jobs"], "shift", lambda cell: bool(cell) and not missing(cell, folders)
        )
    return {
        "networks": networks,
        "settings": _published(cells.settings),
        "maps": _saved(cells, list(maps)),
        "segments": _saved(cells, list(segments)),
        "shift": _saved(cells, list(shift)),
    }


def _saved(cells: Cells, names: list[str]) -> list[dict[str, Any]]:
    return [cell for name in names if (cell := cells.read(name))]


def _shifted(options: dict[str, Any]) -> list[str]:
    """Folders of scenes of other kinds: those given, or those beside the study's folder that are called after it."""
    folder = options["folder"]
    beside = sorted(folder.parent.glob(f"{folder.name}-*"))
    return [str(other) for other in (beside if options["shifted"] is None else options["shifted"])]


def _published(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without the places of files."""
    training = settings["training"]
    weights = None if training["weights"] is None else Path(training["weights"]).name
    rest = {name: value for name, value in settings.items() if name != "folder"}
    return rest | {"training": training | {"weights": weights}}


def _seeds(options: dict[str, Any], task: str) -> range:
    n = options["seeds"] if task == options["tasks"][0] else options["other_seeds"]
    return range(options["first_seed"], options["first_seed"] + n)


def _cost(options: dict[str, Any]) -> list[dict[str, Any]]:
    """Costs, which need no scenes."""
    cells = Cells(options["output"] / "scenes.cells", {"images": options["cost_images"], "width": options["width"]})
    calls = {cost_cell(size, step): (size, step) for size in options["cost_sizes"] for step in STEPS}
    if "cost" in options["parts"]:
        run_missing(cells, add_cost, calls, 1, "cost")  # one at a time: these are times
    return _saved(cells, list(calls))
