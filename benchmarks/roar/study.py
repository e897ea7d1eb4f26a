"""ROAR: what a retrained network loses without the columns that a method ranks first, on Adult and Credit Default.

Rankings and retrainings are saved under OUTPUT/roar.cells when they are done; a stopped run resumes there.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.evaluation import Retrainings, roar
from agop_tabular.evaluation.roar import removals
from benchmarks.roar import page
from benchmarks.roar.by_row import compute_by_row
from benchmarks.roar.data import DATA, load
from benchmarks.roar.model import Maker, scores
from benchmarks.roar.rankings import METHODS, compute_rankings
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output

RANDOM_SEED = 1000
"""Seed of the first random ranking."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=5, help="of rankings: network and explainer are fitted anew")
    parser.add_argument("--retrainings", type=int, default=2, help="at each point of a ranking's curve")
    parser.add_argument("--random", type=int, default=20, help="random rankings")
    parser.add_argument("--train-rows", type=int, default=None, help="all by default")
    parser.add_argument("--test-rows", type=int, default=None, help="all by default")
    parser.add_argument("--ranking-rows", type=int, default=500, help="training rows that are attributed for a ranking")
    parser.add_argument("--epochs", type=int, default=3)
    add_jobs(parser, "retrainings")
    add_output(parser)


@dataclass(frozen=True)
class Ranking:
    """A method's order of the columns, most important first.

    Attributes
    ----------
    seed : int
        Of the network and the explainer.
    """

    method: str
    seed: int
    order: list[str]


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("train_rows", "test_rows", "ranking_rows", "epochs")}
    cells = Cells(options["output"] / "roar.cells", settings, "roar")
    started = time.perf_counter()
    found = {name: study_table(name, cells, options) for name in options["data"]}
    result = {
        "machine": machine(),
        "settings": settings | {k: options[k] for k in ("data", "methods", "seeds", "retrainings", "random")},
        "seconds_of_this_run": round(time.perf_counter() - started),
    }
    page.write(options["output"], result, found)
    print(f"written to {options['output'] / 'roar.md'}")


def study_table(name: str, cells: Cells, options: dict[str, Any]) -> page.TableResult:
    """Rankings, curves and removal by row on one table."""
    seeds, jobs, methods = range(options["seeds"]), options["jobs"], options["methods"]
    calls = {f"{name}-{seed}": (name, seed, options) for seed in seeds}
    run_missing(
        cells,
        compute_rankings,
        calls,
        jobs,
        what=f"{name}, rankings",
        is_done=lambda cell: set(methods) <= set(cell.get("orders", {})),
    )
    train, test = load(name, options["train_rows"], options["test_rows"])
    rankings = [
        Ranking(method, seed, cells.read(f"{name}-{seed}")["orders"][method]) for seed in seeds for method in methods
    ]
    rankings += random_rankings(list(train[0].columns), options["random"])
    stem = f"retrainings-{name}-{options['train_rows']}-{options['test_rows']}-{options['epochs']}"
    maker = Maker(options["epochs"])
    retrainings = Retrainings(maker, train, test, score=scores, folder=cells.folder, name=stem)
    curves = retrained_curves(retrainings, rankings, options, name)
    run_missing(
        cells,
        compute_by_row,
        calls,
        jobs,
        what=f"{name}, removal by row",
        is_done=lambda cell: bool(cell.get("by_row")),
    )
    by_row = [{"seed": seed} | record for seed in seeds for record in cells.read(f"{name}-{seed}")["by_row"]]
    return page.TableResult(pd.DataFrame(map(vars, rankings)), curves, pd.DataFrame(by_row))


def random_rankings(columns: list[str], n: int) -> list[Ranking]:
    """Random orders of the columns."""
    return [
        Ranking("random", i, np.random.RandomState(RANDOM_SEED + i).permutation(columns).tolist()) for i in range(n)
    ]


def retrained_curves(
    retrainings: Retrainings, rankings: list[Ranking], options: dict[str, Any], name: str
) -> pd.DataFrame:
    """Scores after retraining without, and with only, the first k columns of each ranking."""
    seeds = [retraining_seeds(ranking, options["retrainings"], options["seeds"]) for ranking in rankings]
    keys = [
        retrainings.key(removed, seed)
        for ranking, of_ranking in zip(rankings, seeds, strict=True)
        for keep in (False, True)
        for removed in removals(ranking.order, keep=keep)
        for seed in of_ranking
    ]
    print(f"{name}: {len(set(keys))} different retrainings", flush=True)
    retrainings.compute(keys, options["jobs"], verbose=1)
    curves = [
        roar(retrainings, ranking.order, seeds=of_ranking, keep=keep)
        .reset_index()
        .assign(method=ranking.method, seed=ranking.seed, curve="keep" if keep else "remove")
        for ranking, of_ranking in zip(rankings, seeds, strict=True)
        for keep in (False, True)
    ]
    return pd.concat(curves, ignore_index=True)


def retraining_seeds(ranking: Ranking, n: int, n_ranking_seeds: int) -> list[int]:
    """Seeds of a ranking's retrainings: the same for all methods, different for each ranking seed."""
    first = ranking.seed % n_ranking_seeds
    return [100 * first + i for i in range(n)]
