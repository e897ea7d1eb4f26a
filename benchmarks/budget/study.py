"""Error against model evaluations: the look-up, its refinement, permutation sampling, KernelSHAP and shapiq's samplers.

A cell is one family and one seed. Each is saved under OUTPUT/budget.cells when it is done; a stopped run resumes there.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import KernelShap, NetworkShapley
from agop_tabular.models.rows import take_rows
from benchmarks.budget import coalitions, page
from benchmarks.shared import families
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.measure import timed
from benchmarks.shared.options import add_jobs, add_output, add_seeds
from benchmarks.shared.scores import centred

FIRST_SEED = 9100
"""Seeds below were used by another study, or while the methods were chosen."""

FAMILIES = ("sparse-nonlinear", "interaction", "switched", "random", "three-way", "adult", "credit-default")
PAIRS = (1, 2, 4, 8, 16, 32, 64, 128)
BACKGROUNDS = (10, 50)
"""Background rows of shap's KernelSHAP; those with the lower mean error at a budget count, which favours KernelSHAP."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=list(FAMILIES))
    add_seeds(parser, 3, FIRST_SEED)
    add_jobs(parser)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--permutations", type=int, default=10_000, help="for the network's own Shapley values")
    parser.add_argument("--pairs", nargs="+", type=int, default=list(PAIRS))
    add_output(parser)


def run(**options: Any) -> None:
    rows, permutations, pairs = options["rows"], options["permutations"], options["pairs"]
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    settings = {"rows": rows, "permutations": permutations, "pairs": pairs}
    cells = Cells(options["output"] / "budget.cells", settings, "budget")
    calls = {
        f"{family}-{seed}": (family, seed, rows, permutations, pairs)
        for seed in seeds
        for family in options["families"]
    }
    started = time.perf_counter()
    computed = run_missing(cells, compute_cell, calls, options["jobs"])
    result = {
        "machine": machine(),
        "settings": settings | {"families": options["families"], "seeds": list(seeds)},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": computed,
    }
    page.write(options["output"], result, [cells.read(name) for name in calls])
    print(f"written to {options['output'] / 'budget.md'}")


def compute_cell(cells: Cells, family: str, seed: int, n: int, permutations: int, pairs: list[int]) -> None:
    """Train a network and save each method's mean relative error at each budget."""
    warnings.simplefilter("ignore")
    trained = families.train(family, seed)
    model, train = trained.model, trained.train
    rows = take_rows(trained.test, slice(0, n))
    labels = model.predict(rows)
    target = np.searchsorted(model.classes_, labels)
    own = centred(NetworkShapley(n_permutations=permutations)(model, rows, "all", train, seed), target)
    sampler = NetworkShapley().fit(model, train, seed + 1)
    explainer = AGOPExplainer(model, random_state=seed, gate=None)
    fit_seconds, d = timed(lambda: explainer.fit(train)), rows.shape[1]

    def error(values: Any) -> float:
        off = np.linalg.norm(np.asarray(values, dtype=float) - own, axis=1)
        return float((off / np.linalg.norm(own, axis=1).clip(1e-12)).mean())

    def of_baseline(baseline: Callable[..., np.ndarray]) -> float:
        return error(centred(baseline(model, rows, "all", train, seed + 1), target))

    of_look_up = {"method": "look-up", "pairs": 0, "evaluations": 1, "error": error(explainer.explain(rows, labels))}
    records = [of_look_up | {"seconds": timed(lambda: explainer.explain(rows, labels)) / n}]
    for k in pairs:
        budget = {"pairs": k, "evaluations": 2 * k * (d + 1)}
        explainer.set_params(refine=k)
        records.append({"method": "refined"} | budget | {"error": error(explainer.explain(rows, labels))})
        start = time.perf_counter()
        sampled = of_baseline(NetworkShapley(n_permutations=2 * k))
        seconds = (time.perf_counter() - start) / n
        records.append({"method": "permutations"} | budget | {"error": sampled, "seconds": seconds})
        for n_background, l1_reg in itertools.product(BACKGROUNDS, (False, "num_features(10)")):
            n_samples = budget["evaluations"] // n_background
            if n_samples >= d + 2:  # fewer coalitions than unknowns leave its regression undetermined
                kernel = of_baseline(KernelShap(n_background=n_background, n_samples=n_samples, l1_reg=l1_reg))
                how = {"method": "KernelSHAP", "background": f"{n_background}, {l1_reg}"}
                records.append(how | budget | {"error": kernel})
        for name in (*coalitions.SAMPLERS, coalitions.NOISY):
            for n_background in coalitions.BACKGROUNDS if name in coalitions.SAMPLERS else (coalitions.FRESH,):
                values = coalitions.sampled(name, sampler, rows, target, budget["evaluations"], n_background, seed + 1)
                if values is not None:
                    records.append({"method": name, "background": n_background} | budget | {"error": error(values)})
    cells.write(
        f"{family}-{seed}",
        {"family": family, "seed": seed, "columns": d, "fit_seconds": fit_seconds, "errors": records},
    )
