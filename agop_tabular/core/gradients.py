"""Gradients of class scores with respect to a batch of inputs, and the context that leaves a model as found."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import Tensor, nn

Scores = Callable[[Tensor], Tensor]
"""Maps inputs (b, p) to class scores (b, C), row by row, and leaves the inputs as they are."""

Choice = Callable[[Tensor], Tensor]
"""Maps class scores (b, C) to the index of the explained class of each row (b,)."""


_ONE_AT_A_TIME = threading.RLock()
"""Training modes and random states belong to the whole process, so only one thread at a time may borrow them."""


@contextmanager
def as_found(module: nn.Module) -> Iterator[None]:
    """Evaluate ``module`` with gradients, and leave it as it was found, after an error too.

    Inside, every submodule is in evaluation mode, gradients are recorded even under ``torch.no_grad``, autocast is off,
    compiled modules run eagerly, and torch's random state is a fixed one, so that the same input gives the same bits.
    On leaving, the training mode of each submodule, its buffers, and the random states of torch, numpy and Python are
    what they were. Parameters, their ``requires_grad`` and their ``grad`` are never touched. Threads take turns.

    Parameters
    ----------
    module : torch.nn.Module
        The module, with all its submodules.
    """
    with _ONE_AT_A_TIME, ExitStack() as stack:
        modes = [(m, m.training) for m in module.modules() if hasattr(m, "training")]
        owners = [(m._buffers, dict(m._buffers)) for m in module.modules()]
        buffers = [(b, b.detach().clone()) for b in module.buffers() if b.layout is torch.strided]
        devices = {p.device for p in module.parameters() if p.device.type == "cuda"}
        states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global one is meant
        stack.enter_context(torch.random.fork_rng(devices=[d.index for d in devices]))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in {"cpu", *(d.type for d in devices)}:
            stack.enter_context(torch.autocast(device, enabled=False))
        if any(hasattr(m, "_orig_mod") for m in module.modules()) and hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        if devices:
            torch.manual_seed(0)
        else:  # the same, without a look at every other device
            torch.random.default_generator.manual_seed(0)
        try:
            for m, _ in modes:
                m.training = False
            yield
        finally:
            for m, training in modes:
                m.training = training
            for owner, before in owners:
                owner.clear()
                owner.update(before)
            with torch.no_grad():
                for buffer, value in buffers:
                    if buffer.shape != value.shape:
                        buffer.data = value
                    elif not torch.equal(buffer, value):
                        buffer.copy_(value)
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002


def _scored(scores: Scores, x: Tensor) -> tuple[Tensor, Tensor]:
    """The input as a leaf, and its scores."""
    leaf = x.detach().requires_grad_()
    return leaf, scores(leaf)


def _backward(leaf: Tensor, s: Tensor, weights: Tensor, *, retain_graph: bool = False) -> Tensor:
    if not s.requires_grad:
        raise ValueError(_NO_GRADIENT)
    (gradient,) = torch.autograd.grad(s, leaf, grad_outputs=weights, retain_graph=retain_graph, allow_unused=True)
    if gradient is None:
        raise ValueError(_NO_GRADIENT)
    return gradient


_NO_GRADIENT = (
    "No gradient reaches the network's input: its scores are computed without autograd or from integers "
    "(.long(), .detach(), numpy, look-ups other than nn.Embedding's of a column's codes). Explain a network that is "
    "differentiable in its numeric input, for example one whose categories are one-hot encoded."
)


def score_gradient(scores: Scores, x: Tensor, choose: Choice, *, contrast: bool = False) -> tuple[Tensor, Tensor]:
    """Gradient of one score per row, from one forward and one backward pass.

    Parameters
    ----------
    scores : callable
        Maps (b, p) to (b, C), row by row.
    x : Tensor of shape (b, p)
    choose : callable
        Maps the scores to the index of the explained class of each row.
    contrast : bool
        Subtract the mean over classes from the explained score.

    Returns
    -------
    gradient : Tensor of shape (b, p)
    target : Tensor of shape (b,)
        What ``choose`` returned.
    """
    leaf, s = _scored(scores, x)
    target = choose(s.detach())
    weights = torch.zeros_like(s)
    weights.scatter_(1, target[:, None], 1.0)
    if contrast:
        weights -= 1.0 / s.shape[1]
    return _backward(leaf, s, weights), target


def class_gradients(scores: Scores, x: Tensor, *, contrast: bool = False) -> Iterator[Tensor]:
    """Gradients of all scores, one after the other: one forward pass, then one backward pass a class on its graph.

    Parameters
    ----------
    scores : callable
        Maps (b, p) to (b, C), row by row.
    x : Tensor of shape (b, p)
    contrast : bool
        Subtract the mean over classes from every score; all gradients are then held at once.

    Yields
    ------
    gradient : Tensor of shape (b, p)
        Of one score, in the order of the classes.
    """
    leaf, s = _scored(scores, x)
    each: Iterator[Tensor] = (_one_backward(leaf, s, c) for c in range(s.shape[1]))
    if contrast:
        every = torch.stack(list(each))
        each = iter((every - every.mean(dim=0)).unbind())
    yield from each


def score_jacobian(scores: Scores, x: Tensor, *, contrast: bool = False) -> Tensor:
    """Gradients of all scores at once.

    Parameters
    ----------
    scores, x, contrast : as in :func:`class_gradients`

    Returns
    -------
    Tensor of shape (b, C, p)
    """
    return torch.stack(list(class_gradients(scores, x, contrast=contrast)), dim=1)


def _one_backward(leaf: Tensor, s: Tensor, c: int) -> Tensor:
    """Gradient of score c; the last one gives the graph free."""
    weights = torch.zeros_like(s)
    weights[:, c] = 1.0
    return _backward(leaf, s, weights, retain_graph=c < s.shape[1] - 1)
