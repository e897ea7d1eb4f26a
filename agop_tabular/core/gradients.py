"""Gradients of class scores with respect to a batch of inputs, and the context that leaves a model as found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

Scores = Callable[[Tensor], Tensor]
"""Maps inputs (b, p) to class scores (b, C), row by row."""

Choice = Callable[[Tensor], Tensor]
"""Maps class scores (b, C) to the index of the explained class of each row (b,)."""


@contextmanager
def as_found(module: nn.Module) -> Iterator[None]:
    """Evaluate ``module`` with gradients, and leave it as it was found, after an error too.

    Inside, every submodule is in evaluation mode, gradients are recorded even under ``torch.no_grad`` and the
    random state is a fixed one, so that the same input gives the same bits. On leaving, the training mode of each
    submodule, its buffers and torch's random state are what they were. Parameters, their ``requires_grad`` and
    their ``grad`` are never touched.

    Parameters
    ----------
    module : torch.nn.Module
        The module, with all its submodules.
    """
    modes = [(m, m.training) for m in module.modules()]
    buffers = [
        (m._buffers, name, b, b.detach().clone())
        for m in module.modules()
        for name, b in m._buffers.items()
        if b is not None
    ]
    devices = {p.device for p in module.parameters() if p.device.type == "cuda"}
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[d.index for d in devices]))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        torch.manual_seed(0)
        try:
            for m, _ in modes:
                m.training = False
            yield
        finally:
            for m, training in modes:
                m.training = training
            with torch.no_grad():
                for owner, name, buffer, before in buffers:
                    owner[name] = buffer
                    if not torch.equal(buffer, before):
                        buffer.copy_(before)


def _scored(scores: Scores, x: Tensor) -> tuple[Tensor, Tensor]:
    """The input as a leaf, and its scores.

    The model is handed a clone: an in-place operation at its door then neither overwrites the caller's memory nor
    meets a leaf that requires a gradient.
    """
    leaf = x.detach().requires_grad_()
    return leaf, scores(leaf.clone())


def _backward(leaf: Tensor, s: Tensor, weights: Tensor, *, retain_graph: bool = False) -> Tensor:
    if not s.requires_grad:
        raise ValueError(_NO_GRADIENT)
    (gradient,) = torch.autograd.grad(s, leaf, grad_outputs=weights, retain_graph=retain_graph, allow_unused=True)
    if gradient is None:
        raise ValueError(_NO_GRADIENT)
    return gradient


_NO_GRADIENT = (
    "No gradient reaches the network's input: its scores are computed without autograd or from integers "
    "(nn.Embedding, .long(), .detach(), numpy). Explain a network that is differentiable in its numeric input, "
    "for example one whose categories are one-hot encoded."
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
    each: Iterator[Tensor] = (_backward(leaf, s, weights, retain_graph=True) for weights in _one_hot_rows(s))
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


def _one_hot_rows(s: Tensor) -> Iterator[Tensor]:
    for c in range(s.shape[1]):
        weights = torch.zeros_like(s)
        weights[:, c] = 1.0
        yield weights
