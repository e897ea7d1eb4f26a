"""Seconds and memory of calls. Memory needs /proc."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

WARM_UP = 2
"""Rounds that :func:`interleaved` does not count: in the first, caches are cold and libraries import what they need."""


def timed(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def median_seconds(call: Callable[[], Any], repeats: int) -> float:
    """Median seconds over calls, after one call to warm up."""
    call()
    return statistics.median(timed(call) for _ in range(repeats))


def interleaved(calls: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each call in each round. Calls take turns, so that a slow moment of the machine hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(repeats + WARM_UP):
        for name, call in calls.items():
            seconds = timed(call)
            if i >= WARM_UP:
                times[name].append(seconds)
    return times


def in_own_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a module's function in a new process, since a process's peak memory never falls."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def peak_memory() -> int:
    """Largest resident set of this process so far, in bytes."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def peak_growth(call: Callable[[], Any]) -> tuple[Any, int]:
    """What a call returns, and the bytes by which its peak memory exceeds what was resident before."""
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak, which a new process inherits from its parent
    out = call()
    return out, max(0, peak_memory() - before)
