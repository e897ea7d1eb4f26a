"""Cost of fit and explain beside a bare torch loop over the same gradients and product.

Both run in one process, interleaved, after a warm-up; the ratio is that of their medians. The loop is handed float32
tensors' memory, knows the answer's shape, checks nothing and leaves nothing as it was found: it is the floor. Memory is
the peak of a process of its own, beyond what was resident before the call and the answer; it needs /proc.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.models.adapter import auto_batch_size
from benchmarks import tasks
from benchmarks.machine import machine
from benchmarks.measure import in_own_process, median_seconds, peak_growth, timed
from benchmarks.page import made_with

RESULTS = Path(__file__).parent / "results"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--columns", type=int, default=108)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--memory-rows", type=int, default=1_000_000, help="0 leaves the memory out")
    parser.add_argument("--default-rows", type=int, default=20_000, help="that the default method explains")
    parser.add_argument("--default-columns", type=int, nargs="+", default=[20, 50, 100])
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(
    rows: int,
    columns: int,
    repeats: int,
    memory_rows: int,
    default_rows: int,
    default_columns: list[int],
    output: Path,
) -> dict:
    cells = []
    for n_classes in (2, 5):
        for width in (128, 512):
            cell = compare(rows, columns, n_classes, width, repeats)
            cells.append(cell)
            print(
                f"classes {n_classes}, width {width}: "
                f"fit {cell['fit']['ratio']:.2f} ({1e3 * cell['fit']['explainer']:.0f} ms), "
                f"explain {cell['explain']['ratio']:.2f} ({1e3 * cell['explain']['explainer']:.0f} ms), "
                f"forward pass {1e3 * cell['forward']:.0f} ms",
                flush=True,
            )
    result = {"machine": machine(), "rows": rows, "columns": columns, "repeats": repeats, "cells": cells}
    result["default"] = []
    for n_columns in default_columns:
        for trained in (True, False):
            cell = against_forward(default_rows, n_columns, trained, rows, repeats)
            result["default"].append(cell)
            print(
                f"agop, {n_columns} columns, {'trained' if trained else 'untrained'}: explain {cell['ratio']:.1f} "
                f"forward passes ({1e3 * cell['explainer']:.0f} ms), fit {cell['fit_seconds']:.1f} s, tables "
                f"{cell['tables_mb']:.1f} MB",
                flush=True,
            )
    if memory_rows:
        result["memory"] = in_own_process(peak_memory, memory_rows, 50)
        print(
            "peak memory of explaining {rows:,} x {columns}: {extra_mb:.0f} MB beyond rows and answer".format(
                **result["memory"]
            )
        )
    output.mkdir(parents=True, exist_ok=True)
    (output / "overhead.json").write_text(json.dumps(result, indent=1) + "\n")
    (output / "overhead.md").write_text(table(result))
    print(f"written to {output / 'overhead.md'}")
    return result


def make_net(columns: int, n_classes: int, width: int) -> NeuralNetClassifier:
    torch.manual_seed(0)
    net = NeuralNetClassifier(
        nn.Sequential(
            nn.Linear(columns, width),
            nn.ReLU(),
            nn.Linear(width, width // 2),
            nn.ReLU(),
            nn.Linear(width // 2, n_classes),
        ),
        criterion=nn.CrossEntropyLoss,
    )
    return net.initialize()


def compare(rows: int, columns: int, n_classes: int, width: int, repeats: int) -> dict:
    X = np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
    net = make_net(columns, n_classes, width)
    module = net.module_.eval()
    explainer = AGOPExplainer(net, method="agop-ixg").fit(X)
    size = auto_batch_size(columns)
    filtered = explainer._attribution.ready(torch.float32, torch.device("cpu"))
    chain, baseline = filtered.chain, filtered.baseline[0]
    np.testing.assert_allclose(
        bare_explain(module, X, chain, baseline, size), explainer.explain(X), rtol=1e-3, atol=1e-5
    )
    return {
        "n_classes": n_classes,
        "width": width,
        "rank": explainer.rank_,
        "fit": ratio(
            lambda: AGOPExplainer(net, method="agop-ixg").fit(X), lambda: bare_fit(module, X, n_classes, size), repeats
        ),
        "explain": ratio(lambda: explainer.explain(X), lambda: bare_explain(module, X, chain, baseline, size), repeats),
        "forward": median_seconds(lambda: forward(module, X, size), repeats),
    }


def against_forward(rows: int, columns: int, trained: bool, fit_rows: int, repeats: int) -> dict:
    """The default method, values only, numpy in and out, beside a forward pass of the module at its fastest size."""
    size = tasks.Size(features=columns)
    net = tasks.train("sparse-nonlinear", 0, size).net if trained else make_net(columns, 3, size.width)
    X = np.random.default_rng(0).standard_normal((max(rows, fit_rows), columns), dtype=np.float32)
    module = net.module_.eval()
    start = time.perf_counter()
    explainer = AGOPExplainer(net).fit(X[:fit_rows])
    fit_seconds = time.perf_counter() - start
    X = X[:rows]
    batch = min((512, 2048, 4096, rows), key=lambda b: median_seconds(lambda: forward(module, X, b), 5))
    look_up = explainer._attribution.tabulated(torch.device("cpu")).look_up
    moment = explainer._gathered.effects
    return {
        "columns": columns,
        "trained": trained,
        "vectors": look_up.rank,
        "meeting": int(look_up.interacts.sum()),
        "fit_rows": fit_rows,
        "fit_seconds": fit_seconds,
        "tables_mb": (look_up.n_bytes + sum(getattr(moment, name).nbytes for name in moment.SUMS)) / 1e6,
        "batch_size": batch,
    } | ratio(lambda: explainer.explain(X), lambda: forward(module, X, batch), repeats)


def bare_explain(module, X, chain, baseline, size):
    out = np.empty_like(X)
    for i in range(0, len(X), size):
        x = torch.from_numpy(X[i : i + size]).requires_grad_()
        s = module(x)
        (g,) = torch.autograd.grad(s.gather(1, s.argmax(1, keepdim=True)).sum(), x)
        out[i : i + size] = (chain(g) * (x.detach() - baseline)).numpy()
    return out


def bare_fit(module, X, n_classes, size):
    p = X.shape[1]
    moment = torch.zeros(p, p)
    for i in range(0, len(X), size):
        x = torch.from_numpy(X[i : i + size]).requires_grad_()
        s = module(x)
        for c in range(n_classes):
            (g,) = torch.autograd.grad(s[:, c].sum(), x, retain_graph=c < n_classes - 1)
            moment += g.T @ g
    return torch.linalg.eigh(moment.double() / len(X))


def forward(module, X, size):
    with torch.no_grad():
        for i in range(0, len(X), size):
            module(torch.from_numpy(X[i : i + size]))


def ratio(ours: Callable, floor: Callable, repeats: int) -> dict:
    """Medians of both, interleaved, and the ratio of each pair."""
    times = {"explainer": [], "loop": []}
    for i in range(repeats + 2):
        for name, run_once in (("explainer", ours), ("loop", floor)):
            seconds = timed(run_once)
            if i >= 2:  # warm-up
                times[name].append(seconds)
    pairs = sorted(a / b for a, b in zip(times["explainer"], times["loop"], strict=True))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return medians | {"ratio": medians["explainer"] / medians["loop"], "pairs_min": pairs[0], "pairs_max": pairs[-1]}


def peak_memory(rows: int, columns: int) -> dict:
    X = np.ones((rows, columns), dtype=np.float32)
    X[:] = np.random.default_rng(0).standard_normal((1000, columns), dtype=np.float32)[np.arange(rows) % 1000]
    net = make_net(columns, 3, 128)
    explainer = AGOPExplainer(net, method="agop-ixg").fit(X[:1000])
    explainer.explain(X[:5000])
    out, grown = peak_growth(lambda: explainer.explain(X))
    return {"rows": rows, "columns": columns, "extra_mb": (grown - out.nbytes) / 1e6}


def table(result: dict) -> str:
    lines = [
        "# Overhead of AGOPExplainer over a bare torch loop",
        "",
        f"`python -m benchmarks overhead`: {result['rows']:,} rows of {result['columns']} columns, float32, MLP with "
        f"two hidden layers, medians of {result['repeats']} interleaved runs in one process, and the range of the "
        "ratio over pairs of runs. The loop takes the same gradients and the same product and does nothing else.",
        "",
        "| classes | width | rank | fit, ms | loop, ms | ratio (pairs) | explain, ms | loop, ms | ratio (pairs) | "
        "forward pass, ms |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in result["cells"]:
        columns = [str(cell["n_classes"]), str(cell["width"]), str(cell["rank"])]
        for what in ("fit", "explain"):
            figures = cell[what]
            columns += [
                f"{1e3 * figures['explainer']:.0f}",
                f"{1e3 * figures['loop']:.0f}",
                f"{figures['ratio']:.2f} ({figures['pairs_min']:.2f} to {figures['pairs_max']:.2f})",
            ]
        lines.append("| " + " | ".join([*columns, f"{1e3 * cell['forward']:.0f}"]) + " |")
    if result["default"]:
        lines += [
            "",
            "## The default method beside a forward pass",
            "",
            "`agop`, values only, numpy in and out, against the module under no_grad at its fastest batch size, MLP "
            "128-64, 3 classes; *trained* networks learned five informative columns. *Vectors* are kept for the pair "
            "effects, *meeting* columns have any. Tables: look-up and sums, in memory.",
            "",
            "| columns | network | vectors | meeting | explain, ms | forward, ms | ratio (pairs) | fit, s (rows) | "
            "tables, MB |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for c in result["default"]:
            columns = [
                str(c["columns"]),
                "trained" if c["trained"] else "untrained",
                str(c["vectors"]),
                str(c["meeting"]),
            ]
            columns += [f"{1e3 * c['explainer']:.0f}", f"{1e3 * c['loop']:.1f}"]
            columns += [f"{c['ratio']:.1f} ({c['pairs_min']:.1f} to {c['pairs_max']:.1f})"]
            columns += [f"{c['fit_seconds']:.1f} ({c['fit_rows']:,})", f"{c['tables_mb']:.1f}"]
            lines.append("| " + " | ".join(columns) + " |")
    if "memory" in result:
        memory = result["memory"]
        lines += [
            "",
            f"Explaining {memory['rows']:,} × {memory['columns']} float32 raised the peak resident set by "
            f"{memory['extra_mb']:.0f} MB beyond the answer itself.",
        ]
    return "\n".join([*lines, "", made_with(result["machine"]), ""])
