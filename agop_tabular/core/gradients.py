"""Gradients of scores with respect to a batch of inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Scores = Callable[[Tensor], Tensor]
"""Maps inputs (b, p) to scores (b, C), row by row, without changing the inputs."""

Choice = Callable[[Tensor], Tensor]
"""Maps scores (b, C) to the index of the explained class of each row (b,)."""

Link = Callable[[Tensor], Tensor]
"""Maps scores (b, C) to what is differentiated in their place (b, C), such as probabilities."""

Cut = Callable[[], AbstractContextManager[list[Tensor]]]
"""Opens a context in which one call of the scores puts tensors (b, h_i) into the list. Gradients are then taken with
respect to these, concatenated, instead of the input. Nothing else may read the input."""


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores of a batch, what is differentiated, and the tensors that gradients are taken with respect to."""

    scores: Tensor
    explained: Tensor
    leaves: tuple[Tensor, ...]
    input: Tensor

    @classmethod
    def forward(cls, scores: Scores, x: Tensor, cut: Cut | None, link: Link | None) -> _Scored:
        leaf = x.detach().requires_grad_()
        try:
            with nullcontext([leaf]) if cut is None else cut() as outputs:
                s = scores(leaf)
            explained = s if link is None else link(s)
        except RuntimeError as error:
            if "nference tensor" in str(error):  # torch has no class of its own for it
                raise ValueError(_INFERENCE) from error
            raise
        return cls(s, explained, tuple(outputs), leaf)

    def backward(self, weights: Tensor, *, retain_graph: bool = False) -> Tensor:
        """Gradient of the weighted sum of what is differentiated, (b, p) or (b, h)."""
        if self.explained.is_inference():
            raise ValueError(_INFERENCE)
        if not self.explained.requires_grad:
            raise ValueError(_NO_GRADIENT)
        behind = self.leaves[0] is not self.input
        # Behind a cut the input must have no gradient of its own, or something else has read it.
        wanted = (*self.leaves, self.input) if behind else self.leaves
        total = (self.explained * weights).sum()  # grad_outputs=weights would make torch import sympy
        gradients = torch.autograd.grad(total, wanted, retain_graph=retain_graph, allow_unused=True)
        if behind:
            if gradients[-1] is not None:
                raise OtherReaderError
            gradients = gradients[:-1]
        if any(gradient is None for gradient in gradients):
            raise ValueError(_NO_GRADIENT)
        return gradients[0] if len(gradients) == 1 else torch.cat(gradients, dim=1)

    def of_class(self, c: int, contrast: float) -> Tensor:
        """Gradient of score c; that of the last one frees the graph."""
        n_scores = self.explained.shape[1]
        weights = _weights(
            torch.full((len(self.explained),), c, device=self.explained.device), self.explained, contrast
        )
        return self.backward(weights, retain_graph=c < n_scores - 1)


def _weights(target: Tensor, s: Tensor, contrast: float) -> Tensor:
    """Weights (b, C) by which the scores sum to the explained score of each row's target (b,)."""
    weights = torch.zeros_like(s)
    weights.scatter_(1, target[:, None], contrast or 1.0)
    return weights - contrast / s.shape[1] if contrast else weights


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
    scores: Scores,
    x: Tensor,
    choose: Choice,
    *,
    contrast: float = 0.0,
    link: Link | None = None,
    cut: Cut | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the gradient of one score for each row, by one forward and one backward pass.

    Parameters
    ----------
    scores : callable
        Maps (b, p) to (b, C), row by row.
    x : Tensor of shape (b, p)
    choose : callable
        Maps the scores to the index of the explained class of each row.
    contrast : float
        Factor of a score minus the mean over classes, which is explained in its place; 0 for the score as it is.
    link : callable, optional
        Maps the scores to what is differentiated in their place.
    cut : callable, optional
        Tensors with respect to which gradients are taken instead of the input.

    Returns
    -------
    gradient : Tensor of shape (b, p), or (b, h)
    target : Tensor of shape (b,)
        What ``choose`` returned.
    scores : Tensor of shape (b, C)
        As the network returned them.
    """
    scored = _Scored.forward(scores, x, cut, link)
    s = scored.scores.detach()
    target = choose(s)
    return scored.backward(_weights(target, scored.explained.detach(), contrast)), target, s


def class_gradients(
    scores: Scores,
    x: Tensor,
    *,
    contrast: float = 0.0,
    link: Link | None = None,
    opposite: bool = False,
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
    contrast : float
        Factor of every score minus the mean over classes, which is explained in its place; 0 for scores as they are.
    link : callable, optional
        Maps the scores to what is differentiated in their place.
    opposite : bool
        Whether the gradients of two scores are known to be each other's negatives, as those of two probabilities are.
    cut : callable, optional
        Tensors with respect to which gradients are taken instead of the input.
    seen : callable, optional
        Called with the scores (b, C) of the forward pass, as the network returned them.

    Yields
    ------
    gradient : Tensor of shape (b, p), or (b, h)
        Of one score, in the order of the classes.
    """
    scored = _Scored.forward(scores, x, cut, link)
    if seen is not None:
        seen(scored.scores.detach())
    n_scores = scored.explained.shape[1]
    if n_scores == 2 and (contrast or opposite):
        first = scored.backward(_weights(torch.zeros_like(scored.explained[:, 0]).long(), scored.explained, contrast))
        yield from (first, -first)
        return
    for c in range(n_scores):
        yield scored.of_class(c, contrast)


def score_jacobian(scores: Scores, x: Tensor, **how: Any) -> Tensor:
    """Compute the gradients of all scores at once.

    Parameters
    ----------
    scores, x, **how : as in :func:`class_gradients`

    Returns
    -------
    Tensor of shape (b, C, p), or (b, C, h)
    """
    return torch.stack(list(class_gradients(scores, x, **how)), dim=1)
