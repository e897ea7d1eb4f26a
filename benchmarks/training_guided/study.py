"""Attribution by what training did to a column's weights, beside methods that look at the trained network only."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds
from benchmarks.training_guided import page
from benchmarks.training_guided.ansatz import add_ansatz_cell, ansatz_calls
from benchmarks.training_guided.cell import add_cell, has_controls
from benchmarks.training_guided.problems import CANVASES, REGIONS

TABLES = ("linear", "sparse-nonlinear", "interaction", "switched")
"""Synthetic tables with exact truth."""

FIRST_SEED = 7000
"""Of networks that nothing was chosen on."""


def add_options(parser: argparse.ArgumentParser) -> None:
    every = [*TABLES, *REGIONS]
    parser.add_argument("--problems", nargs="+", choices=every, default=every)
    add_seeds(parser, 10, FIRST_SEED, "networks of each problem")
    parser.add_argument("--train-rows", type=int, default=6000, help="of the synthetic tables")
    parser.add_argument("--permutations", type=int, default=100, help="for the network's own Shapley values")
    parser.add_argument("--agop-rows", type=int, default=300, help="that the default is fitted to, of many columns")
    parser.add_argument("--epochs", type=int, default=60, help="at most, where a region is known")
    parser.add_argument("--canvas-seeds", type=int, default=10, help="networks of each problem on a canvas")
    parser.add_argument("--ansatz-seeds", type=int, default=2, help="networks of each kind for the feature ansatz")
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("train_rows", "permutations", "epochs", "agop_rows")}
    cells = Cells(options["output"] / "training-guided.cells", settings, "training-guided")
    first = options["first_seed"]
    counts = {p: options["canvas_seeds" if p in CANVASES else "seeds"] for p in options["problems"]}
    calls = {f"{p}-{seed}": (p, seed) for p, n in counts.items() for seed in range(first, first + n)}
    regions = {name: call for name, call in calls.items() if call[0] in REGIONS}
    tables = {name: call for name, call in calls.items() if call[0] not in REGIONS}
    run_missing(cells, add_cell, tables, options["jobs"], "networks of tables")
    run_missing(cells, add_cell, regions, options["jobs"], "networks of regions", has_controls)
    ansatz = ansatz_calls(range(first, first + options["ansatz_seeds"]))
    run_missing(cells, add_ansatz_cell, ansatz, options["jobs"], "networks of the ansatz")
    result = {
        "machine": machine(),
        "settings": settings,
        "networks": [{"problem": problem, "seed": seed, **cells.read(name)} for name, (problem, seed) in calls.items()],
        "ansatz": [cells.read(name) for name in ansatz],
    }
    page.write(options["output"], result, first)
    print(f"written to {options['output'] / 'training-guided.md'}")
