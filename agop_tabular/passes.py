"""The two passes over rows: one gathers the moments of a network, one attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from agop_tabular.adapters import Adapter
from agop_tabular.adapters.base import take_rows
from agop_tabular.attribution import Attribution
from agop_tabular.checks import check_finite, check_gradient, check_moves
from agop_tabular.core.gradients import Choice, as_found, class_gradients, score_gradient, score_jacobian
from agop_tabular.core.moments import CoordinateMoment, DenseMoment
from agop_tabular.features import FeatureMap
from agop_tabular.rows import column_names
from agop_tabular.targets import ALL, score_names
from agop_tabular.tracing import trace

Batches = Iterable[tuple[slice, Tensor]]
"""Batches of coordinates (b, p), with the rows' place in the user's table."""

PROBE_ROWS = 256
"""Rows on which a network is tried before the pass, and looked at again after it."""


def batches(
    adapter: Adapter, X: Any, batch_size: int | str, what: str, *, verbose: int
) -> Iterator[tuple[slice, Tensor]]:
    """Rows as batches of coordinates, with a progress bar where it is wanted."""
    with tqdm(total=len(X), desc=f"AGOP {what}", unit=" rows", disable=not verbose) as progress:
        for rows, x in adapter.batches(X, None if batch_size == "auto" else int(batch_size)):
            yield rows, x
            progress.update(len(x))


@dataclass(frozen=True, eq=False)
class Gathered:
    """A network, and what a pass over its training rows has gathered of it.

    Attributes
    ----------
    adapter : Adapter or None
        None where an explainer was loaded without its estimator.
    feature_map : FeatureMap
    moment : DenseMoment
        Of the gradients.
    coordinates : CoordinateMoment
        Of the rows.
    contrast : bool
        Whether scores are taken minus their mean over classes.
    score_names : tuple of str
    classes : ndarray or None
    """

    adapter: Adapter | None
    feature_map: FeatureMap
    moment: DenseMoment
    coordinates: CoordinateMoment
    contrast: bool
    score_names: tuple[str, ...]
    classes: np.ndarray | None

    @classmethod
    def nothing(cls, adapter: Adapter, X: Any, *, contrast: bool) -> Gathered:
        """Before the pass: the columns traced through the preprocessing, the network tried on a few rows."""
        probe = take_rows(X, slice(None, None, max(1, len(X) // PROBE_ROWS)))
        feature_map = trace(adapter.preprocessing, column_names(X), probe)
        x = adapter.tensor(adapter.encode(probe))
        check_finite(x, feature_map)
        adapter.confirm(x)
        if contrast and adapter.n_scores < 2:
            raise ValueError("contrast=True needs at least two scores to compare; the model has one output.")
        p = feature_map.n_coordinates
        return cls(
            adapter,
            feature_map,
            DenseMoment(p),
            CoordinateMoment(p),
            contrast or adapter.contrast_only,
            score_names(adapter),
            adapter.classes,
        )

    def plus(self, batches: Batches) -> Gathered:
        """With more rows; where that fails, what was gathered before is as it was.

        Raises
        ------
        ValueError
            Where a row or a gradient is not finite, or a coordinate moves the scores without a gradient.
        """
        adapter = self.network
        moment, coordinates = deepcopy(self.moment), deepcopy(self.coordinates)
        sample: Tensor | None = None
        with as_found(adapter.module):
            for rows, x in batches:
                check_finite(x, self.feature_map, rows.start)
                sample = x[:PROBE_ROWS] if sample is None else sample
                moment.update(class_gradients(adapter.scores, x, contrast=self.contrast))
                if not torch.isfinite(torch.trace(moment.total)):
                    check_gradient(score_jacobian(adapter.scores, x), rows.start)
                coordinates.update(x)
            dead = (torch.diagonal(moment.total) == 0) & (coordinates.scale() > 0)
            if sample is not None and dead.any():
                check_moves(adapter.scores, sample, dead, self.feature_map)
        return replace(self, moment=moment, coordinates=coordinates)

    def encoded(self, row: Any) -> Tensor:
        """Coordinates (p,), float64, of a table of one row."""
        adapter = self.network
        x = adapter.tensor(adapter.encode(row))
        check_finite(x, self.feature_map)
        return x[0].double().cpu()

    def scores_at(self, row: Tensor) -> np.ndarray:
        """Scores (C,), float64, at one row of coordinates (p,)."""
        adapter = self.network
        with as_found(adapter.module), torch.no_grad():
            s = adapter.scores(adapter.tensor(row[None].numpy()).clone())[0].double().cpu().numpy()
        return s - s.mean() if self.contrast else s

    @property
    def network(self) -> Adapter:
        """The adapter, where there is one."""
        if self.adapter is None:
            raise ValueError(
                "This explainer was loaded without its estimator, and that needs the network: "
                "AGOPExplainer.load(path, estimator=net)."
            )
        return self.adapter


def attribute(
    gathered: Gathered,
    attribution: Attribution,
    batches: Batches,
    n: int,
    wanted: str | np.ndarray,
    dtype: np.dtype,
    *,
    with_support: bool,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Attributions of n rows.

    Parameters
    ----------
    wanted : "predicted", "all", or ndarray of int, shape (n,)
        The explained score, as :func:`~agop_tabular.targets.resolve_target` reads it.
    dtype : dtype
        Of the result.

    Returns
    -------
    values : ndarray of shape (n, d), or (n, d, C) for "all"
    support : ndarray of shape (n,) or (n, C), or None
    index : ndarray of int, shape (n,), or None for "all"
        The explained score of each row.
    """
    adapter, contrast = gathered.network, gathered.contrast
    every = isinstance(wanted, str) and wanted == ALL
    feature_map = attribution.feature_map
    shape = (n, adapter.n_scores) if every else (n,)
    values = np.empty((n, feature_map.n_columns, *shape[1:]), dtype=dtype)
    support = np.empty(shape, dtype=dtype) if with_support else None
    index = np.empty(n, dtype=int)
    fitted = attribution.ready(adapter.dtype, adapter.device)
    with as_found(adapter.module):
        for rows, x in batches:
            check_finite(x, feature_map, rows.start)
            if every:
                gradient = score_jacobian(adapter.scores, x, contrast=contrast)
                x = x[:, None, :]
            else:
                choose = adapter.predicted if isinstance(wanted, str) else _fixed(wanted[rows], x)
                gradient, chosen = score_gradient(adapter.scores, x, choose, contrast=contrast)
                index[rows] = chosen.cpu().numpy()
            check_gradient(gradient, rows.start)
            out = fitted.values(gradient, x)
            values[rows] = (out.transpose(1, 2) if every else out).cpu().numpy()
            if support is not None:
                support[rows] = fitted.support(gradient).cpu().numpy()
    return values, support, None if every else index


def _fixed(index: np.ndarray, x: Tensor) -> Choice:
    chosen = torch.as_tensor(index, device=x.device)
    return lambda scores: chosen
