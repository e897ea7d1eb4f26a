"""The Linear layers that read a network's input directly, so that gradients can be taken behind them.

With W (h, p) the weights of these layers, stacked, and a (h,) the gradient of a score with respect to their outputs,
the gradient with respect to the input is ``Wᵀ a``. Sums and linear maps of gradients can then be computed from h
numbers instead of p, and the backward pass through the layers is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from agop_tabular.core.evaluating import HOOKS, evaluating
from agop_tabular.core.gradients import OtherReaderError, Scores, class_gradients

PROBE_ROWS = 32
"""Rows on which the layers are confirmed: with more, trying a wide network would take longer than what it saves."""

TOLERANCE = 1e3
"""Units of rounding, relative to the largest gradient, that gradients from behind the layers may differ by. Numerical:
the sums over h are in another order."""


@dataclass(frozen=True, eq=False)
class InputLayer:
    """Layers of a module that read its whole input, which nothing else reads.

    Attributes
    ----------
    module : torch.nn.Module
    names : tuple of str
        Names of the layers, in the order in which they are called.
    overwritten : bool
        Whether the module overwrites their outputs in place.
    """

    module: nn.Module
    names: tuple[str, ...]
    overwritten: bool = False

    @property
    def layers(self) -> list[nn.Linear]:
        """The layers."""
        found = [self.module.get_submodule(name) for name in self.names]
        return [layer for layer in found if isinstance(layer, nn.Linear)]

    @property
    def weight(self) -> Tensor:
        """Current weights of the layers, stacked, (h, p)."""
        weights = [layer.weight.detach() for layer in self.layers]
        return weights[0] if len(weights) == 1 else torch.cat(weights)

    @contextmanager
    def cut(self) -> Iterator[list[Tensor]]:
        """Detach the network behind the layers; the list gets their outputs in one call, as leaves for gradients."""
        outputs: list[Tensor] = []

        def leaf(i: int, output: Tensor) -> Tensor:
            if len(outputs) != i:  # a layer is called twice, or in another order
                raise OtherReaderError
            outputs.append(output.detach().requires_grad_())
            return outputs[i].clone() if self.overwritten else outputs[i]  # a leaf must not be overwritten

        with ExitStack() as stack:
            for i, layer in enumerate(self.layers):
                stack.callback(layer.register_forward_hook(lambda _, __, output, i=i: leaf(i, output)).remove)
            yield outputs
            if len(outputs) != len(self.names):
                raise OtherReaderError

    @contextmanager
    def returning(self, outputs: Sequence[Tensor]) -> Iterator[None]:
        """Let the layers return these tensors, in place of what they make of the input, which they do not look at.

        Parameters
        ----------
        outputs : sequence of Tensors of shape (b, h_i)
            One for each layer.
        """
        with ExitStack() as stack:
            for layer, output in zip(self.layers, outputs, strict=True):
                layer.__dict__["forward"] = lambda _, output=output: output
                stack.callback(layer.__dict__.pop, "forward")
            yield

    @classmethod
    def find(cls, module: nn.Module, scores: Scores, x: Tensor) -> InputLayer | None:
        """Find the layers, and confirm on a few rows that gradients follow from those of their outputs; None if not.

        Parameters
        ----------
        module : torch.nn.Module
        scores : callable
            Maps (b, p) to (b, C) through the module.
        x : Tensor of shape (b, p)
        """
        x = x[:: max(1, len(x) // PROBE_ROWS)]
        plain = {name: m for name, m in module.named_modules() if _is_plain(m, x.shape[1])}
        if not plain:
            return None
        with evaluating(module):
            try:
                names, overwritten = _readers(plain, scores, x)
            except RuntimeError:  # such as tensors of torch.inference_mode, which cannot be followed
                return None
            found = cls(module, tuple(names), overwritten)
            if not names or not found._confirmed(scores, x):
                return None
        return found

    def _confirmed(self, scores: Scores, x: Tensor) -> bool:
        """Whether gradients from behind the layers equal those with respect to the input."""
        try:
            behind = list(class_gradients(scores, x, cut=self.cut))
            through = list(class_gradients(scores, x))
        except (ValueError, RuntimeError):
            return False
        weight = self.weight
        for a, g in zip(behind, through, strict=True):
            size = g.abs().max()
            if not torch.isfinite(size) or ((a @ weight - g).abs() > TOLERANCE * torch.finfo(g.dtype).eps * size).any():
                return False
        return True


def _is_plain(module: nn.Module, p: int) -> bool:
    """Whether it is a Linear layer over p inputs without a subclass, parametrisation or hook that changes it."""
    changed = "forward" in vars(module) or any(getattr(module, hooks, None) for hooks in HOOKS)
    return type(module) is nn.Linear and module.in_features == p and not changed


def _readers(layers: dict[str, nn.Module], scores: Scores, x: Tensor) -> tuple[list[str], bool]:
    """Names of the layers that are called with the input itself, and whether their outputs are overwritten in place."""
    names: list[str] = []
    seen: list[tuple[Tensor, int]] = []
    with ExitStack() as stack, torch.no_grad():
        for name, layer in layers.items():

            def look(_: nn.Module, args: tuple[Tensor, ...], output: Tensor, name: str = name) -> None:
                same = len(args) == 1 and args[0].shape == x.shape and args[0].dtype == x.dtype
                same = same and output.dtype == x.dtype  # not under autocast
                if same and torch.equal(args[0], x):
                    names.append(name)
                    seen.append((output, output._version))

            stack.callback(layer.register_forward_hook(look).remove)
        scores(x)
    return names, any(output._version != version for output, version in seen)
