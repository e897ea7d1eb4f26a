"""Gradients of class scores with respect to a batch of inputs, and the context that leaves a model as found."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

Scores = Callable[[Tensor], Tensor]
"""Maps inputs (b, p) to class scores (b, C), row by row, and leaves the inputs as they are."""

Choice = Callable[[Tensor], Tensor]
"""Maps class scores (b, C) to the index of the explained class of each row (b,)."""

Cut = Callable[[], AbstractContextManager[list[Tensor]]]
"""Opens a context inside which one call of the scores leaves tensors (b, h_i) in the list: gradients are taken with
respect to these, side by side, in the place of the input, which nothing else may read."""


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
        owners = [(m._buffers, dict(m._buffers)) for m in module.modules() if isinstance(m._buffers, dict)]
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


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores of a batch, and the leaves of their graph."""

    scores: Tensor
    leaves: tuple[Tensor, ...]
    input: Tensor

    @classmethod
    def at(cls, scores: Scores, x: Tensor, cut: Cut | None) -> _Scored:
        leaf = x.detach().requires_grad_()
        if cut is None:
            return cls(scores(leaf), (leaf,), leaf)
        with cut() as outputs:
            s = scores(leaf)
        return cls(s, tuple(outputs), leaf)

    def backward(self, weights: Tensor, *, retain_graph: bool = False) -> Tensor:
        """Gradient of the weighted sum of the scores, (b, p) or (b, h)."""
        if not self.scores.requires_grad:
            raise ValueError(_NO_GRADIENT)
        behind = self.leaves[0] is not self.input
        wanted = (*self.leaves, self.input) if behind else self.leaves
        total = (self.scores * weights).sum()  # not grad_outputs=weights, for which torch imports sympy
        gradients = torch.autograd.grad(total, wanted, retain_graph=retain_graph, allow_unused=True)
        if behind:
            if gradients[-1] is not None:
                raise OtherReaderError
            gradients = gradients[:-1]
        if any(gradient is None for gradient in gradients):
            raise ValueError(_NO_GRADIENT)
        return gradients[0] if len(gradients) == 1 else torch.cat(gradients, dim=1)

    def of_class(self, c: int) -> Tensor:
        """Gradient of score c; the last one gives the graph free."""
        weights = torch.zeros_like(self.scores)
        weights[:, c] = 1.0
        return self.backward(weights, retain_graph=c < self.scores.shape[1] - 1)


class OtherReaderError(ValueError):
    """A network's input is read by others than the layers that it was cut behind."""

    def __init__(self) -> None:
        super().__init__(
            "The network reads its input past its first layer on some rows, though not on those that it was tried on; "
            'fit with moment="dense".'
        )


_NO_GRADIENT = (
    "No gradient reaches the network's input: its scores are computed without autograd or from integers "
    "(.long(), .detach(), numpy, look-ups other than nn.Embedding's of a column's codes). Explain a network that is "
    "differentiable in its numeric input, for example one whose categories are one-hot encoded."
)


def score_gradient(
    scores: Scores, x: Tensor, choose: Choice, *, contrast: bool = False, cut: Cut | None = None
) -> tuple[Tensor, Tensor, Tensor]:
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
    cut : callable, optional
        Where to take gradients in the place of the input.

    Returns
    -------
    gradient : Tensor of shape (b, p), or (b, h)
    target : Tensor of shape (b,)
        What ``choose`` returned.
    scores : Tensor of shape (b, C)
    """
    scored = _Scored.at(scores, x, cut)
    s = scored.scores.detach()
    target = choose(s)
    weights = torch.zeros_like(s)
    weights.scatter_(1, target[:, None], 1.0)
    if contrast:
        weights -= 1.0 / s.shape[1]
    return scored.backward(weights), target, s


def class_gradients(
    scores: Scores,
    x: Tensor,
    *,
    contrast: bool = False,
    cut: Cut | None = None,
    seen: Callable[[Tensor], None] | None = None,
) -> Iterator[Tensor]:
    """Gradients of all scores, one after the other: one forward pass, then one backward pass a class on its graph.

    Two classes in contrast take one backward pass together.

    Parameters
    ----------
    scores : callable
        Maps (b, p) to (b, C), row by row.
    x : Tensor of shape (b, p)
    contrast : bool
        Subtract the mean over classes from every score; all gradients are then held at once.
    cut : callable, optional
        Where to take gradients in the place of the input.
    seen : callable, optional
        Is handed the scores (b, C) of the forward pass.

    Yields
    ------
    gradient : Tensor of shape (b, p), or (b, h)
        Of one score, in the order of the classes.
    """
    scored = _Scored.at(scores, x, cut)
    if seen is not None:
        seen(scored.scores.detach())
    each: Iterator[Tensor] = (scored.of_class(c) for c in range(scored.scores.shape[1]))
    if contrast and scored.scores.shape[1] == 2:  # the two are each other's negative
        half = scored.backward(scored.scores.new_tensor([0.5, -0.5]).expand_as(scored.scores))
        each = iter((half, -half))
    elif contrast:
        every = torch.stack(list(each))
        each = iter((every - every.mean(dim=0)).unbind())
    yield from each


def score_jacobian(scores: Scores, x: Tensor, *, contrast: bool = False, cut: Cut | None = None) -> Tensor:
    """Gradients of all scores at once.

    Parameters
    ----------
    scores, x, contrast, cut : as in :func:`class_gradients`

    Returns
    -------
    Tensor of shape (b, C, p), or (b, C, h)
    """
    return torch.stack(list(class_gradients(scores, x, contrast=contrast, cut=cut)), dim=1)
