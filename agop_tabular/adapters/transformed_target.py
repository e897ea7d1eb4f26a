"""scikit-learn's TransformedTargetRegressor: the network, then the inverse transformation of the target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.preprocessing import FunctionTransformer
from torch import Tensor, nn

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter, as_rows
from agop_tabular.models.no_gradient import NoGradientError

_INVERSE_FUNCTIONS: dict[Any, Any] = {
    None: lambda x: x,
    np.exp: torch.exp,
    np.exp2: torch.exp2,
    np.expm1: torch.expm1,
    np.log: torch.log,
    np.log1p: torch.log1p,
    np.sqrt: torch.sqrt,
    np.square: torch.square,
    np.sinh: torch.sinh,
    np.tanh: torch.tanh,
}


class BackToTarget(nn.Module):
    """A module whose outputs are transformed back to the user's target.

    Parameters
    ----------
    module : torch.nn.Module
    inverse : callable
        Maps outputs (b, C) to targets (b, C).
    """

    def __init__(self, module: nn.Module, inverse: Any):
        super().__init__()
        self.module = module
        self.inverse = inverse

    def forward(self, x: Tensor) -> Tensor:
        """Predictions (b, C) of the TransformedTargetRegressor."""
        out: Tensor = self.inverse(as_rows(self.module(x), len(x)))
        return out


class Affine(nn.Module):
    """The affine map z A + b."""

    def __init__(self, matrix: np.ndarray, shift: np.ndarray):
        super().__init__()
        self.matrix, self.shift = torch.from_numpy(matrix), torch.from_numpy(shift)

    def forward(self, z: Tensor) -> Tensor:
        """Map z (b, C)."""
        return z @ self.matrix.to(z) + self.shift.to(z)


@adapts("sklearn.TransformedTargetRegressor")
def transformed_target(estimator: Any) -> Adapter:
    """TransformedTargetRegressor; the score is its prediction, on the scale of the user's target."""
    inner = adapt(estimator.regressor_)
    inverse = _inverse(estimator.transformer_)
    return replace(inner, module=BackToTarget(inner.module, inverse), kind="regressor")


def _inverse(transformer: Any) -> Any:
    """Inverse of a fitted transformer of the target, as a function of torch tensors."""
    if isinstance(transformer, FunctionTransformer):
        if transformer.inverse_func in _INVERSE_FUNCTIONS and not transformer.inv_kw_args:
            return _INVERSE_FUNCTIONS[transformer.inverse_func]
        name = getattr(transformer.inverse_func, "__name__", repr(transformer.inverse_func))
        known = ", ".join(f"numpy.{f.__name__}" for f in _INVERSE_FUNCTIONS if f is not None)
    else:
        affine = _affine_inverse(transformer)
        if affine is not None:
            return affine
        name, known = f"{type(transformer).__name__}.inverse_transform", "scalers such as StandardScaler"
    raise NoGradientError(
        f"TransformedTargetRegressor inverts its transformation by {name}, whose gradient is unknown (known: {known}); "
        "explain its regressor_, whose scores are on the transformed scale."
    )


def _affine_inverse(transformer: Any) -> Affine | None:
    """Inverse of a transformer as an affine map; None if it differs from one at random points."""
    width = getattr(transformer, "n_features_in_", 1)
    points = np.random.default_rng(0).normal(size=(64, width)) * np.geomspace(1e-2, 1e2, 64)[:, None]
    shift = np.asarray(transformer.inverse_transform(np.zeros((1, width))), dtype=float)
    matrix = np.asarray(transformer.inverse_transform(np.eye(width)), dtype=float) - shift
    found = np.asarray(transformer.inverse_transform(points), dtype=float)
    scale = np.abs(found).max() + np.abs(shift).max()
    return Affine(matrix, shift) if np.allclose(found, points @ matrix + shift, rtol=0, atol=1e-9 * scale) else None
