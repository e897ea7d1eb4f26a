"""Cost against rows, columns, hidden width, classes and rank, as ratios to forward passes measured in the same run.

The floor is the bare module under no_grad in evaluation mode on float32 tensors, at its own fastest of several batch
sizes. Explaining is by the public API, values only, numpy in and out; medians of interleaved runs, each size in a
process of its own. In a virtual machine, memory that another contender has just given back may cost many times more
than otherwise, so a table of the answer's size is written, and its cost shown, right before each explanation. Networks
are MLPs h - h/2 on standard normal rows: untrained, which asks for the most components and the most vectors, and
trained on a function of six of the columns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap

from agop_tabular import AGOPExplainer
from benchmarks.machine import machine
from benchmarks.measure import in_own_process, median_seconds, peak_growth, timed
from benchmarks.page import made_with, markdown
from benchmarks.workers import lines as worker_lines
from benchmarks.workers import workers

RESULTS = Path(__file__).parent / "results"
CENTRE = {"p": 108, "n": 20_000, "h": 128, "n_classes": 3}
"""What is held fixed while another is varied."""

AXES = {"p": (20, 50, 108, 300, 1000, 3000, 10_000), "n": (2000, 20_000, 200_000), "h": (32, 128, 512)}
AXES |= {"n_classes": (2, 10, 30), "rank": (1, 10, 100), "p, trained": (20, 108, 1000, 10_000)}
VALUES = 2**26
"""Numbers of a table, at most: wide ones get fewer rows."""

DENSE_UP_TO, DEFAULT_UP_TO = 1000, 3000
"""Columns up to which peers that build p × p, and the default method's fit, are run."""

DENSE_ROWS = 2000
"""Rows that those peers are timed on; the kernel machine has as many centres."""

IMAGE = (3, 224, 224)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vary", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--image-rows", type=int, default=200, help="of 3 x 224 x 224; 0 leaves them out")
    parser.add_argument("--worker-rows", type=int, default=1_000_000, help="through one and two workers; 0: none")
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(vary: list[str], repeats: int, device: str, image_rows: int, worker_rows: int, output: Path) -> dict:
    result: dict[str, Any] = {"machine": machine(), "device": device, "repeats": repeats, "cells": []}
    if worker_rows:
        result["workers"] = in_own_process(workers, worker_rows, min(repeats, 3))  # dask sets OMP_NUM_THREADS
        print(
            "two workers: fit {fit:.2f} and explain {explain:.2f} times as fast as one".format(**result["workers"]),
            flush=True,
        )
    for name in vary:
        for value in AXES[name]:
            cell = {"varied": name, **CENTRE, "rank": "auto", **{name: value}}
            cell["p"] = value if name == "p, trained" else cell["p"]
            cell["n"] = min(cell["n"], max(1000, VALUES // cell["p"])) if name != "n" else value
            cell |= in_own_process(measured, cell, repeats, device)
            result["cells"].append(cell)
            print(line(cell), flush=True)
    if image_rows:
        result["image"] = in_own_process(image_fit, image_rows, device)
        print("3 x 224 x 224: fit {seconds:.1f} s, {moment}, {extra_mb:.0f} MB beyond rows".format(**result["image"]))
    result["slopes"] = slopes(result["cells"])
    output.mkdir(parents=True, exist_ok=True)
    (output / "scale.json").write_text(json.dumps(result, indent=1) + "\n")
    (output / "scale.md").write_text(page(result))
    draw(result["cells"], output / "scale.png")
    print(f"written to {output / 'scale.md'}")
    return result


def network(p: int, h: int, n_classes: int) -> nn.Sequential:
    torch.manual_seed(0)
    layers = (nn.Linear(p, h), nn.ReLU(), nn.Linear(h, h // 2), nn.ReLU(), nn.Linear(h // 2, n_classes))
    return nn.Sequential(*layers).eval()


def train(module: nn.Module, x: torch.Tensor, n_epochs: int = 12) -> None:
    """Teach three classes: a sum of a product, a sine, a square and a line above zero, and another column."""
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


def measured(cell: dict, repeats: int, device: str) -> dict:
    """Seconds of everything that this size bears, beside the floor."""
    p, n = cell["p"], cell["n"]
    X = np.random.default_rng(0).standard_normal((n, p), dtype=np.float32)
    module = network(p, cell["h"], cell["n_classes"]).to(device)
    if cell["varied"] == "p, trained":
        train(module, torch.from_numpy(X).to(device))
    x = torch.from_numpy(X).to(device)
    batch = min((512, 2048, 4096, n), key=lambda b: median_seconds(lambda: forward(module, x, b), 5))

    def published() -> AGOPExplainer:
        return AGOPExplainer(module, method="agop-ixg", rank=min(cell["rank"], p) if cell["rank"] != "auto" else "auto")

    explainer = published().fit(X)
    contenders: dict[str, Callable[[], Any]] = {
        "floor": lambda: forward(module, x, batch),
        "a new table": lambda: np.ones_like(X),
        "agop-ixg": lambda: explainer.explain(X),
        "agop-ixg, fit": lambda: published().fit(X),
        "captum Input×Gradient": lambda: input_x_gradient(module, x, batch),
    }
    out: dict[str, Any] = {"batch": batch, "kept": explainer.rank_, "moment": explainer.moment_}
    if p <= DEFAULT_UP_TO and cell["rank"] == "auto":
        start = time.perf_counter()
        default = AGOPExplainer(module).fit(X)
        out["agop, fit, s"] = time.perf_counter() - start
        contenders["agop"] = lambda: default.explain(X)
    seconds = interleaved(contenders, repeats)
    out["floor_ms"] = 1e3 * seconds["floor"]
    out["ratios"] = {name: value / seconds["floor"] for name, value in seconds.items() if name != "floor"}
    if p <= DENSE_UP_TO and cell["varied"] == "p":
        few = x[:DENSE_ROWS]
        machine_of_few = kernel_machine(module, few)
        peers = {
            "vmap(jacrev) AGOP, fit": lambda: dense_agop(module, few),
            "xRFM AGOP, fit": lambda: machine_of_few.update_M(few),
        }
        for name, call in peers.items():
            out["ratios"][name] = median_seconds(call, 3) / len(few) * n / seconds["floor"]
    return out


def interleaved(contenders: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median seconds of each, in turns, after two rounds to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for i in range(repeats + 2):
        for name, call in contenders.items():
            seconds = timed(call)
            if i >= 2:
                times[name].append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def forward(module: nn.Module, x: torch.Tensor, size: int) -> None:
    with torch.no_grad():
        for part in x.split(size):
            module(part)


def input_x_gradient(module: nn.Module, x: torch.Tensor, size: int) -> torch.Tensor:
    """captum's, for the predicted class, on tensors."""
    from captum.attr import InputXGradient

    peer, out = InputXGradient(module), []
    for part in x.split(size):
        with torch.no_grad():
            target = module(part).argmax(dim=1)
        out.append(peer.attribute(part.clone().requires_grad_(), target=target).detach())
    return torch.cat(out)


def dense_agop(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """M by the plainest way that torch has."""
    parameters = {name: value.detach() for name, value in module.named_parameters()}
    jacobian = vmap(jacrev(lambda row: functional_call(module, parameters, (row,))))
    total = torch.zeros(x.shape[1], x.shape[1], device=x.device)
    for part in x.split(256):
        g = jacobian(part).flatten(0, 1)
        total += g.T @ g
    return torch.linalg.eigh(total.double().cpu() / len(x))[0]


def kernel_machine(module: nn.Module, x: torch.Tensor) -> Any:
    """xRFM's, that has learnt the network's scores; its ``update_M`` is its AGOP over a batch of rows."""
    from xrfm import RFM

    with torch.no_grad():
        learnt = x, module(x)
    kernel = RFM(kernel="l2_high_dim", exponent=1.0, iters=1, device=x.device, verbose=False)
    kernel.fit(learnt, learnt, iters=1, method="solve", reg=1e-3)
    return kernel


def image_fit(rows: int, device: str) -> dict:
    """AGOP-IxG on images without a first Linear layer, in a process of its own."""
    torch.manual_seed(0)
    module = nn.Sequential(
        *(nn.Unflatten(1, IMAGE), nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 5)),
    )
    module.eval().to(device)
    X = np.random.default_rng(0).standard_normal((rows, int(np.prod(IMAGE))), dtype=np.float32)
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


def slopes(cells: list[dict]) -> dict[str, dict[str, float]]:
    """Log-log slopes of the seconds against what was varied."""
    out: dict[str, dict[str, float]] = {}
    for varied in dict.fromkeys(cell["varied"] for cell in cells):
        some = [cell for cell in cells if cell["varied"] == varied]
        for name in ("floor", "agop-ixg", "agop-ixg, fit", "agop"):
            points = [(np.log(c[varied]), np.log(seconds_a_row(c, name, varied))) for c in some if has(c, name)]
            if len(points) > 1:
                out.setdefault(name, {})[varied] = float(np.polyfit(*zip(*points, strict=True), 1)[0])
    return out


def has(cell: dict, name: str) -> bool:
    return name == "floor" or name in cell["ratios"]


def seconds_a_row(cell: dict, name: str, varied: str) -> float:
    """Seconds a row, or, where rows are varied, of all of them."""
    whole = cell["floor_ms"] / 1e3 * (1.0 if name == "floor" else cell["ratios"][name])
    return whole if varied == "n" else whole / cell["n"]


def line(cell: dict) -> str:
    ratios = ", ".join(f"{name} {value:.2f}" for name, value in cell["ratios"].items())
    return f"{cell['varied']} = {cell[cell['varied']]}: floor {cell['floor_ms']:.1f} ms; {ratios}"


def page(result: dict) -> str:
    """The Markdown page."""
    shown = ["a new table", "agop-ixg", "agop", "captum Input×Gradient"]
    shown += ["agop-ixg, fit", "vmap(jacrev) AGOP, fit", "xRFM AGOP, fit"]
    rows = pd.DataFrame(
        {"varied": f"{c['varied']} = {c[c['varied']]:,}", "rows": f"{c['n']:,}", "components": str(c["kept"])}
        | {"moment": c["moment"], "floor, ms": f"{c['floor_ms']:.1f}"}
        | {name: f"{c['ratios'][name]:.2f}" if name in c["ratios"] else "–" for name in shown}
        | {"agop, fit, s": f"{c['agop, fit, s']:.1f}" if "agop, fit, s" in c else "–"}
        for c in result["cells"]
    )
    names = list(dict.fromkeys(c["varied"] for c in result["cells"]))
    table = pd.DataFrame(
        {"seconds of": name} | {v: f"{found[v]:.2f}" if v in found else "–" for v in names}
        for name, found in result["slopes"].items()
    )
    text = [
        "# Cost against size",
        "",
        f"`python -m benchmarks scale`: ratios to forward passes (*floor*) of the same run, medians of "
        f"{result['repeats']} interleaved runs, device {result['device']}. MLPs, untrained unless said otherwise, of "
        f"{CENTRE['h']} and {CENTRE['h'] // 2} hidden units, {CENTRE['n_classes']} classes, {CENTRE['p']} columns and "
        f"{CENTRE['n']:,} rows, unless varied. *Components*: what 95% of the trace keeps, or the rank asked for. "
        "*A new table*: writing an array of the answer's size into memory that is asked for anew, done right before "
        f"agop-ixg. Of the peers' fits {DENSE_ROWS:,} rows are timed, and taken as a share of all; xRFM's AGOP is that "
        f"of its kernel machine with {DENSE_ROWS:,} centres that has learnt the network's scores.",
        "",
        *markdown(rows),
        "",
        "Log-log slopes, seconds a row (seconds, where rows are varied):",
        "",
        *markdown(table),
        "",
    ]
    if "image" in result:
        image = result["image"]
        text += [
            f"Images of 3 × 224 × 224 ({np.prod(IMAGE):,} coordinates) before a convolution: `fit` of AGOP-IxG on "
            f"{image['rows']} rows took {image['seconds']:.1f} s and {image['extra_mb']:.0f} MB beyond the rows "
            f"(moment: {image['moment']}, {image['kept']} components, error bound {image['error']:.2g} before "
            f"standardising).",
            "",
        ]
    if "workers" in result:
        text += worker_lines(result["workers"])
    return "\n".join([*text, made_with(result["machine"]), ""])


def draw(cells: list[dict], path: Path) -> None:
    """Ratios against columns."""
    import matplotlib.pyplot as plt

    some = [cell for cell in cells if cell["varied"] == "p"]
    if not some:
        return
    figure, axis = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for name in ("agop-ixg", "agop", "captum Input×Gradient", "agop-ixg, fit"):
        points = [(c["p"], c["ratios"][name]) for c in some if name in c["ratios"]]
        axis.plot(*zip(*points, strict=True), marker="o", label=name)
    axis.axhline(1, color="0.6", linewidth=1)
    axis.set(xscale="log", yscale="log", xlabel="columns", ylabel="times a forward pass over the same rows")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.legend(frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)
