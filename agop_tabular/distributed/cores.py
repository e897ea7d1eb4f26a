"""How many of a machine's cores a dask worker computes with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def share_of_cores() -> Iterator[None]:
    """Inside a dask worker, let torch use as many threads as the worker has; elsewhere, leave torch alone.

    Two workers on two cores are slower with two torch threads each than with one. Threads of a process must
    take turns here, since they share one number of torch threads.
    """
    worker = _worker()
    if worker is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, worker.state.nthreads))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _worker() -> Any:
    """The worker whose task this is, or None."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.get_worker()
    except ValueError:  # not inside a task of a worker
        return None
