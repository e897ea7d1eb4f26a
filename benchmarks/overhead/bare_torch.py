"""The least that the same computation costs: loops in bare torch, without checks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn


def bare_explain(
    module: nn.Module, X: np.ndarray, chain: Callable[[Tensor], Tensor], baseline: Tensor, size: int
) -> np.ndarray:
    """AGOP-IxG of the predicted class."""
    out = np.empty_like(X)
    for i in range(0, len(X), size):
        x = torch.from_numpy(X[i : i + size]).requires_grad_()
        s = module(x)
        (g,) = torch.autograd.grad(s.gather(1, s.argmax(1, keepdim=True)).sum(), x)
        out[i : i + size] = (chain(g) * (x.detach() - baseline)).numpy()
    return out


def bare_fit(module: nn.Module, X: np.ndarray, n_classes: int, size: int) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of the AGOP of all classes."""
    p = X.shape[1]
    moment = torch.zeros(p, p)
    for i in range(0, len(X), size):
        x = torch.from_numpy(X[i : i + size]).requires_grad_()
        s = module(x)
        for c in range(n_classes):
            (g,) = torch.autograd.grad(s[:, c].sum(), x, retain_graph=c < n_classes - 1)
            moment += g.T @ g
    return torch.linalg.eigh(moment.double() / len(X))


def forward(module: nn.Module, X: np.ndarray, size: int) -> None:
    """A forward pass."""
    with torch.no_grad():
        for i in range(0, len(X), size):
            module(torch.from_numpy(X[i : i + size]))
