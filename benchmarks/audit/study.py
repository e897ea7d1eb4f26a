"""Audits: whether their figures are those of fresh rows, and errors of fresh rows stay below the bounds."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.audit import page
from benchmarks.audit.cell import add_cell
from benchmarks.shared import families
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds

FIRST_SEED = 5000
"""Of networks that nothing was chosen on."""

FAMILIES = (
    *("linear", "sparse-nonlinear", "interaction", "varied", "switched", "correlated"),
    *("parity", "product-of-three", "correlated-products", "heavy-tails", "sentinels", "counts"),
    *("one-logit", "regression", "random", "three-way", "steps", "categorical", "adult", "credit-default"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=list(FAMILIES))
    add_seeds(parser, 3, FIRST_SEED, "networks of each family of development; of the fewer others twice as many")
    parser.add_argument("--fresh", type=int, default=200, help="fresh rows of each network, at most")
    parser.add_argument("--pairs", type=int, default=256, help="of permutations, for the Shapley values of fresh rows")
    parser.add_argument("--audits", type=int, default=3, help="of each network, of other rows")
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("fresh", "pairs", "audits")}
    cells = Cells(options["output"] / "audit.cells", settings, "audit")
    calls = {}
    for family in options["families"]:
        n = options["seeds"] * (1 if families.FAMILIES[family][0] in page.DEVELOPMENT else 2)
        first = options["first_seed"]
        calls |= {f"{family}-{seed}": (family, seed) for seed in range(first, first + n)}
    run_missing(cells, add_cell, calls, options["jobs"])
    records = [
        {"family": family, "kind": families.FAMILIES[family][0], "seed": seed, **cells.read(name)}
        for name, (family, seed) in calls.items()
    ]
    page.write(options["output"], {"machine": machine(), "settings": settings, "networks": records})
    print(f"written to {options['output'] / 'audit.md'}")
