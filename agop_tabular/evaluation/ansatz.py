"""The Neural Feature Ansatz: how well a layer's weights agree with the average gradient outer product at its input."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

ROWS = 1024
"""Rows that go through the network at a time."""


def feature_ansatz(net: Any, X: Any = None, *, initial: Any = None, agop: np.ndarray | None = None) -> pd.DataFrame:
    """Compare ``WᵀW`` of every Linear layer with the AGOP at its input (Radhakrishnan and others, 2024).

    The ansatz says that ``WᵀW`` of a trained layer is proportional to a power of G, the mean over rows of
    ``Σ_c J_c J_cᵀ`` with J_c the gradient of output c with respect to what the layer reads. Agreement is the cosine of
    the two matrices as vectors. Compare it with that of the network before its training, and with the cosine of the
    weights before and after: two positive definite matrices have a cosine above zero in any case.

    Parameters
    ----------
    net : torch.nn.Module, or skorch net
        Trained. Gradients are those of what the module returns.
    X : array-like of shape (n, p), optional
        Rows as the module takes them; needed unless ``agop`` is given and the first layer is enough.
    initial : torch.nn.Module, or mapping of str to Tensor, optional
        The network before its training, or its parameters and buffers by name, as the first checkpoint of a
        :class:`~agop_tabular.training_guided.Trajectory` has them.
    agop : ndarray of shape (p, p), optional
        G at the input of the first layer, such as ``agop_`` of ``AGOPExplainer.from_callback(…, standardize=False)``,
        which takes no pass; its centred form is unknown.

    Returns
    -------
    DataFrame
        A row for each Linear layer that is called once with rows (b, m), by its name. ``cosine`` and ``cosine_root``:
        of WᵀW with G and with its square root; ``centred`` and ``centred_root``: with G of gradients from which their
        mean over rows is taken. Where ``initial`` is given: ``change`` to ``change_centred_root``, the same four of
        ``(W - W₀)ᵀ(W - W₀)``; ``initial`` to ``initial_centred_root``, those of the network before its training; and
        ``gram``, the cosine of W₀ᵀW₀ with WᵀW. NaN where unknown, or where a matrix is zero.

    Raises
    ------
    ValueError
        Where neither rows nor an AGOP are given, no Linear layer is found, or shapes differ.

    Examples
    --------
    >>> import torch
    >>> from agop_tabular.evaluation import feature_ansatz
    >>> _ = torch.manual_seed(0)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> feature_ansatz(module, torch.randn(50, 4)).columns.tolist()
    ['cosine', 'cosine_root', 'centred', 'centred_root']
    """
    if X is None and agop is None:
        raise ValueError("feature_ansatz needs X, the rows that gradients are taken at, or agop=, their moment.")
    module = _copy(net)
    before = None if initial is None else _at_start(module, initial)
    moments = {} if X is None else _moments(module, X)
    if agop is not None:
        name, layer = _first(module)
        given = torch.as_tensor(np.asarray(agop), dtype=torch.float64)
        if given.shape != (layer.in_features, layer.in_features):
            raise ValueError(
                f"agop= has shape {tuple(given.shape)}; the first Linear layer reads {layer.in_features} values."
            )
        moments = {name: (given, None)} | {k: m for k, m in moments.items() if k != name}
    if not moments:
        raise ValueError("The network has no Linear layer that is called once, with rows of values.")
    started = {} if before is None or X is None else _moments(before, X)
    rows = {}
    for name, moment in moments.items():
        weight = _weight(module, name)
        row = _agreement("", weight.T @ weight, moment)
        if before is not None:
            at_start = _weight(before, name)
            row |= _agreement("change", (weight - at_start).T @ (weight - at_start), moment)
            row |= _agreement("initial", at_start.T @ at_start, started.get(name, (None, None)))
            row["gram"] = _cosine(at_start.T @ at_start, weight.T @ weight)
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")


def _copy(net: Any) -> nn.Module:
    """A copy of the torch module, in evaluation mode."""
    module = net if isinstance(net, nn.Module) else getattr(net, "module_", None)
    if not isinstance(module, nn.Module):
        raise ValueError(f"{type(net).__name__} has no torch module; give one, or a fitted skorch net.")
    return copy.deepcopy(module).eval()


def _at_start(module: nn.Module, initial: Any) -> nn.Module:
    """The network before its training."""
    if not isinstance(initial, Mapping):
        return _copy(initial)
    before = copy.deepcopy(module)
    own = dict(before.named_parameters()) | dict(before.named_buffers())
    if {name: t.shape for name, t in own.items()} != {name: t.shape for name, t in initial.items()}:
        raise ValueError("initial= has the weights of a network with other layers; give those of this one.")
    with torch.no_grad():
        for name, t in own.items():
            t.copy_(initial[name])
    return before


def _first(module: nn.Module) -> tuple[str, nn.Linear]:
    found = next(((name, m) for name, m in module.named_modules() if isinstance(m, nn.Linear)), None)
    if found is None:
        raise ValueError("The network has no Linear layer.")
    return found


def _weight(module: nn.Module, name: str) -> Tensor:
    layer = module.get_submodule(name)
    assert isinstance(layer, nn.Linear)
    return layer.weight.detach().double().cpu()


def _moments(module: nn.Module, X: Any) -> dict[str, tuple[Tensor, Tensor | None]]:
    """G at the input of each Linear layer, and that of centred gradients."""
    like = next(module.parameters())
    x = torch.as_tensor(X if isinstance(X, Tensor) else np.asarray(X)).to(like.device, like.dtype)
    products: dict[str, Tensor] = {}
    sums: dict[str, Tensor] = {}
    for part in x.split(ROWS):
        for name, jacobian in _jacobians(module, part).items():
            flat = jacobian.reshape(-1, jacobian.shape[2])
            products[name] = products.get(name, 0) + flat.T @ flat
            sums[name] = sums.get(name, 0) + jacobian.sum(dim=1)
    n = len(x)
    return {name: (total / n, (total - sums[name].T @ sums[name] / n) / n) for name, total in products.items()}


def _jacobians(module: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Gradients (C, b, m) of all outputs with respect to the input of each Linear layer, float64."""
    inputs: dict[str, list[Tensor]] = {}

    def keep(name: str, args: tuple[Any, ...]) -> tuple[Tensor, ...]:
        leaf = args[0].view_as(args[0])  # so that what other layers read of it does not count
        inputs.setdefault(name, []).append(leaf)
        return (leaf, *args[1:])

    hooks = [
        layer.register_forward_pre_hook(lambda _, args, name=name: keep(name, args))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
    ]
    with torch.enable_grad():
        out = module(x.detach().clone().requires_grad_())
    for hook in hooks:
        hook.remove()
    out = out.reshape(len(x), -1)
    once = {name: seen[0] for name, seen in inputs.items() if len(seen) == 1 and seen[0].shape[:-1] == (len(x),)}
    if not once:
        return {}
    found: dict[str, list[Tensor]] = {name: [] for name in once}
    for c in range(out.shape[1]):
        gradients = torch.autograd.grad(out[:, c].sum(), list(once.values()), retain_graph=True, allow_unused=True)
        for (name, leaf), gradient in zip(once.items(), gradients, strict=True):
            found[name].append((torch.zeros_like(leaf) if gradient is None else gradient).double().cpu())
    return {name: torch.stack(parts) for name, parts in found.items()}


def _agreement(prefix: str, gram: Tensor, moment: tuple[Tensor | None, Tensor | None]) -> dict[str, float]:
    """Cosines of a Gram matrix with G, centred G, and their square roots."""
    kinds = zip(("cosine", "cosine_root", "centred", "centred_root"), (0, 0, 1, 1), (False, True) * 2, strict=True)
    found = {}
    for name, which, root in kinds:
        matrix = moment[which]
        key = name if not prefix else (prefix + name.removeprefix("cosine") if which == 0 else f"{prefix}_{name}")
        found[key] = float("nan") if matrix is None else _cosine(gram, _root(matrix) if root else matrix)
    return found


def _root(matrix: Tensor) -> Tensor:
    """Square root of a symmetric matrix; eigenvalues below zero, which rounding makes, count as zero."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def _cosine(a: Tensor, b: Tensor) -> float:
    size = float(a.norm() * b.norm())
    return float((a * b).sum()) / size if size > 0 else float("nan")
