"""What every column is worth on labelled rows: paired permutation tests of the loss."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.explained_model import ExplainedModel

SHUFFLES = 5
"""Permutations of each column: their mean is what counts, and its error comes from the rows rather than from them."""


def usefulness(model: ExplainedModel, x: Tensor, labels: np.ndarray) -> np.ndarray | None:
    """Standard errors by which every column lowers the loss.

    Parameters
    ----------
    model : ExplainedModel
    x : Tensor of shape (n, p)
        Coordinates of rows that the network was not trained on.
    labels : ndarray of shape (n,)
        Labels, or targets of a regressor.

    Returns
    -------
    ndarray of shape (d,), or None
        None where the labels are not those of the model, so that there is no loss.
    """
    labels = np.asarray(labels, dtype=object)
    truth = _truth(model, labels.ravel()) if labels.size == len(x) else None  # several labels a row have no loss
    if truth is None:
        return None
    adapter, column_of = model.network, model.feature_map.column_of
    rng = np.random.RandomState(0)
    out = np.zeros(model.feature_map.n_columns)
    with evaluating(adapter.module), torch.no_grad():
        loss = _loss(adapter.scores(x), truth)
        for j in range(len(out)):
            own = torch.from_numpy(np.flatnonzero(column_of == j)).to(x.device)
            if len(own) == 0:
                continue
            worse = torch.zeros_like(loss)
            for _ in range(SHUFFLES):
                shuffled = x.clone()
                shuffled[:, own] = x[torch.from_numpy(rng.permutation(len(x))).to(x.device)][:, own]
                worse += (_loss(adapter.scores(shuffled), truth) - loss) / SHUFFLES
            standard_error = float(worse.std()) / np.sqrt(len(worse))
            out[j] = float(worse.mean()) / standard_error if standard_error > 0 else 0.0
    return out


def _truth(model: ExplainedModel, y: np.ndarray) -> Tensor | None:
    """Indices of the classes (n,), or targets (n, 1)."""
    if model.classes is None:
        try:
            return torch.from_numpy(y.astype(float))[:, None] if model.n_scores == 1 else None
        except (TypeError, ValueError):
            return None
    index = {label: i for i, label in enumerate(model.classes.tolist())}
    if len(index) < 2 or not all(label in index for label in set(y.tolist())):
        return None
    return torch.tensor([index[label] for label in y.tolist()])


def _loss(scores: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy, or squared error, of each row."""
    scores = scores.double().cpu()
    if truth.ndim == 2:
        return (scores - truth).square()[:, 0]
    return torch.nn.functional.cross_entropy(scores, truth, reduction="none")
