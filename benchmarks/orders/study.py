"""What is left of the default's error: effects of more columns than it looks up, or what its tables lose.

A cell is one family and one seed. Each is saved under OUTPUT/orders.cells when it is done; a stopped run resumes there.
"""

from __future__ import annotations

import argparse
import math
import warnings
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import numpy as np

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley
from agop_tabular.models.rows import spread_rows, take_rows
from benchmarks.budget.coalitions import Coalitions
from benchmarks.orders import page
from benchmarks.orders.exact_effects import coalitions_up_to, shapley_values_by_order, with_rest
from benchmarks.shared import families
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds
from benchmarks.shared.scores import centred, error_without_noise

FIRST_SEED = 9200
"""Seeds below were used by another study, or while the methods were chosen."""

SLOW = ("transformer",)
"""Families left out by default, since every coalition is evaluated on all background rows."""

ORDERS = (1, 2, 3)

MOST_COALITIONS = 5200
"""Coalitions of a row, at most: all up to three of 31 columns, and up to two of 100."""

EDGES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Quantiles between 13 groups."""

FINER: dict[str, dict[str, Any]] = {
    "more shuffled rows": {"agop_tabular.fitting.fit.ENOUGH": 0.01},
    "twice the bins": {"agop_tabular.effects.numeric_axes.BINS": 48},
    "more groups for pairs": {
        "agop_tabular.effects.numeric_axes.GROUP_EDGES": {math.inf: EDGES},
        "agop_tabular.effects.axes.GROUP_EDGES": {math.inf: EDGES},  # which has its own name for it
    },
    "nearly all pair effects": {
        "agop_tabular.effects.tables.RANK": 512,
        "agop_tabular.effects.tables.LOST": 1e-6,
        "agop_tabular.effects.tables.LOST_OF_ALL": 1e-6,
    },
}
"""Constants of the package that are replaced, one group after the other, then all: what each simplification costs."""

ALL = "all of these"


def add_options(parser: argparse.ArgumentParser) -> None:
    usual = [name for name in families.FAMILIES if name not in SLOW]
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=usual)
    add_seeds(parser, 1, FIRST_SEED)
    parser.add_argument("--rows", type=int, default=12, help="of each network")
    parser.add_argument("--background", type=int, default=500, help="rows that supply absent columns of exact effects")
    parser.add_argument("--permutations", type=int, default=4000, help="for the network's own Shapley values")
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("rows", "background", "permutations")}
    cells = Cells(options["output"] / "orders.cells", settings, "orders")
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    calls = {f"{family}-{seed}": (family, seed) for seed in seeds for family in options["families"]}
    run_missing(cells, compute_cell, calls, options["jobs"])
    records = [cells.read(name) for name in calls]
    page.write(options["output"], {"machine": machine(), "settings": settings, "networks": records})
    print(f"written to {options['output'] / 'orders.md'}")


def compute_cell(cells: Cells, family: str, seed: int) -> None:
    """Train a network, and save the errors of exact effects by order, and of the default as it is and finer."""
    warnings.simplefilter("ignore")
    trained = families.train(family, seed)
    rows = take_rows(trained.test, slice(0, cells.settings["rows"]))
    labels, target = trained.explained(rows)
    few = take_rows(trained.train, spread_rows(len(trained.train), cells.settings["background"]))
    by_order = exact_errors(trained, rows, target, few, cells.settings["permutations"], seed)
    halves = own_values(trained, rows, target, trained.train, cells.settings["permutations"], seed)
    tables = {"as it is": error_without_noise(_explained(trained, rows, labels), *halves)}
    for name in (*FINER, ALL):
        replaced = FINER.values() if name == ALL else [FINER[name]]
        with ExitStack() as stack:
            for constant, value in (item for part in replaced for item in part.items()):
                stack.enter_context(patch(constant, value))
            tables[name] = error_without_noise(_explained(trained, rows, labels), *halves)
    cells.write(
        f"{family}-{seed}",
        {
            "family": family,
            "kind": families.FAMILIES[family][0],
            "seed": seed,
            "columns": int(rows.shape[1]),
            "passed": trained.accuracy.passed,
            "orders": by_order,
            "tables": tables,
        },
    )


def exact_errors(
    trained: families.Trained, rows: Any, target: np.ndarray, background: Any, permutations: int, seed: int
) -> dict[str, float]:
    """Relative errors of Shapley values from exact effects, by the most columns of an effect."""
    network = NetworkShapley().fit(trained.model, background, seed)
    d, x = network.feature_map_.n_columns, network.adapter_.tensor(network.adapter_.encode(rows))
    order = max(k for k in ORDERS if k <= d and coalitions_up_to(d, k) <= MOST_COALITIONS)
    halves = own_values(trained, rows, target, background, permutations, seed)
    values = np.empty((order, len(x), d))
    for i in range(len(x)):
        game = Coalitions(network, x[i : i + 1], int(target[i]), len(background), seed)
        game.rows = np.arange(len(background))
        none, whole = game(np.array([[False] * d, [True] * d]))
        found = shapley_values_by_order(game, d, order)
        values[:, i] = [with_rest(own, float(whole - none)) for own in found]
    return {str(k): error_without_noise(values[k - 1], *halves) for k in range(1, order + 1)}


def own_values(
    trained: families.Trained, rows: Any, target: np.ndarray, background: Any, permutations: int, seed: int
) -> list[np.ndarray]:
    """Two independent samples of the network's own Shapley values (n, d)."""
    samplers = (
        NetworkShapley(n_permutations=permutations // 2).fit(trained.model, background, seed + i) for i in range(2)
    )
    return [centred(trained.all_scores(sampler.explain, rows), target) for sampler in samplers]


def _explained(trained: families.Trained, rows: Any, labels: Any) -> np.ndarray:
    explainer = AGOPExplainer(trained.model, gate=None, random_state=0).fit(trained.train)
    return np.asarray(explainer.explain(rows, labels), dtype=float)
