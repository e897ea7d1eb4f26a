"""xRFM, the recursive feature machine: kernel regression under an AGOP of its own.

A tree without splits is one function. Its values and its gradients are taken from the package's own kernel, which
computes in place, so that autograd could not follow it. Where the kernel is told of categories, it looks them up, and
its gradients are those of the same kernel on one-hot vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter

CELLS = 2**25
"""Rows × centres × coordinates that the kernel is asked for at once."""

CLIP = 1e-3
"""xRFM holds the probabilities of a regression this far from 0 and 1."""


class _Machine(torch.autograd.Function):
    """Kernel regression; forward and backward are the kernel's own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Any, centers: Tensor, weights: Tensor, transform: Tensor | None) -> Tensor:
        ctx.save_for_backward(x)
        ctx.machine = kernel, centers, weights, transform
        out: Tensor = kernel.get_kernel_matrix(x, centers, transform) @ weights
        return out

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        if not hasattr(ctx, "jacobian"):  # kept for the backward passes of other classes
            kernel, centers, weights, transform = ctx.machine
            ctx.jacobian = kernel.get_function_grads(centers, x, weights.T, transform)
        return torch.einsum("no,ond->nd", outer[0], ctx.jacobian), None, None, None, None


class KernelMachine(nn.Module):
    """The regression of a leaf, and the scores that it gives the classes.

    Parameters
    ----------
    leaf : xrfm.RFM
    decode : Tensor of shape (n_outputs + 1, n_scores) or None
        Makes scores of outputs, the last row being a constant; None where they are the outputs.
    """

    centers: Tensor
    weights: Tensor
    transform: Tensor | None
    decode: Tensor | None

    def __init__(self, leaf: Any, decode: Tensor | None):
        super().__init__()
        self.kernel = leaf.kernel_obj
        self.register_buffer("centers", leaf.centers)
        self.register_buffer("weights", leaf.weights)
        self.register_buffer("transform", leaf.sqrtM if leaf.use_sqrtM else leaf.M)
        self.register_buffer("decode", None if decode is None else decode.to(leaf.weights))

    def forward(self, x: Tensor) -> Tensor:
        """Scores (b, n_scores)."""
        rows = max(1, CELLS // self.centers.numel())
        parts = [_Machine.apply(part, self.kernel, *self._fitted()) for part in x.split(rows)]
        out = torch.cat(parts)
        return out if self.decode is None else out @ self.decode[:-1] + self.decode[-1]

    def _fitted(self) -> tuple[Tensor, Tensor, Tensor | None]:
        return self.centers, self.weights, self.transform

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """Take the kernel's own tensors along to another device."""
        super()._apply(fn, recurse)
        if self.kernel.handle_categorical:
            kept = self.kernel.numerical_indices, self.kernel.categorical_indices, self.kernel.categorical_vectors
            self.kernel.set_categorical_indices(*kept, device=self.centers.device)
        return self


@dataclass
class RegressedClasses(Adapter):
    """A classifier whose scores are probabilities by regression, before they are clipped to (0, 1)."""

    def probabilities(self, scores: Tensor) -> Tensor:
        """Clipped, and shares of their sum."""
        clipped = scores.clamp(CLIP, 1 - CLIP)
        return clipped / clipped.sum(dim=1, keepdim=True)


@adapts("xrfm.xRFM")
def xrfm_model(model: Any) -> Adapter:
    """A single leaf, which is what xRFM fits on up to ``max_leaf_size`` rows."""
    if not model.trees:
        raise NotFittedError("This xRFM is not fitted; call its fit with training and validation rows.")
    if len(model.trees) > 1 or model.trees[0]["type"] != "leaf":
        raise TypeError(
            "This xRFM has split its rows, and jumps from leaf to leaf, so it has no gradient there; use "
            'agop_tabular.automl.explain(…, surrogate="auto"), or fit it with a larger max_leaf_size.'
        )
    leaf = model.trees[0]["model"]
    if not model.n_classes_:
        return Adapter(KernelMachine(leaf, None), kind="regressor")
    classes = np.arange(model.n_classes_)
    if leaf.solver == "log_reg":
        return Adapter(KernelMachine(leaf, None), kind="classifier", classes=classes)
    machine = KernelMachine(leaf, _decoding(model.class_converter_, leaf.weights.shape[1]))
    return RegressedClasses(machine, kind="classifier", classes=classes)


def _decoding(converter: Any, n_outputs: int) -> Tensor | None:
    """Scores of the classes from outputs, and a constant 1 behind them."""
    if converter.mode == "prevalence":
        inverse: Tensor = converter._invA
        return inverse.T
    return torch.tensor([[-1.0, 1.0], [1.0, 0.0]]) if n_outputs == 1 else None
