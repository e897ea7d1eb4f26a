"""What the bundled networks share in training: a time limit, a seed of their own, and no messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from skorch.callbacks import Callback


class TimeLimit(Callback):
    """Stop training after the first epoch that ends later than a number of seconds.

    Parameters
    ----------
    seconds : float
        Counted from the start of training.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Start the clock."""
        self.started_ = time.perf_counter()

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Raise KeyboardInterrupt when the time is over; skorch then stops training and keeps the net."""
        if time.perf_counter() - self.started_ > self.seconds:
            raise KeyboardInterrupt


@contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """Seed torch inside the block, and restore its random state afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def discard_message(_: str) -> None:
    """Discard the messages of a skorch callback, as its ``sink``."""
