"""The pass that gathers: a network, and the moments of its training rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from agop_tabular.attribution.methods import Method
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.gradients import class_gradients, score_jacobian
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.core.moments import FactoredMoment, GradientMoment
from agop_tabular.effects.sums import EffectSums
from agop_tabular.fitting.moment_choice import no_gradients
from agop_tabular.models.adapter import Adapter, auto_batch_size, take_rows
from agop_tabular.models.column_tracing import traced
from agop_tabular.models.embeddings import has_embeddings
from agop_tabular.models.refusals import check_finite, check_gradient, check_known, check_moves, check_squares
from agop_tabular.models.rows import column_names
from agop_tabular.models.targets import score_names
from agop_tabular.results.column_effects import ColumnValues

Batches = Iterable[tuple[slice, Tensor]]
"""Batches of coordinates (b, p), with the rows' place in the user's table."""

AGREE = 0.98
"""Share of a few rows on which the scores must predict the class that the estimator predicts."""

COMPARED_ROWS = 64
"""Rows on which the estimator's own ``predict``, which may be slow, is called."""

FORWARD = 2048
"""Rows that are scored at a time, whose hidden layers stay in the cache."""

PROBE_ROWS, PROBE_VALUES = 256, 2**20
"""Rows, and values in them, on which a network is tried before the pass, and looked at again after it."""


def probe_rows(X: Any) -> np.ndarray:
    """Places of a few rows from all over a table."""
    n_probe = int(np.clip(PROBE_VALUES // max(1, X.shape[1]), 8, PROBE_ROWS))
    return np.arange(0, len(X), max(1, len(X) // n_probe))


def missing_rows(X: Any) -> np.ndarray:
    """Places of the first row that lacks a value, for each column of a table in memory; not too many."""
    if not isinstance(X, (np.ndarray, pd.DataFrame)):
        return np.zeros(0, dtype=int)
    missing = np.asarray(pd.isna(X))
    return np.unique(missing.argmax(axis=0)[missing.any(axis=0)])[:PROBE_ROWS]


@dataclass(frozen=True, eq=False)
class Gathered:
    """A network, and what a pass over its training rows has gathered of it.

    Attributes
    ----------
    adapter : Adapter or None
        None where an explainer was loaded without its estimator.
    feature_map : FeatureMap
    moment : GradientMoment
        Of the gradients.
    coordinates : CoordinateMoment
        Of the rows.
    contrast : bool
        Whether scores are taken minus their mean over classes.
    score_names : tuple of str
    classes : ndarray or None
    probe : Tensor of shape (b, p) or None
        Coordinates of a few rows from all over the first table.
    score_total : Tensor of shape (n_scores,), float64
        Sum of the scores of the rows.
    effects : EffectSums or None
        Of the gradients on shuffled rows, where the method looks effects up.
    columns : tuple of ColumnValues
        Values of the user's columns at which effects are shown, where there are effects.
    background : Tensor of shape (m, p) or None
        Coordinates of the training rows that shuffled rows are drawn from; a saved file does not hold them.
    layer : InputLayer or None
        What the input goes straight into, where gradients may be taken behind it.
    """

    adapter: Adapter | None
    feature_map: FeatureMap
    moment: GradientMoment
    coordinates: CoordinateMoment
    contrast: bool
    score_names: tuple[str, ...]
    classes: np.ndarray | None
    probe: Tensor | None = None
    score_total: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    effects: EffectSums | None = None
    columns: tuple[ColumnValues, ...] = ()
    background: Tensor | None = None
    layer: InputLayer | None = None

    @classmethod
    def nothing(
        cls, estimator: Any, adapter: Adapter, X: Any, method: Method, *, moment: str, contrast: bool | None
    ) -> Gathered:
        """Before the pass: the columns traced through the preprocessing, the network tried on a few rows.

        ``contrast`` None is on where there are several scores of classes.
        """
        places = probe_rows(X)
        if adapter.preprocessing:  # what it makes of a missing value may be its own
            places = np.union1d(places, missing_rows(X))
        probe = take_rows(X, places)
        feature_map, x = traced(adapter, column_names(X), probe)
        check_finite(x, feature_map, places=places)
        adapter.confirm(x)
        if contrast is None:
            contrast = adapter.classes is not None and adapter.n_scores > 1
        if contrast and adapter.n_scores < 2:
            raise ValueError("contrast=True needs at least two scores to compare; the model has one output.")
        _warn_of_other_predictions(estimator, adapter, probe, x)
        layer = None if moment == "dense" else InputLayer.of(adapter.module, adapter.scores, x)
        return cls(
            adapter,
            feature_map,
            no_gradients(moment, method, feature_map, layer),
            CoordinateMoment(feature_map.n_coordinates),
            contrast or adapter.contrast_only,
            score_names(adapter),
            adapter.classes,
            x,
            layer=layer,
        )

    def batches(
        self, X: Any, batch_size: int | str, what: str, *, verbose: int, looked_up: bool = False
    ) -> Iterator[tuple[slice, Tensor]]:
        """Rows as batches of coordinates, with a progress bar where it is wanted.

        Where attributions are looked up, "auto" takes more rows at a time, which have more of each class.
        """
        size = None if batch_size == "auto" else int(batch_size)
        p = self.feature_map.n_coordinates
        if size is None and looked_up:
            size = int(np.clip(2**22 // max(1, p), 16, 8192))
        elif size is None and self.layer is not None:  # nothing behind the first layer is as wide as the rows
            size = auto_batch_size(p, values=2**24)
        with tqdm(total=len(X), desc=f"AGOP {what}", unit=" rows", disable=not verbose) as progress:
            for rows, x in self.network.batches(X, size):
                yield rows, x
                progress.update(len(x))

    def plus(self, batches: Batches, *, scored: bool = False) -> Gathered:
        """With more rows, their scores too where ``scored``; where that fails, what was gathered before is as it was.

        Raises
        ------
        ValueError
            Where a row or a gradient is not finite, or a coordinate moves the scores without a gradient.
        """
        return self.summed(batches, scored=scored).checked()

    def summed(self, batches: Batches, *, scored: bool = False) -> Gathered:
        """With more rows, as :meth:`plus`, but without the look at the whole that :meth:`checked` takes."""
        adapter = self.network
        moment, coordinates, score_total = deepcopy(self.moment), deepcopy(self.coordinates), self.score_total
        cut = None
        if isinstance(moment, FactoredMoment):
            moment.check(None if self.layer is None else self.layer.weight)
            cut = None if self.layer is None else self.layer.cut
        seen: list[Tensor] = []
        with evaluating(adapter.module):
            for rows, x in batches:
                coordinates.update(x)
                if not torch.isfinite(coordinates.mean.sum()):
                    check_finite(x, self.feature_map, rows.start)
                moment.update(class_gradients(adapter.scores, x, contrast=self.contrast, cut=cut, seen=seen.append))
                s = self.explained(seen.pop())
                if scored:
                    score_total = score_total + s.double().sum(dim=0).cpu()
                if not moment.is_finite():
                    check_gradient(score_jacobian(adapter.scores, x), rows.start, squared=True)
        return replace(self, moment=moment, coordinates=coordinates, score_total=score_total)

    def checked(self) -> Gathered:
        """Itself, unless a coordinate moves the scores without a gradient, or moves and belongs to no column."""
        with evaluating(self.network.module):
            check_known(self.feature_map, self.coordinates.varies)
            if self.probe is not None:
                self._check_gradients(self.moment, self.coordinates)
        return self

    def merged(self, other: Gathered) -> Gathered:
        """With the sums over the rows of another, gathered from the same network; both stay as they are."""
        moment, coordinates = deepcopy(self.moment), deepcopy(self.coordinates)
        moment.merge(other.moment)
        coordinates.merge(other.coordinates)
        return replace(self, moment=moment, coordinates=coordinates, score_total=self.score_total + other.score_total)

    def _check_gradients(self, moment: GradientMoment, coordinates: CoordinateMoment) -> None:
        """Look again at coordinates without a gradient, and at a network with embeddings at all integers but codes."""
        adapter, x = self.network, self.probe
        assert x is not None
        dead = (moment.diagonal() == 0) & (coordinates.scale() > 0)
        suspects = dead.clone()
        if has_embeddings(adapter.module):
            suspects |= (x == x.round()).all(dim=0).cpu() & (coordinates.scale() > 0) & ~adapter.coded()
        if suspects.any():
            check_moves(adapter.scores, x, suspects, self.feature_map)
        if dead.any():
            check_squares(class_gradients(adapter.scores, x), coordinates.scale(), dead, self.feature_map)

    def scores(self, x: Tensor) -> Tensor:
        """The scores that are explained (b, C), at coordinates (b, p), without gradients."""
        with torch.no_grad():
            if len(x) <= FORWARD:
                return self.explained(self.network.scores(x))
            return self.explained(torch.cat([self.network.scores(part) for part in torch.split(x, FORWARD)]))

    def explained(self, s: Tensor) -> Tensor:
        """The network's scores, minus their mean over classes where they are taken in contrast."""
        return s - s.mean(dim=1, keepdim=True) if self.contrast else s

    def encoded(self, row: Any) -> Tensor:
        """Coordinates (p,), float64, of a table of one row."""
        adapter = self.network
        x = adapter.tensor(adapter.encode(row))
        check_finite(x, self.feature_map)
        return x[0].double().cpu()

    def scores_at(self, row: Tensor) -> np.ndarray:
        """Scores (C,), float64, at one row of coordinates (p,)."""
        adapter = self.network
        with evaluating(adapter.module):
            return self.scores(adapter.tensor(row[None].numpy()).clone())[0].double().cpu().numpy()

    @property
    def network(self) -> Adapter:
        """The adapter, where there is one."""
        if self.adapter is None:
            raise ValueError(
                "This explainer was loaded without its estimator, and that needs the network: "
                "AGOPExplainer.load(path, estimator=net)."
            )
        return self.adapter


def _warn_of_other_predictions(estimator: Any, adapter: Adapter, rows: Any, x: Tensor) -> None:
    """Warn where the scores that are explained predict other classes than the estimator does."""
    if adapter.classes is None or not hasattr(estimator, "predict") or len(getattr(estimator, "classes_", "ab")) < 2:
        return
    step = max(1, len(x) // COMPARED_ROWS)
    rows, x = take_rows(rows, slice(None, None, step)), x[::step]
    with evaluating(adapter.module), torch.no_grad():
        index = adapter.predicted(adapter.scores(x.clone())).cpu().numpy()
        try:
            theirs = np.asarray(estimator.predict(rows), dtype=object).ravel()
        except Exception:  # such as float64 rows handed to skorch: then there is nothing to compare
            return
    if len(theirs) != len(index):
        return
    same = (theirs == adapter.classes.astype(object)[index]) | (theirs == index.astype(object))
    if same.mean() < AGREE:
        warnings.warn(
            f"The network's scores predict another class than {type(estimator).__name__}.predict on "
            f"{1 - same.mean():.0%} of {len(same)} rows: something behind or in front of the network (a data set's "
            "transform, forward_iter, predict_nonlinearity, …) is not explained.",
            UserWarning,
            stacklevel=5,
        )
