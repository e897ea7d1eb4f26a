"""Seconds, memory and growth of every explainer, over rows, features, classes and width.

All methods at one size run in one process and take turns, after a warm-up. Figures are medians over rounds, ratios are
medians of the ratios within a round. Networks are initialized and not trained, since no explainer's cost depends on
that. A method that would take longer than the limit is measured on fewer rows, and the page says so. Memory is the peak
of a separate process beyond what was resident before fit and explain; it needs /proc.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.shared import methods
from benchmarks.shared.machine import machine
from benchmarks.shared.measure import in_own_process, median_seconds, peak_growth, timed
from benchmarks.shared.networks import classifier
from benchmarks.shared.options import add_output
from benchmarks.timing import page
from benchmarks.timing.page import BASE_TIMES, OURS
from benchmarks.timing.shape import FORWARD, Shape

FEWEST_ROWS = 10
"""Rows that even a method beyond the limit is measured on, and that all are warmed up on."""

SLOW_ROWS = 20
"""Rows explained for the memory of a slow method, which does not grow with rows."""

IMPORT_ROWS = 100
"""Training rows of a first, small fit, so that the memory of imported packages is not counted."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--methods", nargs="+", choices=methods.METHODS, default=list(methods.METHODS))
    for name, values in (
        ("rows", [50, 500, 5000, 50000]),
        ("features", [20, 50, 100, 200]),
        ("classes", [2, 3, 5, 10]),
        ("width", [64, 128, 256, 512]),
    ):
        parser.add_argument(f"--{name}", nargs="+", type=int, default=values)
    parser.add_argument("--base", nargs=4, type=int, default=list(asdict(Shape()).values()), help="rows, features, ...")
    parser.add_argument("--train-rows", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds of one method at one size")
    add_output(parser)


def run(**options: Any) -> dict:
    names, train_rows, rounds, limit = (options[k] for k in ("methods", "train_rows", "rounds", "limit"))
    base = Shape(*options["base"])
    axes = {axis: options[axis] for axis in asdict(base)}
    shapes = {base: None}  # a dict, since it keeps their order and has each one once
    for axis, values in axes.items():
        shapes |= {replace(base, **{axis: value}): None for value in values}
    measured = []
    for shape in tqdm(shapes, desc="sizes"):
        # the page compares methods on all rows of the base, so they are allowed more time there
        allowed = BASE_TIMES * limit if shape == base else limit
        measured += at_one_size(shape, names, train_rows, rounds, allowed)
    memory = {name: in_own_process(peak_megabytes, name, base, train_rows) for name in tqdm(names, desc="memory")}
    result = {
        "machine": machine(),
        "base": asdict(base),
        "train_rows": train_rows,
        "rounds": rounds,
        "limit": limit,
        "axes": axes,
        "memory_mb": memory,
        "measured": measured,
    }
    page.write(options["output"], result, pd.DataFrame(measured))
    print(f"written to {options['output'] / 'timing.md'}")
    return result


@dataclass(frozen=True)
class Round:
    """Seconds of a method in one round; explaining is scaled to all rows of the size."""

    fit: float
    explain: float


class Subject:
    """A method at one size, and its times so far."""

    def __init__(self, name: str, net: Any, train: np.ndarray, X: np.ndarray, limit: float):
        self.name, self.net, self.train = name, net, train
        self.n_rows, self.failed = len(X), None
        self.rounds: list[Round] = []
        try:
            self.fit()
            few = X[:FEWEST_ROWS]
            self.explainer.explain(few, "predicted")  # warm-up
            a_row = timed(lambda: self.explainer.explain(few, "predicted")) / len(few)
            self.X = X[: int(np.clip(limit / a_row, FEWEST_ROWS, len(X)))]
        except Exception as error:  # a method may fail in any way, and that is a result
            self.failed = f"{type(error).__name__}: {error}"

    def fit(self) -> None:
        """Fit the method anew."""
        self.explainer = methods.fitted(self.name, self.net, self.train, 0)

    def take_turn(self, limit: float) -> None:
        """Measure once, unless it failed or has used its time."""
        used = sum(r.explain for r in self.rounds)
        if self.failed or used * len(self.X) / self.n_rows >= limit:
            return
        fit = timed(self.fit)
        explain = timed(lambda: self.explainer.explain(self.X, "predicted"))
        self.rounds.append(Round(fit, explain * self.n_rows / len(self.X)))

    def record(self, ours: Subject | None) -> dict[str, Any]:
        """Medians, and ratios to our method's times in the same rounds, for all rows of the size."""
        if self.failed:
            return {"method": self.name, "failed": self.failed}
        explain = statistics.median(r.explain for r in self.rounds)
        out = {
            "method": self.name,
            "measured_rows": len(self.X),
            "rounds": len(self.rounds),
            "fit_seconds": statistics.median(r.fit for r in self.rounds),
            "explain_seconds": explain,
            "row_seconds": explain / self.n_rows,
        }
        if ours is not None and not ours.failed:
            pairs = list(zip(self.rounds, ours.rounds, strict=False))  # a slow method has fewer rounds
            out["ratio_explain"] = statistics.median(r.explain / o.explain for r, o in pairs)
            out["ratio_with_fit"] = statistics.median((r.fit + r.explain) / (o.fit + o.explain) for r, o in pairs)
        return out


def at_one_size(shape: Shape, names: list[str], train_rows: int, rounds: int, limit: float) -> list[dict[str, Any]]:
    """A record for each method, and one for a forward pass."""
    net, train, X = drawn(shape, train_rows)
    subjects = [Subject(name, net, train, X, limit) for name in names]
    for _ in range(rounds):
        for subject in subjects:
            subject.take_turn(limit)
    ours = next((s for s in subjects if s.name == OURS), None)
    forward = median_seconds(lambda: net.predict_proba(X), rounds)
    return [asdict(shape) | subject.record(ours) for subject in subjects] + [
        asdict(shape) | {"method": FORWARD, "row_seconds": forward / len(X), "explain_seconds": forward}
    ]


def drawn(shape: Shape, train_rows: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """A network of this shape, training rows, and rows to explain."""
    rng = np.random.default_rng(0)
    train, X = (rng.standard_normal((n, shape.features), dtype=np.float32) for n in (train_rows, shape.rows))
    net = classifier(shape.width, shape.classes, shape.features, seed=0).initialize()
    net.module_.eval()
    return net, train, X


def peak_megabytes(name: str, shape: Shape, train_rows: int) -> float | None:
    """MB beyond what was resident before fit and explain; None if the method failed."""
    net, train, X = drawn(shape, train_rows)
    try:
        few = X[:FEWEST_ROWS]
        methods.fitted(name, net, train[:IMPORT_ROWS], 0).explain(few, "predicted")
        X = X[:SLOW_ROWS] if name in methods.SLOW else X
        _, grown = peak_growth(lambda: methods.fitted(name, net, train, 0).explain(X, "predicted"))
    except Exception:  # the error is in the record of its time
        return None
    return grown / 1e6
