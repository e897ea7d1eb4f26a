"""What a second worker brings: processes of one thread each, with rows that are drawn where they are needed."""

from __future__ import annotations

import statistics

import numpy as np
import pandas as pd
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from benchmarks.measure import timed
from benchmarks.page import markdown

COLUMNS = 50
WIDTHS = (512, 256)

CHUNKS = 40
"""Partitions of the rows."""


def workers(rows: int, repeats: int) -> dict:
    """How many times as fast two workers are as one, on work that is computation: medians of runs in turns."""
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

    chunk = max(1, rows // CHUNKS)
    chunks = ((chunk,) * (rows // chunk), (COLUMNS,))
    X = da.map_blocks(drawn, chunks=chunks, dtype="float32", meta=np.empty((0, 0), "float32"))
    with LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster):
        explainer = AGOPExplainer(network(), method="agop-ixg")
        explainer.fit(X[: 2 * chunk])  # workers have imported what they need
        seconds = {"fit": timed(lambda: explainer.fit(X))}
        seconds["explain"] = timed(lambda: explainer.explain(X).sum(axis=0).compute())
    return seconds


def network() -> nn.Module:
    torch.manual_seed(0)
    first, second = WIDTHS
    layers = (nn.Linear(COLUMNS, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, 3))
    return nn.Sequential(*layers)


def drawn(block_info: dict | None = None) -> np.ndarray:
    """Rows of one partition."""
    assert block_info is not None
    here = block_info[None]
    return np.random.default_rng(here["chunk-location"][0]).standard_normal(here["chunk-shape"], dtype=np.float32)


def lines(w: dict) -> list[str]:
    """What the page says of it."""
    table = pd.DataFrame(
        {"": what, "one worker, s": f"{w[f'{what}_1']:.1f}", "two workers, s": f"{w[f'{what}_2']:.1f}"}
        | {"times as fast": f"{w[what]:.2f}"}
        for what in ("fit", "explain")
    )
    return [
        f"Dask workers of one thread each: {w['rows']:,} rows of {COLUMNS} columns through a network of widths "
        f"{WIDTHS[0]} and {WIDTHS[1]}, AGOP-IxG, medians of {w['repeats']}:",
        "",
        *markdown(table),
        "",
    ]
