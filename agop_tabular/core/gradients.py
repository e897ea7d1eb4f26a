"""Gradients of scores with respect to a batch of inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

Scores = Callable[[Tensor], Tensor]
"""Maps inputs (b, p) to scores (b, C), row by row, without changing the inputs."""

Choice = Callable[[Tensor], Tensor]
"""Maps scores (b, C) to the index of the explained class of each row (b,)."""

Cut = Callable[[], AbstractContextManager[list[Tensor]]]
"""Opens a context in which one call of the scores puts tensors (b, h_i) into the list. Gradients are then taken with
respect to these, concatenated, instead of the input. Nothing else may read the input."""


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores of a batch, and the tensors that gradients are taken with respect to."""

    scores: Tensor
    leaves: tuple[Tensor, ...]
    input: Tensor

    @classmethod
    def forward(cls, scores: Scores, x: Tensor, cut: Cut | None) -> _Scored:
        leaf = x.detach().requires_grad_()
        try:
            if cut is None:
                return cls(scores(leaf), (leaf,), leaf)
            with cut() as outputs:
                s = scores(leaf)
        except RuntimeError as error:
            if "nference tensor" in str(error):  # torch has no class of its own for it
                raise ValueError(_INFERENCE) from error
            raise
        return cls(s, tuple(outputs), leaf)

    def backward(self, weights: Tensor, *, retain_graph: bool = False) -> Tensor:
        """Gradient of the weighted sum of the scores, (b, p) or (b, h)."""
        if self.scores.is_inference():
            raise ValueError(_INFERENCE)
        if not self.scores.requires_grad:
            raise ValueError(_NO_GRADIENT)
        behind = self.leaves[0] is not self.input
        # Behind a cut the input must have no gradient of its own, or something else has read it.
        wanted = (*self.leaves, self.input) if behind else self.leaves
        total = (self.scores * weights).sum()  # grad_outputs=weights would make torch import sympy
        gradients = torch.autograd.grad(total, wanted, retain_graph=retain_graph, allow_unused=True)
        if behind:
            if gradients[-1] is not None:
                raise OtherReaderError
            gradients = gradients[:-1]
        if any(gradient is None for gradient in gradients):
            raise ValueError(_NO_GRADIENT)
        return gradients[0] if len(gradients) == 1 else torch.cat(gradients, dim=1)

    def of_class(self, c: int) -> Tensor:
        """Gradient of score c; that of the last one frees the graph."""
        weights = torch.zeros_like(self.scores)
        weights[:, c] = 1.0
        return self.backward(weights, retain_graph=c < self.scores.shape[1] - 1)


class OtherReaderError(ValueError):
    """The network reads its input elsewhere than in the layers behind which gradients are taken."""

    def __init__(self) -> None:
        super().__init__(
            "On some rows the network reads its input elsewhere than in its first layer, though not on those that it "
            'was tried on; fit with moment="dense".'
        )


_NO_GRADIENT = (
    "No gradient reaches the network's input: its scores are computed without autograd or from integers "
    "(torch.no_grad inside of forward, .long(), .detach(), numpy, look-ups other than nn.Embedding's of a column's "
    "codes). Explain a network that is differentiable in its numeric input, for example one whose categories are "
    "one-hot encoded."
)

_INFERENCE = (
    "The network computes, or was made, under torch.inference_mode, through which there is no gradient. Take it out of "
    "forward; of a network whose parameters were made under it, explain a copy: copy.deepcopy(net)."
)


def score_gradient(
    scores: Scores, x: Tensor, choose: Choice, *, contrast: bool = False, cut: Cut | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the gradient of one score for each row, by one forward and one backward pass.

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
        Tensors with respect to which gradients are taken instead of the input.

    Returns
    -------
    gradient : Tensor of shape (b, p), or (b, h)
    target : Tensor of shape (b,)
        What ``choose`` returned.
    scores : Tensor of shape (b, C)
    """
    scored = _Scored.forward(scores, x, cut)
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
    """Compute the gradients of all scores one after the other, by one forward pass and one backward pass for each.

    Two classes in contrast share one backward pass.

    Parameters
    ----------
    scores : callable
        Maps (b, p) to (b, C), row by row.
    x : Tensor of shape (b, p)
    contrast : bool
        Subtract the mean over classes from every score; all gradients are then in memory at once.
    cut : callable, optional
        Tensors with respect to which gradients are taken instead of the input.
    seen : callable, optional
        Called with the scores (b, C) of the forward pass.

    Yields
    ------
    gradient : Tensor of shape (b, p), or (b, h)
        Of one score, in the order of the classes.
    """
    scored = _Scored.forward(scores, x, cut)
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
    """Compute the gradients of all scores at once.

    Parameters
    ----------
    scores, x, contrast, cut : as in :func:`class_gradients`

    Returns
    -------
    Tensor of shape (b, C, p), or (b, C, h)
    """
    return torch.stack(list(class_gradients(scores, x, contrast=contrast, cut=cut)), dim=1)
