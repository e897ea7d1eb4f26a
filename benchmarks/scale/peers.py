"""Other ways to an explanation or an AGOP, timed on the same network and rows."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap


def forward(module: nn.Module, x: torch.Tensor, size: int) -> None:
    """Forward passes, without gradients."""
    with torch.no_grad():
        for part in x.split(size):
            module(part)


def input_x_gradient(module: nn.Module, x: torch.Tensor, size: int) -> torch.Tensor:
    """captum's Input×Gradient of the predicted class, on tensors."""
    from captum.attr import InputXGradient

    peer, out = InputXGradient(module), []
    for part in x.split(size):
        with torch.no_grad():
            target = module(part).argmax(dim=1)
        out.append(peer.attribute(part.clone().requires_grad_(), target=target).detach())
    return torch.cat(out)


def dense_agop(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Eigenvalues of M by the simplest code that torch allows: Jacobians by vmap and jacrev."""
    parameters = {name: value.detach() for name, value in module.named_parameters()}
    jacobian = vmap(jacrev(lambda row: functional_call(module, parameters, (row,))))
    total = torch.zeros(x.shape[1], x.shape[1], device=x.device)
    for part in x.split(256):
        g = jacobian(part).flatten(0, 1)
        total += g.T @ g
    return torch.linalg.eigh(total.double().cpu() / len(x))[0]


def kernel_machine(module: nn.Module, x: torch.Tensor) -> Any:
    """xRFM's kernel machine, fitted to the network's scores; its ``update_M`` computes its AGOP over rows."""
    from xrfm import RFM

    with torch.no_grad():
        rows_and_scores = x, module(x)
    kernel = RFM(kernel="l2_high_dim", exponent=1.0, iters=1, device=x.device, verbose=False)
    kernel.fit(rows_and_scores, rows_and_scores, iters=1, method="solve", reg=1e-3)
    return kernel
