"""Attributions against known ground truth, and against the network's own Shapley values.

A cell is one task and one seed, which draws task, network and everything else; seeds are the units of all statistics.
Every cell is kept under OUTPUT/synthetic.cells as soon as it is done, so that a run that was stopped goes on where it
was, and one with more seeds, tasks or methods adds to what is there.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from agop_tabular.baselines import NetworkShapley
from agop_tabular.evaluation import cosine, parameter_randomization
from benchmarks import methods, report_synthetic, tasks
from benchmarks.cells import Cell, Cells, run_all
from benchmarks.machine import machine
from benchmarks.scores import centred, chosen, metrics

RESULTS = Path(__file__).parent / "results"
FIRST_SEED = 1000
"""Seeds below were used while the methods were chosen."""

RANDOMISED_ROWS = 30


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", choices=tasks.TASKS, default=list(tasks.DEFAULT))
    parser.add_argument("--methods", nargs="+", choices=methods.METHODS, default=list(methods.DEFAULT))
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=2, help="cells at a time, one thread each")
    parser.add_argument("--permutations", type=int, default=1000, help="of the network's own Shapley values")
    for name, value in asdict(tasks.Size()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(**options) -> dict:
    size = tasks.Size(**{name: options[name] for name in asdict(tasks.Size())})
    names, permutations = options["methods"], options["permutations"]
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    settings = asdict(size) | {"permutations": permutations}
    cells = Cells(options["output"] / "synthetic.cells", settings)
    wanted = [(task, seed) for seed in seeds for task in options["tasks"]]
    open_ = [c for c in wanted if set(names) - set(cells.read("{}-{}".format(*c)).get("methods", {}))]
    print(f"{len(wanted) - len(open_)} of {len(wanted)} cells are there", flush=True)
    started = time.perf_counter()
    run_all(
        one_cell, [(cells, task, seed, size, names, permutations) for task, seed in open_], options["jobs"], "cells"
    )
    found = [cells.read(f"{task}-{seed}") for task, seed in wanted]
    result = {
        "machine": machine(),
        "settings": settings | {"tasks": options["tasks"], "seeds": list(seeds), "methods": names, "gate": tasks.GATE},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": len(open_),
    }
    report_synthetic.write(options["output"], result, networks(found), records(found, names), failures(found, names))
    print(f"written to {options['output'] / 'synthetic.md'}")
    return result


# One cell ---------------------------------------------------------------------------------------------------------


def one_cell(cells: Cells, task: str, seed: int, size: tasks.Size, names: list[str], permutations: int) -> None:
    """Train, attribute with every method that the cell does not have, score, and keep."""
    name = f"{task}-{seed}"
    cell = cells.read(name)
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
        "network": chosen(own, target),
        "network contrast": centred(own, target),
    }
    cell |= {
        "task": task,
        "seed": seed,
        "accuracy": trained.accuracy,
        "best_accuracy": trained.best_accuracy,
        "majority": trained.majority,
        "reliability": float(cosine(centred(halves[0], target), centred(halves[1], target)).mean()),
        "own_cosine_with_truth": float(cosine(truths["network contrast"], truths["contrast"]).mean()),
        "informative": len(trained.truth.informative),
    }
    of_methods = cell.setdefault("methods", {})
    for method in names:
        if method not in of_methods:
            of_methods[method] = judged(method, trained, target, truths, seed)
            cells.write(name, cell)


def judged(method: str, trained: tasks.Trained, target: np.ndarray, truths: dict, seed: int) -> Cell:
    """Metrics of a method's attributions in each form against each truth; what failed, if it did."""
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
    except Exception as error:  # a peer may fail in any way, and that is a result
        return {"failed": f"{type(error).__name__}: {error}"}
    scores = [
        {"truth": truth, "form": form}
        | metrics(values, truths[truth], trained.truth, trained.test, seed, signed=method not in methods.UNSIGNED)
        for form, values, against in forms(method, every, target)
        for truth in against
    ]
    return {
        "scores": scores,
        "fit_seconds": ready - start,
        "row_seconds": (done - ready) / len(trained.test),
        "randomised_spearman": float(changed["spearman"].iloc[-1]),
    }


def forms(method: str, every: np.ndarray, target: np.ndarray):
    """Attributions as they are and centred over classes, and the truths that each is held to."""
    yield "plain", chosen(every, target), ("raw", "contrast", "network")
    if method != "random" and method not in methods.UNSIGNED:
        yield "centred", centred(every, target), ("contrast", "network contrast")


# All cells --------------------------------------------------------------------------------------------------------


def networks(found: list[Cell]) -> pd.DataFrame:
    """A row a cell: what its network is like."""
    return pd.DataFrame(
        [
            {k: v for k, v in cell.items() if k not in ("methods", "passed")} | {"passed": _passed(cell)}
            for cell in found
        ]
    )


def _passed(cell: Cell) -> bool:
    return tasks.passes(cell["accuracy"], cell["best_accuracy"], cell["majority"])


def records(found: list[Cell], names: list[str]) -> pd.DataFrame:
    """A row for each cell, method, truth and form; metrics in columns."""
    return pd.DataFrame(
        {
            "task": cell["task"],
            "seed": cell["seed"],
            "passed": _passed(cell),
            "method": method,
            **score,
            "fit_seconds": cell["methods"][method]["fit_seconds"],
            "row_seconds": cell["methods"][method]["row_seconds"],
            "randomised_spearman": cell["methods"][method]["randomised_spearman"],
        }
        for cell in found
        for method in names
        for score in cell["methods"][method].get("scores", ())
    )


def failures(found: list[Cell], names: list[str]) -> pd.DataFrame:
    """A row for each cell in which a method failed."""
    rows = [
        {"task": cell["task"], "seed": cell["seed"], "method": method, "failed": cell["methods"][method]["failed"]}
        for cell in found
        for method in names
        if "failed" in cell["methods"][method]
    ]
    return pd.DataFrame(rows, columns=["task", "seed", "method", "failed"])
