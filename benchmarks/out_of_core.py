"""Tables larger than memory, through dask: seconds and peak memory from parquet.

Each method fits and explains a parquet data set in a process of its own, on dask's threads, and writes the explanation
to parquet; the peak is the resident set of the whole process, its libraries included, and needs /proc.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from benchmarks.machine import machine
from benchmarks.measure import in_own_process, timed
from benchmarks.page import made_with

RESULTS = Path(__file__).parent / "results"
COLUMNS = 50


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--methods", nargs="+", default=["agop-ixg", "agop"])
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(rows: int, files: int, methods: list[str], output: Path) -> dict:
    result: dict = {"machine": machine(), "rows": rows, "files": files, "columns": COLUMNS, "cells": []}
    with TemporaryDirectory() as folder:
        result["gigabytes"] = write(Path(folder) / "table", rows, files)
        for method in methods:
            cell = in_own_process(out_of_core, folder, method)
            result["cells"].append(cell)
            print(
                f"{method}: {rows:,} rows fitted in {cell['fit']:.0f} s and explained in {cell['explain']:.0f} s, peak "
                f"{cell['peak_gb']:.2f} GB, {cell['start_gb']:.2f} of it before the first row",
                flush=True,
            )
    output.mkdir(parents=True, exist_ok=True)
    (output / "out-of-core.json").write_text(json.dumps(result, indent=1) + "\n")
    (output / "out-of-core.md").write_text(table(result))
    print(f"written to {output / 'out-of-core.md'}")
    return result


def write(folder: Path, rows: int, files: int) -> float:
    """A parquet data set, half of its columns float32, half float64; its size in GB."""
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
    return nn.Sequential(nn.Linear(COLUMNS, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 3))


def out_of_core(folder: str, method: str) -> dict:
    """Fit on the table, explain it into files, and throw those away."""
    import dask.dataframe as dd

    start = peak_gb()
    rows, explained = dd.read_parquet(Path(folder) / "table"), Path(folder) / "explained"
    explainer = AGOPExplainer(network(), method=method)
    cell: dict = {"method": method, "start_gb": start, "fit": timed(lambda: explainer.fit(rows))}
    cell["explain"] = timed(lambda: explainer.explain(rows).to_parquet(explained))
    shutil.rmtree(explained)
    return cell | {"peak_gb": peak_gb(), "partitions": rows.npartitions, "n": explainer.n_samples_seen_}


def peak_gb() -> float:
    """Largest resident set of this process so far."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e9


def table(result: dict) -> str:
    lines = [
        "# Tables larger than memory",
        "",
        f"{result['rows']:,} rows of {result['columns']} columns, {result['gigabytes']:.1f} GB of parquet in "
        f"{result['files']} files, a network of widths 128 and 64 with three classes. Explanations are written to "
        "parquet. Peak: resident set of the whole process.",
        "",
        "| method | fit, s | explain, s | peak, GB | before the first row, GB |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {cell['method']} | {cell['fit']:.0f} | {cell['explain']:.0f} | {cell['peak_gb']:.2f} | "
        f"{cell['start_gb']:.2f} |"
        for cell in result["cells"]
    ]
    return "\n".join([*lines, "", made_with(result["machine"])]) + "\n"
