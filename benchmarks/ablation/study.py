"""The default method on families of problems that it was not chosen on; its parts, its gate and its support.

A cell is one family and one seed. Each is saved under OUTPUT/ablation.cells when it is done; a stopped run resumes
there.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley
from agop_tabular.evaluation import cosine, relative_error
from agop_tabular.models.rows import take_rows
from benchmarks.ablation import page
from benchmarks.ablation.attributions import MethodAttributions, all_attributions
from benchmarks.ablation.cell import Cell, GateOutcome, MethodResult
from benchmarks.ablation.support import support_and_errors
from benchmarks.shared import families
from benchmarks.shared.accuracy import PASS_SHARE
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds
from benchmarks.shared.problems import EXPLAINED
from benchmarks.shared.scores import centred, error_without_noise, scores

FIRST_SEED = 9000
"""Seeds below were used while the methods were chosen, or by another study."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=list(families.FAMILIES))
    add_seeds(parser, 20, FIRST_SEED, help="how many, half as many of families that defaults were chosen on")
    add_jobs(parser)
    parser.add_argument("--permutations", type=int, default=2000, help="for the network's own Shapley values")
    parser.add_argument("--rows", type=int, default=EXPLAINED, help="to explain of each network")
    add_output(parser)


def run(**options: Any) -> None:
    permutations = options["permutations"]
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    settings = {"permutations": permutations, "rows": options["rows"]}
    cells = Cells(options["output"] / "ablation.cells", settings, "ablation")
    calls = {
        f"{family}-{seed}": (family, seed, permutations, options["rows"])
        for seed in seeds
        for family in options["families"]
        if seed < seeds.start + -(-len(seeds) // 2) or families.FAMILIES[family][0] not in families.CHOSEN_ON
    }
    started = time.perf_counter()
    computed = run_missing(cells, compute_cell, calls, options["jobs"])
    result = {
        "machine": machine(),
        "settings": settings | {"families": options["families"], "seeds": list(seeds), "gate": PASS_SHARE},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": computed,
    }
    page.write(options["output"], result, [Cell.of(cells.read(name)) for name in calls])
    print(f"written to {options['output'] / 'ablation.md'}")


def compute_cell(cells: Cells, family: str, seed: int, permutations: int, n: int) -> None:
    """Train a network, apply and score each method, and save."""
    warnings.simplefilter("ignore")
    trained = families.train(family, seed)
    trained = replace(trained, test=take_rows(trained.test, slice(0, n)))
    explainer = AGOPExplainer(trained.model).fit(trained.train)
    target = trained.explained()[1]
    halves = [
        trained.all_scores(
            NetworkShapley(n_permutations=permutations // 2).fit(trained.model, trained.train, seed + i).explain
        )
        for i in range(2)
    ]
    own = centred((halves[0] + halves[1]) / 2, target)
    centred_halves = [centred(half, target) for half in halves]
    cell = Cell(
        family=family,
        kind=families.FAMILIES[family][0],
        seed=seed,
        n_train=len(trained.train),
        n_columns=trained.test.shape[1],
        accuracy=trained.accuracy.network,
        best_accuracy=trained.accuracy.true_scores,
        majority=trained.accuracy.majority,
        passed=trained.accuracy.passed,
        reliability=float(cosine(centred(halves[0], target), centred(halves[1], target)).mean()),
        gate=gate_outcomes(trained, explainer),
        methods={},
        support={},
    )
    mask = explainer.gate_.mask
    for found in all_attributions(trained, explainer, target, permutations // 2, seed):
        scored = list(scored_forms(found, mask, trained, centred_halves, target, seed))
        cell.methods[found.method] = MethodResult(scored, found.seconds, found.failed, found.about)
    cell = replace(cell, support=support_and_errors(trained, explainer, own, target, permutations, seed))
    cells.write(f"{family}-{seed}", asdict(cell))


def scored_forms(
    found: MethodAttributions,
    mask: np.ndarray,
    trained: families.Trained,
    halves: list[np.ndarray],
    target: np.ndarray,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Truth, form and metrics of each form of a method's attributions, and of the same times the gate."""
    n = len(found.forms["centred"]) if found.forms else 0
    rows, target = take_rows(trained.test, slice(0, n)), target[:n]
    first, second = (half[:n] for half in halves)
    own = (first + second) / 2
    for form, values in found.forms.items():
        for gated, shown in ((False, values), (True, values * mask)):
            # A gate describes another model than the network, so only ungated values are held to the network's own.
            if form == "centred" and not gated:
                errors = {
                    "cosine": float(np.nanmean(cosine(shown, own))),
                    "error": error_without_noise(shown, first, second),
                    "relative_error": relative_error(shown, own),
                    "raw_relative_error": float(np.linalg.norm(shown - own) / np.linalg.norm(own)),
                }
                yield {"truth": "network contrast", "form": form} | errors
            if trained.truth is not None:
                truth = trained.truth.attributions(rows, target, contrast=form == "centred")
                name = "contrast" if form == "centred" else "raw"
                yield {"truth": name, "form": form + (" gated" if gated else "")} | scores(
                    shown, truth, trained.truth, rows, seed
                )


def gate_outcomes(trained: families.Trained, explainer: AGOPExplainer) -> dict[str, GateOutcome]:
    """What the gate keeps and loses, found with training rows alone and with labelled held-out rows."""
    labelled = AGOPExplainer(trained.model).fit(*trained.held_out)
    informative = None if trained.truth is None else trained.truth.informative
    return {
        "training rows": GateOutcome.of(explainer.gate_, informative),
        "labelled held-out rows": GateOutcome.of(labelled.gate_, informative),
    }
