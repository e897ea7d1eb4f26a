"""Cost of fit and explain, relative to a bare torch loop over the same gradients and product.

Both run in one process and take turns, after a warm-up; the ratio is that of their medians. The loop is the least that
the computation can cost: it gets float32 rows, knows the shape of the answer, checks nothing and restores nothing.
Memory is the peak of a separate process, beyond what was resident before the call and the answer; it needs /proc.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.models.adapter import auto_batch_size
from benchmarks.overhead.bare_torch import bare_explain, bare_fit, forward
from benchmarks.overhead.page import page
from benchmarks.overhead.ratios import LoopCell, Ratio, TablesCell, compared
from benchmarks.shared import tasks
from benchmarks.shared.machine import machine
from benchmarks.shared.measure import in_own_process, median_seconds, peak_growth
from benchmarks.shared.networks import perceptron
from benchmarks.shared.options import add_output
from benchmarks.shared.records import write_json

CLASSES, WIDTHS = (2, 5), (128, 512)

BATCH_SIZES = (512, 2048, 4096)
"""Of which the forward pass takes its fastest."""

MEMORY_COLUMNS = 50


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--columns", type=int, default=108)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--memory-rows", type=int, default=1_000_000, help="0 leaves the memory out")
    parser.add_argument("--default-rows", type=int, default=20_000, help="rows that the default method explains")
    parser.add_argument("--default-columns", type=int, nargs="+", default=[20, 50, 100])
    add_output(parser)


def run(
    rows: int,
    columns: int,
    repeats: int,
    memory_rows: int,
    default_rows: int,
    default_columns: list[int],
    output: Path,
) -> dict:
    result: dict[str, Any] = {"machine": machine(), "rows": rows, "columns": columns, "repeats": repeats, "cells": []}
    for n_classes in CLASSES:
        for width in WIDTHS:
            cell = against_loop(rows, columns, n_classes, width, repeats)
            result["cells"].append(asdict(cell))
            print(cell, flush=True)
    result["default"] = []
    for n_columns in default_columns:
        for trained in (True, False):
            default = against_forward(default_rows, n_columns, trained, rows, repeats)
            result["default"].append(default.record())
            print(default, flush=True)
    if memory_rows:
        memory = in_own_process(memory_of_explaining, memory_rows, MEMORY_COLUMNS)
        result["memory"] = memory
        print(
            "peak memory of explaining {rows:,} x {columns}: {extra_mb:.0f} MB beyond rows and answer".format(**memory)
        )
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "overhead.json", result)
    (output / "overhead.md").write_text(page(result))
    print(f"written to {output / 'overhead.md'}")
    return result


def untrained(columns: int, n_classes: int, width: int) -> NeuralNetClassifier:
    torch.manual_seed(0)
    net = NeuralNetClassifier(perceptron(columns, (width, width // 2), n_classes), criterion=nn.CrossEntropyLoss)
    return net.initialize()


def against_loop(rows: int, columns: int, n_classes: int, width: int, repeats: int) -> LoopCell:
    """AGOP-IxG, which the loop repeats exactly."""
    X = np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
    net = untrained(columns, n_classes, width)
    module = net.module_.eval()
    explainer = AGOPExplainer(net, method="agop-ixg").fit(X)
    size = auto_batch_size(columns)
    row_filter = explainer.attributor_.method.row_filter(torch.float32, torch.device("cpu"))
    chain, baseline = row_filter.chain, row_filter.baseline[0]
    np.testing.assert_allclose(
        bare_explain(module, X, chain, baseline, size), explainer.explain(X), rtol=1e-3, atol=1e-5
    )
    return LoopCell(
        n_classes,
        width,
        explainer.rank_,
        fit=compared(
            lambda: AGOPExplainer(net, method="agop-ixg").fit(X), lambda: bare_fit(module, X, n_classes, size), repeats
        ),
        explain=compared(lambda: explainer.explain(X), lambda: bare_explain(module, X, chain, baseline, size), repeats),
        forward=median_seconds(lambda: forward(module, X, size), repeats),
    )


def against_forward(rows: int, columns: int, trained: bool, fit_rows: int, repeats: int) -> TablesCell:
    """The default method, values only, numpy in and out, and a forward pass of the module at its fastest size."""
    size = tasks.Size(features=columns)
    net = tasks.train("sparse-nonlinear", 0, size).net if trained else untrained(columns, size.classes, size.width)
    X = np.random.default_rng(0).standard_normal((max(rows, fit_rows), columns), dtype=np.float32)
    module = net.module_.eval()
    few = X[:fit_rows]
    explainer = AGOPExplainer(net).fit(few)
    fit: Ratio = compared(
        lambda: AGOPExplainer(net).fit(few), lambda: AGOPExplainer(net, method="agop-ixg").fit(few), repeats
    )
    X = X[:rows]
    batch = min((*BATCH_SIZES, rows), key=lambda b: median_seconds(lambda: forward(module, X, b), 5))
    method = explainer.attributor_.method
    tables = method.look_up(torch.device("cpu")).tables
    sums = explainer.statistics_.effects
    ratio: Ratio = compared(lambda: explainer.explain(X), lambda: forward(module, X, batch), repeats)
    return TablesCell(
        columns,
        trained,
        n_factors=method.effects.signs.shape[1],
        interacting=int(tables.interacts.sum()),
        fit_rows=fit_rows,
        fit_seconds=fit.explainer,
        times_ixg=fit.ratio,
        tables_mb=(tables.n_bytes + sum(getattr(sums, name).nbytes for name in sums.SUMS)) / 1e6,
        batch_size=batch,
        explain=ratio,
    )


def memory_of_explaining(rows: int, columns: int) -> dict[str, Any]:
    """MB by which explaining raises the peak, beyond the answer."""
    X = np.ones((rows, columns), dtype=np.float32)
    X[:] = np.random.default_rng(0).standard_normal((1000, columns), dtype=np.float32)[np.arange(rows) % 1000]
    net = untrained(columns, 3, 128)
    explainer = AGOPExplainer(net, method="agop-ixg").fit(X[:1000])
    explainer.explain(X[:5000])  # warm-up
    out, grown = peak_growth(lambda: explainer.explain(X))
    return {"rows": rows, "columns": columns, "extra_mb": (grown - out.nbytes) / 1e6}
