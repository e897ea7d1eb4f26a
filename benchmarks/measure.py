"""Seconds and memory of a call."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any


def timed(run_once: Callable[[], Any]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    run_once()
    return time.perf_counter() - start


def median_seconds(run_once: Callable[[], Any], repeats: int) -> float:
    """Median over calls, after one more to warm up."""
    run_once()
    return statistics.median(timed(run_once) for _ in range(repeats))


def in_own_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a module's function in a new process: a peak of memory never falls."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def peak_growth(call: Callable[[], Any]) -> tuple[Any, int]:
    """What a call returns, and by how many bytes the peak resident set went beyond what was resident before it."""
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far, that of the parent process included
    out = call()
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    return out, max(0, peak - before)
