"""Whether a network scores every row by itself: the same in every batch, and in every call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.rows import spread_rows
from agop_tabular.models.tolerance import RoundedProducts, SeenDtypes, output_tolerance, repeated_tolerance

ROWS = 64
"""Rows that are scored again in other batches: enough for groups and windows of rows to be torn apart, and few beside
those that the network is tried on."""

SENSITIVE = 8.0
"""Tolerance in units of what rounding of the input changes. Numerical: a sum of some columns' products in another order
is off by a few units of their last place, as if the input were."""

ROUNDED_TIMES = 3
"""Times that what enters the layers, weights included, is rounded by chance: more than another order of sums does."""

CHANGES = (
    "The network returns other scores for the same rows when it is called again, also in evaluation mode: it is random "
    "(F.dropout without training=self.training?), or keeps something from one call to the next. Explain a network "
    "whose scores depend on the row alone."
)

MIXES = (
    "The network mixes rows: a row's scores change with the batch it is in, also in evaluation mode (BatchNorm with "
    "track_running_stats=False, attention or recurrence over rows, as of an LSTM without batch_first, cumulative or "
    "rolling sums). Explain a network that scores every row by itself."
)

Run = Callable[[Tensor], Tensor]
"""Outputs (b, C) at rows (b, p)."""


@contextmanager
def trying(module: nn.Module) -> Iterator[None]:
    """Context in which a module is tried: in evaluation mode, without gradients, its buffers as they were before."""
    with evaluating(module), torch.no_grad():
        yield


def describe(error: Exception) -> str:
    """An error of the user's network for a message: its kind, and what it says if it says anything."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def check_row_by_row(module: nn.Module, run: Run, x: Tensor, raw: Tensor, most_rows: int) -> None:
    """Refuse a network whose output for a row depends on the other rows, their number or order, or on earlier calls.

    Rows are scored twice in one batch, in another order, in two halves, and alone.

    Parameters
    ----------
    module : torch.nn.Module
    run : callable
        Outputs (b, C) of the module at rows (b, p).
    x : Tensor of shape (n, p)
    raw : Tensor of shape (n, C)
        Outputs for them, from larger batches where that is allowed.
    most_rows : int
        Rows of a batch, at most; two are needed.

    Raises
    ------
    ValueError
    """
    few = _spread_and_distinct(x, max(2, min(ROWS, most_rows)))
    x, raw = x[few], raw[few]
    with trying(module):
        first = run(x.clone())
        others = [(place, _run_part(run, x, place)) for place in _orders(len(x), x.device)]
        again = [run(x.clone()) for _ in range(2)]  # twice, in case what is kept is used in a batch of the same size
    with trying(module):  # afresh, since the first batch may have set a buffer that all later ones use
        others += [(place, _run_part(run, x, place)) for place in _halves(len(x), x.device)]
    pairs = [(first, raw), *((out, raw[place]) for place, out in others)]

    def problem(dtype: torch.dtype, rounding: Tensor | float = 0.0) -> str | None:
        """What is wrong if outputs went through this dtype, and rounding of the input changes them by so much."""
        size = torch.nan_to_num(raw, 0.0, 0.0, 0.0)
        if not all(_same(out, first, repeated_tolerance(size, dtype)) for out in again):
            return CHANGES
        return None if all(_same(*pair, output_tolerance(size, dtype) + rounding) for pair in pairs) else MIXES

    if problem(raw.dtype) is not None:
        dtype = _coarsest_dtype(module, run, x, raw.dtype)  # slow at first, since torch imports sympy for it
        found = problem(dtype)
        if found == MIXES:  # or each row is so sensitive that sums in another order make a difference
            by_input = SENSITIVE * _change_by_rounding(module, run, x, first)
            found = problem(dtype, torch.maximum(by_input, _change_by_rounding_inside(module, run, x, first)))
        if found is not None:
            raise NoGradientError(found)


def _spread_and_distinct(x: Tensor, n: int) -> Tensor:
    """Places of n rows, or all, as many of them different as there are: a mean over equal rows is that of each."""
    _, first = np.unique(x.detach().cpu().double().numpy(), axis=0, return_index=True)
    distinct, others = np.sort(first), np.setdiff1d(np.arange(len(x)), first)
    places = distinct[spread_rows(len(distinct), n)]
    if len(places) < n and len(others):
        places = np.sort(np.concatenate((places, others[spread_rows(len(others), n - len(places))])))
    return torch.from_numpy(places).to(x.device)


def _orders(n: int, device: torch.device) -> list[Tensor]:
    """All rows in an order that keeps no row's neighbours, or one row twice; then some rows alone."""
    if n == 1:
        return [torch.zeros(2, dtype=torch.long, device=device)]
    every = torch.arange(n, device=device)
    mixed = torch.cat((every[1::2].flip(0), every[::2]))
    return [mixed, *(every[i : i + 1] for i in dict.fromkeys((0, n // 2, n - 1)))]


def _halves(n: int, device: torch.device) -> list[Tensor]:
    every = torch.arange(n, device=device)
    return [every[: n // 2], every[n // 2 :]] if n > 1 else []


def _coarsest_dtype(module: nn.Module, run: Run, x: Tensor, own: torch.dtype) -> torch.dtype:
    """The coarsest dtype that outputs go through, as far as torch shows it; their own where it does not."""
    seen, rows = SeenDtypes(), x.clone()
    with suppress(Exception), trying(module), seen:  # a few operations cannot be watched
        run(rows)
    return seen.coarsest(own)


def _change_by_rounding(module: nn.Module, run: Run, x: Tensor, out: Tensor) -> Tensor:
    """Largest change of each output, (C,), where the numbers at the input are rounded up, or down, or both."""
    eps, every = torch.finfo(x.dtype).eps, torch.arange(x.shape[1], device=x.device)
    with trying(module):
        changes = [run(x + eps * sign * x) - out for sign in (1, -1, 1 - 2 * (every % 2))]
    return torch.nan_to_num(torch.stack(changes)).abs().amax(dim=(0, 1))


def _change_by_rounding_inside(module: nn.Module, run: Run, x: Tensor, out: Tensor) -> Tensor:
    """The same where what enters each layer is rounded, which shows terms that cancel in the layer."""
    changes = [torch.zeros_like(out)]
    for seed in range(ROUNDED_TIMES):
        with suppress(Exception), trying(module), RoundedProducts(seed):  # a few operations cannot be watched
            changes.append(run(x.clone()) - out)
    return torch.nan_to_num(torch.stack(changes)).abs().amax(dim=(0, 1))


def _run_part(run: Run, x: Tensor, place: Tensor) -> Tensor:
    try:
        return run(x[place])
    except Exception as error:  # such as BatchNorm's on a single row
        raise NoGradientError(
            f"The network mixes rows, or needs a certain number of them: it scores {len(x)} rows, but on {len(place)} "
            f"of them it fails ({describe(error)}). Explain a network that scores every row by itself."
        ) from error


def _same(out: Tensor, expected: Tensor, tolerance: Tensor) -> bool:
    """Whether outputs are the same within a tolerance, where those expected are finite."""
    return bool((((out - expected).abs() <= tolerance) | ~torch.isfinite(expected)).all())
