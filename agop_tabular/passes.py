"""The two passes over rows: one gathers the moments of a network, one attributes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from agop_tabular.adapters import Adapter
from agop_tabular.adapters.base import auto_batch_size, take_rows
from agop_tabular.adapters.embeddings import has_embeddings
from agop_tabular.attribution import Attribution
from agop_tabular.checks import check_finite, check_gradient, check_known, check_moves, check_scores, check_squares
from agop_tabular.column_effects import ColumnValues
from agop_tabular.core.coordinates import CoordinateMoment
from agop_tabular.core.effect_moment import EffectMoment
from agop_tabular.core.gradients import Choice, as_found, class_gradients, score_gradient, score_jacobian
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.core.moments import FactoredMoment, GradientMoment
from agop_tabular.core.refinement import Refinement
from agop_tabular.features import FeatureMap
from agop_tabular.methods import Method
from agop_tabular.moment_choice import no_gradients
from agop_tabular.rows import column_names
from agop_tabular.targets import ALL, score_names
from agop_tabular.tracing import traced

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


def probe_rows(X: Any) -> slice:
    """Places of a few rows from all over a table."""
    n_probe = int(np.clip(PROBE_VALUES // max(1, X.shape[1]), 8, PROBE_ROWS))
    return slice(None, None, max(1, len(X) // n_probe))


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
    effects : EffectMoment or None
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
    effects: EffectMoment | None = None
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
        probe = take_rows(X, probe_rows(X))
        feature_map, x = traced(adapter, column_names(X), probe)
        check_finite(x, feature_map)
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
            size = int(np.clip(2**22 // p, 16, 8192))
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
        with as_found(adapter.module):
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
        with as_found(self.network.module):
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
        with as_found(adapter.module):
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
    with as_found(adapter.module), torch.no_grad():
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


@dataclass(frozen=True, eq=False)
class Attributed:
    """Attributions of n rows.

    Attributes
    ----------
    values : ndarray of shape (n, d), or (n, d, C) for all scores
    index : ndarray of int, shape (n,), or None for all scores
        The explained score of each row.
    support, scores : ndarray of shape (n,) or (n, C), or None
        How far each explanation is backed, and the explained score, where they were asked for.
    errors : ndarray of shape of values, or None
        Standard errors, where attributions were refined.
    residual : ndarray of shape of values, or None
        What a gate took away.
    """

    values: np.ndarray
    index: np.ndarray | None
    support: np.ndarray | None
    scores: np.ndarray | None
    errors: np.ndarray | None = None
    residual: np.ndarray | None = None

    def gated(self, mask: np.ndarray | None) -> Attributed:
        """With zeros for the columns where the mask (d,) is False, and what was there as the residual."""
        if mask is None:
            return self
        keep = mask[None, :, None] if self.values.ndim == 3 else mask
        return replace(self, values=np.where(keep, self.values, 0), residual=np.where(keep, 0, self.values))


def attribute(
    gathered: Gathered,
    attribution: Attribution,
    batches: Batches,
    n: int,
    wanted: str | np.ndarray,
    dtype: np.dtype,
    *,
    with_support: bool,
    refinement: Refinement | None = None,
    first_row: int = 0,
) -> Attributed:
    """Attribute n rows.

    Parameters
    ----------
    wanted : "predicted", "all", or ndarray of int, shape (n,)
        The explained score, as :func:`~agop_tabular.targets.resolve_target` reads it.
    dtype : dtype
        Of the result.
    with_support : bool
        Whether support and scores are wanted, too.
    refinement : Refinement, optional
        What corrects attributions that were looked up.
    first_row : int
        Place of the rows in a larger table, for messages.
    """
    adapter = gathered.network
    every = isinstance(wanted, str) and wanted == ALL
    shape = (n, adapter.n_scores) if every else (n,)
    values = np.empty((n, attribution.feature_map.n_columns, *shape[1:]), dtype=dtype)
    index = None if every else np.empty(n, dtype=int)
    scores = np.empty(shape, dtype=dtype) if with_support else None
    backed = with_support and (attribution.method.tables or attribution.spectrum is not None)
    support = np.empty(shape, dtype=dtype) if backed else None
    errors = None if refinement is None else np.empty_like(values)
    if attribution.method.tables:
        batch = _tables(gathered, attribution, refinement)
    else:
        batch = _gradients(gathered, attribution)
    direct = not every and adapter.device.type == "cpu" and torch.from_numpy(values[:0]).dtype == adapter.dtype
    with as_found(adapter.module):
        for rows, x in batches:
            check_finite(x, attribution.feature_map, first_row + rows.start)
            choose = None if every else adapter.predicted if isinstance(wanted, str) else _fixed(wanted[rows], x)
            place = torch.from_numpy(values[rows]) if direct else None
            found = batch(x, choose, with_support, first_row + rows.start, place)
            if found[0] is not place:
                values[rows] = _as_numpy(found[0])
            for out, part in zip((index, support, scores, errors), found[1:], strict=True):
                if out is not None and part is not None:
                    out[rows] = _as_numpy(part)
    return Attributed(values, index, support, scores, errors)


Found = tuple[Tensor, Tensor | None, Tensor | None, Tensor | None, Tensor | None]
"""Values (b, d) or (b, d, C), index (b,), support and scores (b,) or (b, C), and errors like the values, of a batch."""

Batch = Callable[[Tensor, Choice | None, bool, int, Tensor | None], Found]
"""Maps coordinates (b, p), the choice of score (None for all), whether support is wanted, the number of the first row,
and where to put the values, if they can be put there, to what is found."""


def _gradients(gathered: Gathered, attribution: Attribution) -> Batch:
    """Attributions from each row's gradient, taken behind the first layer where that can be."""
    adapter, contrast, layer = gathered.network, gathered.contrast, gathered.layer
    fitted = attribution.ready(adapter.dtype, adapter.device, None if layer is None else layer.weight)
    cut = None if layer is None else layer.cut

    def batch(x: Tensor, choose: Choice | None, with_support: bool, first: int, out: Tensor | None) -> Found:
        index, scores = None, None
        if choose is None:
            gradient = score_jacobian(adapter.scores, x, contrast=contrast, cut=cut)
        else:
            gradient, index, scores = score_gradient(adapter.scores, x, choose, contrast=contrast, cut=cut)
        check_gradient(gradient, first)
        values = fitted.values(gradient, x if choose is not None else x[:, None, :], out)
        if choose is None:
            values = values.transpose(1, 2)
        if not with_support:
            return values, index, None, None, None
        s = gathered.scores(x) if scores is None else gathered.explained(scores)
        return values, index, fitted.support(gradient), s if index is None else s.gather(1, index[:, None])[:, 0], None

    return batch


def _tables(gathered: Gathered, attribution: Attribution, refinement: Refinement | None) -> Batch:
    """Attributions looked up in tables of effects, and refined."""
    adapter = gathered.network
    fitted = attribution.tabulated(adapter.device, adapter.dtype)

    def batch(x: Tensor, choose: Choice | None, with_support: bool, first: int, out: Tensor | None) -> Found:
        with torch.no_grad():
            s = gathered.scores(x)
            check_scores(s, first)
            if choose is None:
                every = torch.arange(s.shape[1], device=s.device)
                parts = [fitted.values(x, s[:, c], c) for c in range(s.shape[1])]
                values, support = (torch.stack(part, dim=-1) for part in zip(*parts, strict=True))
                if refinement is None:
                    return values, None, support, s, None
                refined = refinement.refined(
                    gathered.scores, x, values, s.double() - fitted.mean_scores, every.expand(len(x), -1)
                )
                return refined[0], None, support, s, refined[1]
            index = choose(s)
            s = s.gather(1, index[:, None])[:, 0]
            values, support = fitted.values(x, s, index)
            if refinement is None:
                return values, index, support, s, None
            total = s.double() - fitted.mean_scores[index]
            refined = refinement.refined(gathered.scores, x, values[:, :, None], total[:, None], index[:, None])
            return refined[0][:, :, 0], index, support, s, refined[1][:, :, 0]

    return batch


def _as_numpy(t: Tensor) -> np.ndarray:
    """As an array; numpy knows no bfloat16."""
    array: np.ndarray = (t.float() if t.dtype is torch.bfloat16 else t).cpu().numpy()
    return array


def _fixed(index: np.ndarray, x: Tensor) -> Choice:
    chosen = torch.as_tensor(index, device=x.device)
    return lambda scores: chosen
