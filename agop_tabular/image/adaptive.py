"""The method "agop-adaptive": which pixels count, everywhere or image by image, decides how a map is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.gradients import class_gradients
from agop_tabular.explainer import AGOPExplainer
from agop_tabular.image.averaged_gradients import path_gradient, smoothed_gradient
from agop_tabular.models.refusals import check_finite, check_gradient
from agop_tabular.models.targets import ALL, resolve_target

ROWS = 2048
"""Training images that steadiness is measured on, at most."""

STEADY = 1 / 6
"""Steadiness above which positions are trusted; chosen on development seeds of XAI-TRIS."""

NOISE, COPIES = 1.0, 50
"""Training standard deviations of the noise that smooths a gradient, and how often it is drawn."""

STEPS = 20
"""Points on the way from the baseline."""


def steadiness(explainer: AGOPExplainer, rows: np.ndarray) -> float:
    """How alike the squared gradients of images are: 1 where all share one map, about 1/m where each has its own of m.

    With q the squared gradients of an image over its coordinates, summed over classes and scaled to the sum 1, it is
    ``‖mean q‖² / mean ‖q‖²``. Images without any gradient are left out; 0 where none is left.

    Parameters
    ----------
    explainer : AGOPExplainer
        Fitted.
    rows : ndarray of shape (n, p)
        Training images.
    """
    adapter = explainer._gathered.network
    total, squares, n = torch.zeros(rows.shape[1], dtype=torch.float64), 0.0, 0
    with torch.inference_mode(False), evaluating(adapter.module):
        for _, x in adapter.batches(rows[:: max(1, -(-len(rows) // ROWS))], int(explainer.batch_size)):
            q = torch.stack([g.double().square() for g in class_gradients(adapter.scores, x)]).sum(dim=0).cpu()
            q = q[q.any(dim=1)]
            q = q / q.sum(dim=1, keepdim=True)
            total, squares, n = total + q.sum(dim=0), squares + float(q.square().sum()), n + len(q)
    return float((total / n).square().sum() / (squares / n)) if n else 0.0


def adaptive_maps(
    explainer: AGOPExplainer, steady: bool, rows: np.ndarray, target: Any, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Maps of images, unsigned.

    Where positions are steady: the gradient averaged over noise, times sqrt(diag M / max diag M), by its L2 norm over
    channels. Otherwise Integrated Gradients, summed over channels, in absolute value.

    Parameters
    ----------
    explainer : AGOPExplainer
        Fitted on images as rows.
    steady : bool
    rows : ndarray of shape (n, p)
    target : "predicted", "all", a label or n labels
    shape : tuple of int
        (channels, height, width).

    Returns
    -------
    maps : ndarray of shape (n, height, width) or (n, height, width, n_classes)
    index : ndarray of int, shape (n,), or None for "all"
    """
    adapter = explainer._gathered.network
    wanted = resolve_target(target, adapter, len(rows))
    every = isinstance(wanted, str) and wanted == ALL
    n_targets = adapter.n_scores if every else 1
    maps = np.empty((len(rows), *shape[1:], n_targets), dtype=np.result_type(rows.dtype, np.float32))
    index = np.empty(len(rows), dtype=int)
    with torch.inference_mode(False), evaluating(adapter.module):
        attributions = _steady(explainer) if steady else _unsteady(explainer)
        for part, x in adapter.batches(rows, int(explainer.batch_size)):
            check_finite(x, explainer.feature_map_, part.start)
            for place, chosen in enumerate(_targets(adapter, wanted, part, x, every)):
                values = attributions(x, chosen)
                check_gradient(values, part.start)
                cube = values.reshape(-1, *shape)
                reduced = cube.square().sum(dim=1).sqrt() if steady else cube.sum(dim=1).abs()
                maps[part, ..., place] = reduced.cpu().numpy()
                index[part] = chosen.cpu().numpy()
    return (maps, None) if every else (maps[..., 0], index)


def _targets(adapter: Any, wanted: Any, part: slice, x: Tensor, every: bool) -> Iterator[Tensor]:
    """Index of the explained score of each row, once, or once for every score."""
    if every:
        for c in range(adapter.n_scores):
            yield torch.full((len(x),), c, device=x.device)
    elif isinstance(wanted, str):
        with torch.no_grad():
            predicted = adapter.predicted(adapter.scores(x))
        yield predicted
    else:
        yield torch.as_tensor(wanted[part], device=x.device)


def _steady(explainer: AGOPExplainer) -> Any:
    adapter = explainer._gathered.network
    diagonal = torch.from_numpy(explainer.agop_diagonal_)
    top = diagonal.max()
    weights = ((diagonal / top).sqrt() if top > 0 else diagonal).to(adapter.device, adapter.dtype)
    drawn = torch.randn(COPIES, len(diagonal), generator=torch.Generator().manual_seed(0))
    noise = (NOISE * explainer._gathered.coordinates.scale() * drawn).to(adapter.device, adapter.dtype)
    return lambda x, target: smoothed_gradient(adapter.scores, x, target, noise) * weights


def _unsteady(explainer: AGOPExplainer) -> Any:
    adapter = explainer._gathered.network
    start = torch.from_numpy(explainer.baseline_).to(adapter.device, adapter.dtype)
    return lambda x, target: path_gradient(adapter.scores, x, target, start, STEPS) * (x - start)
