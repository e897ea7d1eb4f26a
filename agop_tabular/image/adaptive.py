"""The method "agop-adaptive": whether pixels count alike in all images decides how a map is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.method import FittedMethod, Method, Run, Settings, Statistics
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.attribution.row_by_row import AttributeBatch, Batch, BatchAttributions, RowByRow
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.image.averaged_gradients import path_gradient, smoothed_gradient
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.refusals import check_gradient
from agop_tabular.models.rows import spread_rows, take_rows

STEADINESS_ROWS, SHIFTS = 512, 24
"""Training images, and shifts of each, that steadiness is measured on, at most: it is a mean of correlations, known to
a few hundredths from so many."""

STEADY = 0.7
"""Steadiness above which positions are trusted: the middle between what networks of XAI-TRIS have on development seeds
where shapes stay in place, .79 and more, and where they move, .60 and less; see docs/images.md."""

NOISE, COPIES = 1.0, 50
"""Training standard deviations of the noise that smooths a gradient, chosen on the same seeds, and how often it is
drawn; SmoothGrad's authors saw little gain from more."""

STEPS = 20
"""Points of the quadrature along the path from the baseline; Gauss-Legendre needs fewer than 50 equal steps do."""


def steadiness(model: ExplainedModel, rows: Any, image_shape: tuple[int, ...], batch_size: int | str) -> float:
    """How far scores depend on where things are: 0 where shifted images score as they did, 1 where nothing is left.

    One minus the mean correlation, over shifts and classes, between the scores of images and of the same images
    shifted, with what leaves at one side coming in at the other. Of classes, scores less their mean count.

    Gradients cannot tell: a fully connected network that has learned shapes at every place looks at the same pixels of
    all images.

    Parameters
    ----------
    model : ExplainedModel
    rows : ndarray of shape (n, p)
        Training images, flat.
    image_shape : tuple of int
        (channels, height, width).
    batch_size : int or "auto"

    Returns
    -------
    float
        From 0 to 2; 1 where no score varies.
    """
    rows = take_rows(rows, spread_rows(len(rows), STEADINESS_ROWS))
    height, width = image_shape[1:]
    places = np.random.RandomState(0).permutation(height * width - 1)[:SHIFTS] + 1  # 0 is where they are
    shifts = [(0, 0), *(divmod(int(place), width) for place in places)]
    scores: list[list[Tensor]] = [[] for _ in shifts]
    with torch.no_grad(), evaluating(model.network.module):
        for _, x in model.batches(rows, batch_size):
            cube = x.reshape(-1, *image_shape)
            for of_shift, shift in zip(scores, shifts, strict=True):
                s = model.network.scores(cube.roll(shift, dims=(2, 3)).reshape(x.shape)).detach().double().cpu()
                of_shift.append(s - s.mean(dim=1, keepdim=True) if s.shape[1] > 1 else s)
    first, *others = (torch.cat(parts) for parts in scores)
    found = torch.stack([_correlations(first, other) for other in others]) if others else first.new_empty(0)
    known = found[~found.isnan()]
    return float(1 - known.mean()) if len(known) else 1.0


def _correlations(a: Tensor, b: Tensor) -> Tensor:
    """Of each score (n, C), over images; NaN of one that is the same for all."""
    a, b = a - a.mean(dim=0), b - b.mean(dim=0)
    return (a * b).sum(dim=0) / (a.square().sum(dim=0) * b.square().sum(dim=0)).sqrt()


@dataclass(frozen=True)
class AdaptiveMethod(Method):
    """Unsigned maps of images.

    Where positions are steady: the gradient averaged over noise, times sqrt(diag M / max diag M), by its L2 norm over
    channels. Otherwise Integrated Gradients, summed over channels, in absolute value.

    Attributes
    ----------
    steady : bool
    image_shape : tuple of int
        (channels, height, width).
    """

    signed: bool = False
    needs_all_of_m: bool = False
    steady: bool = False
    image_shape: tuple[int, ...] = ()

    @property
    def ignores(self) -> frozenset[str]:
        """No components are kept, and a class's own score is explained."""
        return super().ignores | {"rank", "contrast"}

    def fit(self, feature_map: FeatureMap, statistics: Statistics, settings: Settings) -> FittedMethod:
        """Take the diagonal of M and the standard deviations; see :meth:`Method.fit`."""
        summary = MomentSummary.of(feature_map, statistics.gradients, statistics.coordinates, **vars(settings))
        return FittedAdaptiveMethod(self, feature_map, summary, statistics.coordinates.scale())

    def in_place_of(self, fitted: FittedMethod, statistics: Statistics) -> FittedMethod:
        """The method fitted to the same statistics as another one, whose summary is used again."""
        return FittedAdaptiveMethod(self, fitted.feature_map, fitted.summary, statistics.coordinates.scale())


@dataclass(frozen=True, eq=False)
class FittedAdaptiveMethod(RowByRow):
    """The adaptive method, fitted; it attributes pixels, the sum or norm of their channels.

    Attributes
    ----------
    deviations : Tensor of shape (p,)
        Training standard deviations of the coordinates.
    """

    method: AdaptiveMethod
    deviations: Tensor

    @property
    def n_values(self) -> int:
        """Pixels of an image."""
        return int(np.prod(self.method.image_shape[1:]))

    @property
    def has_support(self) -> bool:
        """False: maps are not made of a single gradient."""
        return False

    def base_scores(self, model: ExplainedModel) -> None:
        """None: maps are unsigned."""

    def prepared(self, model: ExplainedModel, run: Run) -> AttributeBatch:
        """Attribute batches of one score, or of one score after the other."""
        adapter, steady, shape = model.network, self.method.steady, self.method.image_shape
        one_score = self._smoothed(model) if steady else self._along_path(model)

        def pixels(batch: Batch, target: Tensor) -> Tensor:
            values = one_score(batch.x, target)
            check_gradient(values, batch.first_row)
            cube = values.reshape(-1, *shape)
            reduced = cube.square().sum(dim=1).sqrt() if steady else cube.sum(dim=1).abs()
            return reduced.flatten(1)

        def attribute_batch(batch: Batch) -> BatchAttributions:
            x = batch.x
            with torch.no_grad():
                raw = adapter.scores(x)
                s = model.explained(raw)
            if batch.choose is None:
                every = (torch.full((len(x),), c, device=x.device) for c in range(adapter.n_scores))
                values = torch.stack([pixels(batch, target) for target in every], dim=2)
                return BatchAttributions(values, scores=s, raw=raw)
            index = batch.choose(raw)
            return BatchAttributions(pixels(batch, index), index, scores=s.gather(1, index[:, None])[:, 0], raw=raw)

        return attribute_batch

    def _smoothed(self, model: ExplainedModel) -> Any:
        """The gradient averaged over noise, times sqrt(diag M / max diag M)."""
        adapter, diagonal = model.network, self.summary.diagonal
        top = diagonal.max()
        weights = ((diagonal / top).clamp_min(0.0).sqrt() if top > 0 else diagonal).to(adapter.device, adapter.dtype)
        drawn = torch.randn(COPIES, len(diagonal), generator=torch.Generator().manual_seed(0), dtype=torch.float32)
        noise = (NOISE * self.deviations * drawn).to(adapter.device, adapter.dtype)
        return lambda x, target: smoothed_gradient(adapter.scores, x, target, noise) * weights

    def _along_path(self, model: ExplainedModel) -> Any:
        """Integrated Gradients from the baseline."""
        adapter = model.network
        start = self.summary.baseline.to(adapter.device, adapter.dtype)
        return lambda x, target: path_gradient(adapter.scores, x, target, start, STEPS) * (x - start)
