"""Scores of a module that returns probabilities, as skorch's default criterion NLLLoss requires."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from agop_tabular.core.warning import warn_user
from agop_tabular.models.no_gradient import NoGradientError

_FINAL: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.Softmax: partial(torch.softmax, dim=-1),
    nn.LogSoftmax: partial(torch.log_softmax, dim=-1),
    nn.Sigmoid: torch.sigmoid,
    nn.LogSigmoid: nn.functional.logsigmoid,
}


SUMS_TO_ONE = 1e-3
"""By which probabilities may miss the sum 1, as rounding in half precision makes them."""


STRETCHED = (10.0, -10.0, 1e3, -1e3)
"""Factors of rows on which outputs are looked at that lie between 0 and 1 on the rows themselves."""


class ScoresOfProbabilities(nn.Module):
    """A module of probabilities, converted to scores.

    If the module ends in a Softmax or Sigmoid layer, the scores are the input of this layer. If not, they are the
    logarithms of the probabilities, or their log-odds if the probabilities are independent. Probabilities of exactly 0
    count as the dtype's smallest normal number; independent ones of exactly 1 as the largest number below it.

    Parameters
    ----------
    module : torch.nn.Module
        Returns probabilities (b, C), (b, 1) or (b,).
    final : str or None
        Name of the layer of ``module`` whose input is the scores.
    independent : bool
        Whether the columns are separate probabilities that need not sum to one, as under BCELoss.
    """

    def __init__(self, module: nn.Module, final: str | None, independent: bool):
        super().__init__()
        self.module = module
        self.final = final
        self.independent = independent

    @classmethod
    def around(cls, module: nn.Module, x: Tensor, raw: Tensor, *, independent: bool) -> tuple[nn.Module, bool]:
        """Wrap a module; return it, and whether only differences between its scores have a meaning.

        A final layer is used if applying it to its input gives the module's output on a few rows.

        Parameters
        ----------
        module : torch.nn.Module
        x : Tensor of shape (b, p)
            Probe rows.
        raw : Tensor of shape (b, C) or (b, 1)
            The module's output for them.
        independent : bool
        """
        for name, final in reversed([(n, m) for n, m in module.named_modules() if isinstance(m, tuple(_FINAL))]):
            wrapped = cls(module, name, independent)
            try:
                scores = wrapped(x.clone())
            except _NotReachedError:
                continue
            again = next(apply for kind, apply in _FINAL.items() if isinstance(final, kind))(scores)
            if again.numel() == raw.numel() and torch.allclose(again.reshape_as(raw), raw, rtol=1e-4, atol=1e-6):
                return wrapped, False
        if (raw < 0).any() or (raw > 1).any():
            return module, True  # they are no probabilities but, as NLLLoss of torch takes them, logarithms
        return cls(module, None, independent), not independent

    def forward(self, x: Tensor) -> Tensor:
        """Scores of the rows."""
        if self.final is not None:
            return _input_of(self.module.get_submodule(self.final), self.module, x)
        return self._of(one_tensor(self.module(x)))

    def _of(self, p: Tensor) -> Tensor:
        """Scores of probabilities."""
        of_precision = torch.finfo(p.dtype)
        log_p = torch.log(p.clamp_min(of_precision.tiny))
        return log_p - torch.log((1 - p).clamp_min(of_precision.eps / 2)) if self.independent else log_p

    def certain(self, scores: Tensor) -> Tensor:
        """Whether a probability of each row is 0 or 1, (b,) of bool, so that its true score would be infinite.

        Parameters
        ----------
        scores : Tensor of shape (b, C)
            What ``forward`` returned, in its dtype.
        """
        if self.final is not None:
            return torch.zeros(len(scores), dtype=torch.bool, device=scores.device)
        ends = torch.tensor([0.0, 1.0] if self.independent else [0.0], dtype=scores.dtype, device=scores.device)
        clamped = self._of(ends)
        return (scores[..., None] == clamped).flatten(1).any(dim=1)


def behind_probabilities(module: nn.Module, x: Tensor, raw: Tensor) -> tuple[nn.Module, bool]:
    """The scores of a module of classes which does not say whether it returns them, their logarithms or probabilities.

    They are the input of the Softmax or Sigmoid layer that it ends in, or the logarithms of outputs that are positive
    and sum to one, or the log-odds of a single output between 0 and 1, or else its outputs. Also returned is whether
    only differences between them have a meaning.

    Parameters
    ----------
    module : torch.nn.Module
    x : Tensor of shape (b, p)
        Probe rows.
    raw : Tensor of shape (b, C) or (b, 1)
        The module's output for them.

    Warns
    -----
    UserWarning
        Where outputs lie between 0 and 1 like probabilities, which nothing else tells.
    """
    one = raw.shape[1] == 1
    wrapped, contrast_only = ScoresOfProbabilities.around(module, x, raw, independent=one)
    if not isinstance(wrapped, ScoresOfProbabilities):  # outputs below 0 or above 1
        return module, False
    sure = wrapped.final is not None
    if not sure and not one:
        sure = torch.allclose(raw.sum(dim=1), raw.new_ones(len(raw)), rtol=0, atol=SUMS_TO_ONE)
    if not sure and _leaves_unit_interval(module, x):
        return module, False
    if not sure:
        taken = "is taken for the probability of the second class" if one else "are taken for scores before the softmax"
        warn_user(
            f"The module's {'output lies' if one else 'outputs lie'} between 0 and 1 in all rows, and {taken}; which "
            "it is, only you know. Let the module return the score before the sigmoid or softmax, or end in a "
            "torch.nn.Sigmoid or torch.nn.Softmax layer, whose input is explained."
        )
    return (wrapped, contrast_only) if sure or one else (module, False)


def _leaves_unit_interval(module: nn.Module, x: Tensor) -> bool:
    """Whether outputs lie outside of 0 to 1 far from the rows x (b, p), as scores do and probabilities never."""
    try:
        out = torch.cat([module(factor * x) for factor in STRETCHED])
    except Exception:  # rows that mean nothing to the module, such as negative codes
        return False
    return bool(((out < 0) | (out > 1)).any())


class SeveralOutputsError(NoGradientError):
    """The module returned something else than one tensor, of which nobody can tell what is to be explained."""

    def __init__(self, out: Any) -> None:
        super().__init__(
            f"The network cannot be explained as it is: the module returned {type(out).__name__}, not a tensor. Wrap "
            "it in a torch.nn.Module whose forward returns the one tensor that is to be explained, such as "
            "self.net(x)[0]."
        )


def one_tensor(out: Any) -> Tensor:
    """A module's output, if it is one tensor.

    Raises
    ------
    SeveralOutputsError
    """
    if not isinstance(out, Tensor):
        raise SeveralOutputsError(out)
    return out


class _NotReachedError(Exception):
    """The layer was not called."""


def _input_of(layer: nn.Module, module: nn.Module, x: Tensor) -> Tensor:
    """Input of a layer when the module runs on x, of its last call."""
    seen: list[Tensor] = []

    def remember(_: nn.Module, args: tuple[Any, ...]) -> None:
        seen.append(args[0])

    handle = layer.register_forward_pre_hook(remember)
    try:
        module(x)
    finally:
        handle.remove()
    if not seen:
        raise _NotReachedError
    return seen[-1]
