"""Segments: objects found by maps alone, and by a graph cut that starts from them (Simonyan and others, 2014)."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.segments import page
from benchmarks.segments.cell import add_cell
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds

FIRST_SEED = 6000
"""Of pictures and networks that nothing was chosen on."""


def add_options(parser: argparse.ArgumentParser) -> None:
    add_seeds(parser, 2, FIRST_SEED, "networks, each with pictures of its own")
    parser.add_argument("--train", type=int, default=3000, help="training pictures")
    parser.add_argument("--test", type=int, default=100, help="test pictures")
    parser.add_argument("--epochs", type=int, default=12)
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("train", "test", "epochs")}
    cells = Cells(options["output"] / "segments.cells", settings, "segments")
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    run_missing(cells, add_cell, {f"{seed}": (seed,) for seed in seeds}, options["jobs"])
    records = [{"seed": seed, **cells.read(f"{seed}")} for seed in seeds]
    page.write(options["output"], {"machine": machine(), "settings": settings, "networks": records})
    print(f"written to {options['output'] / 'segments.md'}")
