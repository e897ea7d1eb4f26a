"""Cost of fitting and explaining on a GPU, beside the processor of the same machine, and whether both answer the same.

For whoever has a GPU: a few minutes, most of them on the processor. The floor is a forward pass of the bare module,
under no_grad, over float32 rows that are on the device already; everything else uses the public API, values only, numpy
in and out, so it includes copying rows and attributions. Figures are medians of runs that took turns.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from benchmarks.gpu.page import page
from benchmarks.shared.machine import machine
from benchmarks.shared.measure import interleaved
from benchmarks.shared.networks import perceptron
from benchmarks.shared.options import add_output
from benchmarks.shared.records import write_json

SIZES = ((20, 128), (100, 128), (1000, 128), (100, 2048))
"""Columns and hidden units; the second layer has half as many."""

METHODS = ("agop", "agop-ixg")

N_CLASSES = 3


@dataclass(frozen=True)
class Measured:
    """Seconds and answers on one device.

    Attributes
    ----------
    seconds : dict of str to list of float
        Of each call in each round.
    attributions : dict of str to ndarray of shape (n_rows, n_columns)
        Of the predicted class, by method.
    peak_mb : float or None
        Most memory of the device that torch held at once; None on a processor.
    """

    seconds: dict[str, list[float]]
    attributions: dict[str, np.ndarray]
    peak_mb: float | None


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="cuda", help="as torch names it")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    add_output(parser)


def run(device: str, rows: int, repeats: int, output: Path) -> None:
    name = device_name(device)
    result: dict[str, Any] = {"machine": machine(), "device": name, "rows": rows, "repeats": repeats, "cells": []}
    for n_columns, width in SIZES:
        cell = compared(n_columns, width, rows, repeats, device)
        result["cells"].append(cell)
        print(cell, flush=True)
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "gpu.json", result)
    (output / "gpu.md").write_text(page(result))
    print(f"written to {output / 'gpu.md'}")


def device_name(device: str) -> str:
    """What a device is called, for the page; ends the study where there is no such device."""
    kind = torch.device(device).type
    if kind == "cuda":
        if not torch.cuda.is_available():
            raise SystemExit(f"torch {torch.__version__} finds no GPU; --device takes another that torch has.")
        return torch.cuda.get_device_name(device)
    return kind


def compared(n_columns: int, width: int, rows: int, repeats: int, device: str) -> dict[str, Any]:
    """One network on the processor and on the device: seconds, memory, and how far their answers are apart."""
    torch.manual_seed(0)
    module = perceptron(n_columns, (width, width // 2), N_CLASSES).eval()
    X = np.random.default_rng(0).standard_normal((rows, n_columns), dtype=np.float32)
    processor, other = (measured(module.to(place), X, repeats, place) for place in ("cpu", device))
    return {
        "columns": n_columns,
        "width": width,
        "cpu_ms": medians(processor.seconds),
        "device_ms": medians(other.seconds),
        "peak_mb": other.peak_mb,
        "differences": {
            name: relative_difference(answer, processor.attributions[name])
            for name, answer in other.attributions.items()
        },
    }


def measured(module: nn.Module, X: np.ndarray, repeats: int, device: str) -> Measured:
    """Everything on one device."""
    x = torch.from_numpy(X).to(device)
    if x.is_cuda:
        torch.cuda.reset_peak_memory_stats(device)
    fitted = {name: AGOPExplainer(module, method=name).fit(X) for name in METHODS}
    calls: dict[str, Callable[[], Any]] = {"forward pass": lambda: forward(module, x)}
    for name, explainer in fitted.items():
        calls[f"{name}, fit"] = lambda name=name: AGOPExplainer(module, method=name).fit(X)
        calls[f"{name}, explain"] = lambda explainer=explainer: explainer.explain(X)
    seconds = interleaved(calls, repeats)
    peak = torch.cuda.max_memory_allocated(device) / 1e6 if x.is_cuda else None
    return Measured(seconds, {name: explainer.explain(X) for name, explainer in fitted.items()}, peak)


def forward(module: nn.Module, x: torch.Tensor) -> None:
    """A forward pass over all rows at once, until it is done: a GPU answers before it has computed."""
    with torch.no_grad():
        module(x)
    if x.is_cuda:
        torch.cuda.synchronize(x.device)


def medians(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Milliseconds of each call."""
    return {name: 1e3 * statistics.median(times) for name, times in seconds.items()}


def relative_difference(answer: np.ndarray, reference: np.ndarray) -> float:
    """Euclidean norm of the difference over that of the reference."""
    return float(np.linalg.norm(answer - reference) / np.linalg.norm(reference))
