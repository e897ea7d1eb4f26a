"""Tables larger than memory, through dask: seconds and peak memory from parquet.

Each method fits and explains a parquet data set in a separate process, on dask's threads, and writes the explanation to
parquet. The peak is the resident set of the whole process, libraries included; it needs /proc.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from benchmarks.out_of_core.page import page
from benchmarks.shared.machine import machine
from benchmarks.shared.measure import in_own_process, peak_memory, timed
from benchmarks.shared.networks import perceptron
from benchmarks.shared.options import add_output
from benchmarks.shared.records import write_json

COLUMNS = 50


@dataclass(frozen=True)
class Measurement:
    """A method on the whole table.

    Attributes
    ----------
    start_gb, peak_gb : float
        Largest resident set before the first row, and at the end.
    fit, explain : float
        Seconds.
    partitions, n : int
        Partitions of the table, and rows that the explainer was fitted on.
    """

    method: str
    start_gb: float
    fit: float
    explain: float
    peak_gb: float
    partitions: int
    n: int


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--methods", nargs="+", default=["agop-ixg", "agop"])
    add_output(parser)


def run(rows: int, files: int, methods: list[str], output: Path) -> dict:
    result: dict = {"machine": machine(), "rows": rows, "files": files, "columns": COLUMNS, "cells": []}
    with TemporaryDirectory() as folder:
        result["gigabytes"] = write_table(Path(folder) / "table", rows, files)
        for method in methods:
            found: Measurement = in_own_process(measure, folder, method)
            result["cells"].append(asdict(found))
            print(
                f"{method}: {rows:,} rows fitted in {found.fit:.0f} s and explained in {found.explain:.0f} s, peak "
                f"{found.peak_gb:.2f} GB, {found.start_gb:.2f} of it before the first row",
                flush=True,
            )
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "out-of-core.json", result)
    (output / "out-of-core.md").write_text(page(result))
    print(f"written to {output / 'out-of-core.md'}")
    return result


def write_table(folder: Path, rows: int, files: int) -> float:
    """Write a parquet data set, half of its columns float32 and half float64; return its size in GB."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    for i in range(files):
        x = np.random.default_rng(i).standard_normal((COLUMNS, rows // files), dtype=np.float32)
        x[1:] += 0.3 * x[:-1]
        columns = {f"c{j}": column.astype(np.float64) if j % 2 else column for j, column in enumerate(x)}
        pq.write_table(pa.table(columns), folder / f"part-{i:04}.parquet")
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e9


def network() -> nn.Module:
    torch.manual_seed(0)
    return perceptron(COLUMNS, (128, 64), 3)


def measure(folder: str, method: str) -> Measurement:
    """Fit on the table, explain it into files, and delete those."""
    import dask.dataframe as dd

    start = peak_memory() / 1e9
    rows, explained = dd.read_parquet(Path(folder) / "table"), Path(folder) / "explained"
    explainer = AGOPExplainer(network(), method=method)
    fit = timed(lambda: explainer.fit(rows))
    explain = timed(lambda: explainer.explain(rows).to_parquet(explained))
    shutil.rmtree(explained)
    peak = peak_memory() / 1e9
    return Measurement(method, start, fit, explain, peak, rows.npartitions, explainer.n_samples_seen_)
