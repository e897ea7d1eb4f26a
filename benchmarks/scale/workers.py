"""Speed of two Dask workers relative to one: processes of one thread each; rows are drawn where they are needed."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from benchmarks.shared.measure import timed
from benchmarks.shared.networks import perceptron

COLUMNS = 50
WIDTHS = (512, 256)
"""Wide enough that computing takes most of the time, not sending tasks."""

PARTITIONS = 40
"""Of the rows."""


def compare_workers(rows: int, repeats: int) -> dict[str, Any]:
    """Ratios of seconds with one worker and with two, medians of runs in turns."""
    seconds: dict[tuple[int, str], list[float]] = {(n, what): [] for n in (1, 2) for what in ("fit", "explain")}
    for _ in range(repeats):
        for n in (1, 2):
            for what, value in with_workers(n, rows).items():
                seconds[n, what].append(value)
    medians = {f"{what}_{n}": statistics.median(values) for (n, what), values in seconds.items()}
    ratios = {what: medians[f"{what}_1"] / medians[f"{what}_2"] for what in ("fit", "explain")}
    return ratios | medians | {"rows": rows, "repeats": repeats}


def with_workers(n: int, rows: int) -> dict[str, float]:
    """Seconds of AGOP-IxG on a LocalCluster of n workers."""
    import dask.array as da
    from dask.distributed import Client, LocalCluster

    size = max(1, rows // PARTITIONS)
    chunks = ((size,) * (rows // size), (COLUMNS,))
    X = da.map_blocks(draw_partition, chunks=chunks, dtype="float32", meta=np.empty((0, 0), "float32"))
    with LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster):
        explainer = AGOPExplainer(network(), method="agop-ixg")
        explainer.fit(X[: 2 * size])  # warm-up: workers import what they need
        seconds = {"fit": timed(lambda: explainer.fit(X))}
        seconds["explain"] = timed(lambda: explainer.explain(X).sum(axis=0).compute())
    return seconds


def network() -> nn.Module:
    torch.manual_seed(0)
    return perceptron(COLUMNS, WIDTHS, 3)


def draw_partition(block_info: dict | None = None) -> np.ndarray:
    """Random rows; dask passes which partition it is."""
    assert block_info is not None
    block = block_info[None]
    return np.random.default_rng(block["chunk-location"][0]).standard_normal(block["chunk-shape"], dtype=np.float32)
