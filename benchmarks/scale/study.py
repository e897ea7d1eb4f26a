"""Cost against rows, columns, hidden width, classes and rank, as ratios to forward passes.

The floor, measured in the same run, is the bare module under no_grad in evaluation mode on float32 tensors, at the
fastest of several batch sizes. Explaining uses the public API, values only, numpy in and out. Figures are medians of
interleaved runs, each size in a separate process. In a virtual machine, memory that was just freed by another call may
cost many times more to get back, so a table of the answer's size is written right before each explanation, and its cost
is shown. Networks are MLPs h - h/2 on standard normal rows: untrained ones, which keep the most components and factors,
and ones trained on a function of six columns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from benchmarks.scale import page
from benchmarks.scale.peers import dense_agop, forward, input_x_gradient, kernel_machine
from benchmarks.scale.workers import compare_workers
from benchmarks.shared.machine import machine
from benchmarks.shared.measure import in_own_process, interleaved, median_seconds, peak_growth
from benchmarks.shared.networks import perceptron
from benchmarks.shared.options import add_output

AXES: dict[str, tuple[int, ...]] = {
    "p": (20, 50, 108, 300, 1000, 3000, 10_000),
    "n": (2000, 20_000, 200_000),
    "h": (32, 128, 512),
    "n_classes": (2, 10, 30),
    "rank": (1, 10, 100),
    "p, trained": (20, 108, 1000, 10_000),
}
"""What is varied: columns, rows, hidden units, classes, rank, and columns of a trained network."""

VALUES = 2**26
"""Numbers of a table, at most (256 MB of float32): wide tables get fewer rows."""

FEWEST_ROWS = 1000

BATCH_SIZES = (512, 2048, 4096)
"""Of which the forward pass takes its fastest."""

DENSE_UP_TO = 1000
"""Columns up to which peers that build p × p are run: beyond, they take minutes."""

WORKER_REPEATS = 3
"""Runs of the comparison of workers, at most: each starts a cluster."""


@dataclass(frozen=True)
class Size:
    """A size at which everything is timed: what is varied, and the others at their usual value.

    Attributes
    ----------
    varied : str
        Name of the axis.
    p, n, h, n_classes : int
        Columns, rows, hidden units and classes.
    rank : int or "auto"
    """

    varied: str
    p: int = page.CENTRE["p"]
    n: int = page.CENTRE["n"]
    h: int = page.CENTRE["h"]
    n_classes: int = page.CENTRE["n_classes"]
    rank: int | str = "auto"

    @classmethod
    def along(cls, axis: str, value: int) -> Size:
        """The size with this value on an axis; rows are limited unless they are varied."""
        field = "p" if axis == "p, trained" else axis
        values = {**page.CENTRE, field: value}
        if axis != "n":
            values["n"] = min(values["n"], max(FEWEST_ROWS, VALUES // values["p"]))
        return cls(axis, **values)

    @property
    def is_trained(self) -> bool:
        return self.varied == "p, trained"

    def record(self) -> dict[str, Any]:
        """For JSON: with the value of the varied axis under its name."""
        values = asdict(self)
        return values | {self.varied: values.get(self.varied, self.p)}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vary", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--image-rows", type=int, default=200, help="of 3 x 224 x 224; 0 leaves them out")
    parser.add_argument("--worker-rows", type=int, default=1_000_000, help="through one and two workers; 0: none")
    add_output(parser)


def run(vary: list[str], repeats: int, device: str, image_rows: int, worker_rows: int, output: Path) -> dict:
    result: dict[str, Any] = {"machine": machine(), "device": device, "repeats": repeats, "cells": []}
    if worker_rows:
        # in its own process, since dask sets OMP_NUM_THREADS
        workers = in_own_process(compare_workers, worker_rows, min(repeats, WORKER_REPEATS))
        result["workers"] = workers
        print("two workers: fit {fit:.2f} and explain {explain:.2f} times as fast as one".format(**workers), flush=True)
    for axis in vary:
        for value in AXES[axis]:
            size = Size.along(axis, value)
            cell = size.record() | in_own_process(measure, size, repeats, device)
            result["cells"].append(cell)
            print(in_one_line(cell), flush=True)
    if image_rows:
        result["image"] = in_own_process(image_fit, image_rows, device)
        print("3 x 224 x 224: fit {seconds:.1f} s, {moment}, {extra_mb:.0f} MB beyond rows".format(**result["image"]))
    page.write(output, result)
    print(f"written to {output / 'scale.md'}")
    return result


def in_one_line(cell: dict[str, Any]) -> str:
    ratios = ", ".join(f"{name} {value:.2f}" for name, value in cell["ratios"].items())
    return f"{cell['varied']} = {cell[cell['varied']]}: floor {cell['floor_ms']:.1f} ms; {ratios}"


def network(p: int, h: int, n_classes: int) -> nn.Sequential:
    torch.manual_seed(0)
    return perceptron(p, (h, h // 2), n_classes).eval()


def train(module: nn.Module, x: torch.Tensor, n_epochs: int = 12) -> None:
    """Train on three classes: whether a product, a sine, a square and a line add up to more than 0, plus whether a
    sixth column is above 1.
    """
    score = x[:, 0] * x[:, 1] + torch.sin(2 * x[:, 2]) + x[:, 3].square() - 1 + 0.5 * x[:, 4]
    y = (score > 0).long() + (x[:, 5] > 1).long()
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    module.train()
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).to(x.device).split(256):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(x[rows]), y[rows]).backward()
            optimizer.step()
    module.eval()


def measure(size: Size, repeats: int, device: str) -> dict[str, Any]:
    """Ratios to the floor of everything that can be run at this size."""
    X = np.random.default_rng(0).standard_normal((size.n, size.p), dtype=np.float32)
    module = network(size.p, size.h, size.n_classes).to(device)
    x = torch.from_numpy(X).to(device)
    if size.is_trained:
        train(module, x)
    batch = min((*BATCH_SIZES, size.n), key=lambda b: median_seconds(lambda: forward(module, x, b), 5))
    rank = size.rank if size.rank == "auto" else min(size.rank, size.p)
    ixg = AGOPExplainer(module, method="agop-ixg", rank=rank).fit(X)
    contenders: dict[str, Callable[[], Any]] = {
        "floor": lambda: forward(module, x, batch),
        "a new table": lambda: np.ones_like(X),
        "agop-ixg": lambda: ixg.explain(X),
        "agop-ixg, fit": lambda: AGOPExplainer(module, method="agop-ixg", rank=rank).fit(X),
        "captum Input×Gradient": lambda: input_x_gradient(module, x, batch),
    }
    out: dict[str, Any] = {"batch": batch, "kept": ixg.rank_, "moment": ixg.moment_}
    if size.rank == "auto":
        default = AGOPExplainer(module).fit(X)
        contenders |= {"agop": lambda: default.explain(X), "agop, fit": lambda: AGOPExplainer(module).fit(X)}
    seconds = {name: statistics.median(times) for name, times in interleaved(contenders, repeats).items()}
    floor = seconds.pop("floor")
    out["floor_ms"] = 1e3 * floor
    out["ratios"] = {name: value / floor for name, value in seconds.items()}
    if size.p <= DENSE_UP_TO and size.varied == "p":
        few = x[: page.DENSE_ROWS]
        out["ratios"] |= {name: value * size.n / floor for name, value in dense_seconds(module, few).items()}
    return out


def dense_seconds(module: nn.Module, x: torch.Tensor) -> dict[str, float]:
    """Seconds a row of peers that build p × p."""
    kernel = kernel_machine(module, x)
    peers: dict[str, Callable[[], Any]] = {
        "vmap(jacrev) AGOP, fit": lambda: dense_agop(module, x),
        "xRFM AGOP, fit": lambda: kernel.update_M(x),
    }
    return {name: median_seconds(call, 3) / len(x) for name, call in peers.items()}


def image_fit(rows: int, device: str) -> dict[str, Any]:
    """AGOP-IxG on images without a first Linear layer: time, memory, and error of the sketch."""
    torch.manual_seed(0)
    module = nn.Sequential(
        *(nn.Unflatten(1, page.IMAGE), nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 5)),
    )
    module.eval().to(device)
    X = np.random.default_rng(0).standard_normal((rows, int(np.prod(page.IMAGE))), dtype=np.float32)
    start = time.perf_counter()
    explainer, grown = peak_growth(lambda: AGOPExplainer(module, method="agop-ixg").fit(X))
    return {
        "rows": rows,
        "seconds": time.perf_counter() - start,
        "moment": explainer.moment_,
        "kept": explainer.rank_,
        "error": explainer.agop_error_,
        "largest": float(explainer.eigenvalues_[0]),
        "extra_mb": grown / 1e6,
    }
