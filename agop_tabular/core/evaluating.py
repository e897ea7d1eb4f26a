"""A context in which a network is evaluated with gradients, and which leaves it exactly as it was."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import numpy as np
import torch
from torch import nn

_LOCK = threading.RLock()
"""Training modes and random states belong to the whole process, so only one thread at a time may change them.
Reentrant, since contexts are nested."""

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
"""Attributes of a module in which torch keeps hooks; they may change what a layer computes."""


class _Open:
    """A context that is open, in the thread that holds the lock, and what is to be restored of the process.

    Parameters
    ----------
    module : torch.nn.Module
    changes : ExitStack
        Restores what the context itself changed.
    """

    def __init__(self, module: nn.Module, changes: ExitStack):
        self.thread, self.changes = threading.get_ident(), changes
        hooks = [getattr(m, name, None) for m in module.modules() for name in HOOKS]
        self.hooks = [(found, tuple(found)) for found in hooks if isinstance(found, dict)]

    def abandon(self) -> None:
        """Restore all, and remove hooks that were registered inside, in place of the thread."""
        with suppress(Exception):  # the thread may have been about to enter or to leave
            self.changes.close()
        for hooks, before in self.hooks:
            for key in set(hooks) - set(before):
                del hooks[key]


_OPEN: list[_Open] = []
"""Contexts that are open, the outermost first."""


def _begin_anew_in_child() -> None:
    """In a process forked while another thread evaluates: restore what that thread changed, and make a new lock.

    The thread itself does not exist there, so it would never do either.
    """
    global _LOCK
    if _OPEN and _OPEN[-1].thread == threading.get_ident():  # the thread that forked is the one that evaluates
        return
    _LOCK = threading.RLock()
    for context in reversed(_OPEN.copy()):
        context.abandon()
    _OPEN.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_begin_anew_in_child)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluate ``module`` with gradients, and leave it exactly as it was, after an error too.

    Inside, every submodule is in evaluation mode, gradients are recorded even under ``torch.no_grad``, autocast is off,
    compiled modules run eagerly, and torch's random state is fixed, so that the same input gives the same bits.
    On leaving, the training mode of each submodule, its buffers, and the random states of torch, numpy and Python are
    restored. Parameters, their ``requires_grad`` and their ``grad`` are never touched. Threads take turns.

    Parameters
    ----------
    module : torch.nn.Module
        The module, with all its submodules.
    """
    devices = {p.device for p in module.parameters() if p.device.type == "cuda"}
    with _LOCK, _recording_gradients(module, devices), ExitStack() as changes:
        _OPEN.append(_Open(module, changes))
        changes.callback(_OPEN.pop)
        changes.enter_context(_random_states(devices))
        changes.enter_context(_buffers(module))
        changes.enter_context(_eval_mode(module))
        yield


@contextmanager
def _random_states(devices: set[torch.device]) -> Iterator[None]:
    """Fix the random state of torch, and restore those of torch, numpy and Python afterwards."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - modules use the global one
    with torch.random.fork_rng(devices=[device.index for device in devices]):
        if devices:
            torch.manual_seed(0)
        else:  # the same, but manual_seed would initialise every other device
            torch.random.default_generator.manual_seed(0)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002


@contextmanager
def _recording_gradients(module: nn.Module, devices: set[torch.device]) -> Iterator[None]:
    """Turn gradients on, inference mode and autocast off, and run compiled modules eagerly."""
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in {"cpu", *(device.type for device in devices)}:
            stack.enter_context(torch.autocast(kind, enabled=False))
        if any(hasattr(m, "_orig_mod") for m in module.modules()) and hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield


@contextmanager
def _buffers(module: nn.Module) -> Iterator[None]:
    """Restore the buffers: their names, shapes and values, in the same tensors."""
    owners = [(m._buffers, dict(m._buffers)) for m in module.modules() if isinstance(m._buffers, dict)]
    values = [(b, b.detach().clone()) for b in module.buffers() if b.layout is torch.strided]
    try:
        yield
    finally:
        for owner, before in owners:
            owner.clear()
            owner.update(before)
        with torch.no_grad():
            for buffer, value in values:
                if buffer.shape != value.shape:  # resized in place
                    buffer.data = value
                elif not torch.equal(buffer, value):  # an unchanged one is not written to: it may be shared
                    buffer.copy_(value)


@contextmanager
def _eval_mode(module: nn.Module) -> Iterator[None]:
    """Put every submodule into evaluation mode, and each back into its own afterwards."""
    modes = [(m, m.training) for m in module.modules() if hasattr(m, "training")]
    try:
        for m, _ in modes:
            m.training = False
        yield
    finally:
        for m, training in modes:
            m.training = training
