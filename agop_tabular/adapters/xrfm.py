"""xRFM, the recursive feature machine: kernel regression with a metric from its own AGOP.

A tree without splits is a differentiable function. Its values and gradients are computed by the package's own kernel,
which works in place, so that autograd cannot differentiate it. If the kernel knows of categories, it looks them up; its
gradients are then those of the same kernel on one-hot vectors.
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
from agop_tabular.models.no_gradient import NoGradientError

CELLS = 2**25
"""Largest rows × centres × coordinates in one call of the kernel, whose temporary array then has 128 MB in float32."""

CLIP = 1e-3
"""xRFM clips probabilities from regression to this distance from 0 and 1; the same value as there."""


class _Machine(torch.autograd.Function):
    """Kernel regression with forward and backward by the kernel itself."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Any, centers: Tensor, weights: Tensor, transform: Tensor | None) -> Tensor:
        ctx.save_for_backward(x)
        ctx.machine = kernel, centers, weights, transform
        out: Tensor = kernel.get_kernel_matrix(x, centers, transform) @ weights
        return out

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        if not hasattr(ctx, "jacobian"):  # computed once for the backward passes of all classes
            kernel, centers, weights, transform = ctx.machine
            ctx.jacobian = kernel.get_function_grads(centers, x, weights.T, transform)
        return torch.einsum("no,ond->nd", outer[0], ctx.jacobian), None, None, None, None


class KernelMachine(nn.Module):
    """Kernel regression of a leaf, and the scores of the classes from its outputs.

    Parameters
    ----------
    leaf : xrfm.RFM
    decode : Tensor of shape (n_outputs + 1, n_scores) or None
        Maps outputs and a constant 1 to scores; None if the outputs are the scores.
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
        """Move the kernel's own tensors to the device of the others, too."""
        super()._apply(fn, recurse)
        if self.kernel.handle_categorical:
            kept = self.kernel.numerical_indices, self.kernel.categorical_indices, self.kernel.categorical_vectors
            self.kernel.set_categorical_indices(*kept, device=self.centers.device)
        return self


@dataclass
class RegressedClasses(Adapter):
    """Classifier whose scores are probabilities from regression, not yet clipped to (0, 1)."""

    logits: bool = False

    @property
    def has_probabilities(self) -> bool:
        """True: the scores are probabilities, if not clipped."""
        return True

    def probabilities(self, scores: Tensor) -> Tensor:
        """Clip the scores and divide them by their sum."""
        clipped = scores.clamp(CLIP, 1 - CLIP)
        return clipped / clipped.sum(dim=1, keepdim=True)


@adapts("xrfm.xRFM")
def xrfm_model(model: Any) -> Adapter:
    """An xRFM with a single leaf, as it is fitted on up to ``max_leaf_size`` rows."""
    if not model.trees:
        raise NotFittedError("This xRFM is not fitted; call its fit with training and validation rows.")
    if len(model.trees) > 1 or model.trees[0]["type"] != "leaf":
        raise NoGradientError(
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
    """Matrix that maps outputs, and a constant 1 behind them, to scores of the classes; None for the identity."""
    if converter.mode == "prevalence":
        inverse: Tensor = converter._invA
        return inverse.T
    return torch.tensor([[-1.0, 1.0], [1.0, 0.0]]) if n_outputs == 1 else None
