"""Importances: shares in the variance of all effects, beside diag M and permutation importance."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.importance import page
from benchmarks.importance.cell import add_cell
from benchmarks.shared import families
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds

FAMILIES = (
    "linear",
    "sparse-nonlinear",
    "interaction",
    "switched",
    "correlated",
    "random",
    "three-way",
    "categorical",
    "adult",
    "credit-default",
    "wine",
    "breast-cancer",
    "regression",
)

FIRST_SEED = 5000
"""Of networks that nothing was chosen on."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=list(FAMILIES))
    add_seeds(parser, 2, FIRST_SEED, "networks of each family")
    parser.add_argument("--repeats", type=int, default=5, help="of each column's permutation")
    parser.add_argument("--refits", type=int, default=5, help="whose mean the intervals should have")
    parser.add_argument("--least", type=float, default=0.002, help="importance from which intervals are judged")
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("repeats", "refits", "least")}
    cells = Cells(options["output"] / "importance.cells", settings, "importance")
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    calls = {f"{family}-{seed}": (family, seed) for family in options["families"] for seed in seeds}
    run_missing(cells, add_cell, calls, options["jobs"])
    records = [{"family": family, "seed": seed, **cells.read(name)} for name, (family, seed) in calls.items()]
    page.write(options["output"], {"machine": machine(), "settings": settings, "networks": records})
    print(f"written to {options['output'] / 'importance.md'}")
