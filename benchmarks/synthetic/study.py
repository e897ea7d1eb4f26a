"""Attributions against known ground truth, and against the network's own Shapley values.

A cell is one task and one seed, which draws the task, the network and everything else; seeds are the units of all
statistics. Each cell is saved under OUTPUT/synthetic.cells when it is done: a stopped run resumes there, and a run with
more seeds, tasks or methods computes only what is missing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.baselines import NetworkShapley
from agop_tabular.evaluation import cosine, parameter_randomization
from benchmarks.shared import methods, tasks
from benchmarks.shared.accuracy import PASS_SHARE, Accuracy
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds
from benchmarks.shared.scores import centred, of_class, scores
from benchmarks.synthetic import page

FIRST_SEED = 1000
"""Seeds below were used while the methods were chosen."""

RANDOMISED_ROWS = 30
"""Rows that are explained again after all parameters are randomised; a mean correlation needs no more."""


@dataclass(frozen=True)
class MethodResult:
    """A method's scores and times in a cell; or, if it failed, only the error.

    Attributes
    ----------
    scores : list of dict
        Truth, form of the attributions, and the metrics, one dict for each pair.
    fit_seconds, row_seconds : float
        Of fitting, and of explaining all classes of one row.
    randomised_spearman : float
        Rank correlation of the attributions before and after all parameters are randomised.
    failed : str or None
    """

    scores: list[dict[str, Any]] = field(default_factory=list)
    fit_seconds: float | None = None
    row_seconds: float | None = None
    randomised_spearman: float | None = None
    failed: str | None = None


@dataclass(frozen=True)
class Cell:
    """A trained network and the results of all methods on it.

    Attributes
    ----------
    reliability : float
        Cosine between two halves of the sampled Shapley values of the network.
    own_cosine_with_truth : float
        Cosine of the network's Shapley values with the contrast truth.
    informative : int
        Columns that the truth depends on.
    methods : dict of str to MethodResult
    """

    task: str
    seed: int
    accuracy: float
    best_accuracy: float
    majority: float
    reliability: float
    own_cosine_with_truth: float
    informative: int
    methods: dict[str, MethodResult]

    @classmethod
    def of(cls, saved: dict[str, Any]) -> Cell:
        """From JSON."""
        results = {name: MethodResult(**result) for name, result in saved["methods"].items()}
        return cls(**{**saved, "methods": results})

    @property
    def passed(self) -> bool:
        """Whether the network learned its task."""
        return Accuracy(self.accuracy, self.best_accuracy, self.majority).passed


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", choices=tasks.TASKS, default=list(tasks.DEFAULT))
    parser.add_argument("--methods", nargs="+", choices=methods.METHODS, default=list(methods.DEFAULT))
    add_seeds(parser, 20, FIRST_SEED)
    add_jobs(parser)
    parser.add_argument("--permutations", type=int, default=1000, help="for the network's own Shapley values")
    for name, value in asdict(tasks.Size()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    add_output(parser)


def run(**options: Any) -> dict:
    size = tasks.Size(**{name: options[name] for name in asdict(tasks.Size())})
    names, permutations = options["methods"], options["permutations"]
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    settings = asdict(size) | {"permutations": permutations}
    cells = Cells(options["output"] / "synthetic.cells", settings, "synthetic")
    wanted = [(task, seed) for seed in seeds for task in options["tasks"]]
    started = time.perf_counter()
    computed = run_missing(
        cells,
        compute_cell,
        {f"{task}-{seed}": (task, seed, size, names, permutations) for task, seed in wanted},
        options["jobs"],
        is_done=lambda cell: not set(names) - set(cell.get("methods", {})),
    )
    found = [Cell.of(cells.read(f"{task}-{seed}")) for task, seed in wanted]
    result = {
        "machine": machine(),
        "settings": settings | {"tasks": options["tasks"], "seeds": list(seeds), "methods": names, "gate": PASS_SHARE},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": computed,
    }
    page.write(options["output"], result, networks(found), records(found, names), failures(found, names))
    print(f"written to {options['output'] / 'synthetic.md'}")
    return result


# One cell ---------------------------------------------------------------------------------------------------------


def compute_cell(cells: Cells, task: str, seed: int, size: tasks.Size, names: list[str], permutations: int) -> None:
    """Train a network, and apply and score each method that the saved cell lacks; save after each."""
    name = f"{task}-{seed}"
    results = cells.read(name).get("methods", {})
    trained = tasks.train(task, seed, size)
    halves = [
        NetworkShapley(n_permutations=permutations // 2)(trained.net, trained.test, "all", trained.train, seed + i)
        for i in range(2)
    ]
    own = (halves[0] + halves[1]) / 2
    target = np.searchsorted(trained.net.classes_, trained.net.predict(trained.test))
    truths = {
        "raw": trained.truth.attributions(trained.test, target),
        "contrast": trained.truth.attributions(trained.test, target, contrast=True),
        "network": of_class(own, target),
        "network contrast": centred(own, target),
    }
    cell = Cell(
        task=task,
        seed=seed,
        accuracy=trained.accuracy.network,
        best_accuracy=trained.accuracy.true_scores,
        majority=trained.accuracy.majority,
        reliability=float(cosine(centred(halves[0], target), centred(halves[1], target)).mean()),
        own_cosine_with_truth=float(cosine(truths["network contrast"], truths["contrast"]).mean()),
        informative=len(trained.truth.informative),
        methods={name: MethodResult(**result) for name, result in results.items()},
    )
    for method in names:
        if method not in cell.methods:
            cell.methods[method] = evaluate(method, trained, target, truths, seed)
            cells.write(name, asdict(cell))


def evaluate(
    method: str, trained: tasks.Trained, target: np.ndarray, truths: dict[str, np.ndarray], seed: int
) -> MethodResult:
    """Fit a method, explain the test rows, score each form of the attributions against its truths."""
    try:
        start = time.perf_counter()
        explainer = methods.fitted(method, trained.net, trained.train, seed)
        ready = time.perf_counter()
        every = np.asarray(explainer.explain(trained.test, "all"), dtype=float)
        done = time.perf_counter()
        few, labels = trained.test[:RANDOMISED_ROWS], trained.net.classes_[target[:RANDOMISED_ROWS]]
        changed = parameter_randomization(
            trained.net,
            lambda net: methods.fitted(method, net, trained.train, seed).explain(few, labels),
            cascade=False,
            random_state=seed,
        )
    except Exception as error:  # a method may fail in any way, and that is a result
        return MethodResult(failed=f"{type(error).__name__}: {error}")
    signed = method not in methods.UNSIGNED
    scored = [
        {"truth": truth, "form": form} | scores(values, truths[truth], trained.truth, trained.test, seed, signed=signed)
        for form, values, against in forms(method, every, target)
        for truth in against
    ]
    row_seconds = (done - ready) / len(trained.test)
    return MethodResult(scored, ready - start, row_seconds, float(changed["spearman"].iloc[-1]))


def forms(method: str, every: np.ndarray, target: np.ndarray) -> Iterator[tuple[str, np.ndarray, tuple[str, ...]]]:
    """Name of a form of the attributions, the attributions, and the truths that they are scored against."""
    yield "plain", of_class(every, target), ("raw", "contrast", "network")
    if method != "random" and method not in methods.UNSIGNED:
        yield "centred", centred(every, target), ("contrast", "network contrast")


# All cells --------------------------------------------------------------------------------------------------------


def networks(cells: list[Cell]) -> pd.DataFrame:
    """A row for each cell, with the properties of its network."""
    return pd.DataFrame(
        [{k: v for k, v in vars(cell).items() if k != "methods"} | {"passed": cell.passed} for cell in cells]
    )


def records(cells: list[Cell], names: list[str]) -> pd.DataFrame:
    """A row for each cell, method, truth and form; metrics in columns."""
    return pd.DataFrame(
        {
            "task": cell.task,
            "seed": cell.seed,
            "passed": cell.passed,
            "method": method,
            **score,
            "fit_seconds": cell.methods[method].fit_seconds,
            "row_seconds": cell.methods[method].row_seconds,
            "randomised_spearman": cell.methods[method].randomised_spearman,
        }
        for cell in cells
        for method in names
        for score in cell.methods[method].scores
    )


def failures(cells: list[Cell], names: list[str]) -> pd.DataFrame:
    """A row for each cell in which a method failed."""
    rows = [
        {"task": cell.task, "seed": cell.seed, "method": method, "failed": cell.methods[method].failed}
        for cell in cells
        for method in names
        if cell.methods[method].failed
    ]
    return pd.DataFrame(rows, columns=["task", "seed", "method", "failed"])
