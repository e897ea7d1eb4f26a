"""Methods that filter a row's gradient, and may multiply it by the row's distance from the baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.method import FittedMethod, Method, Run, Settings, Statistics
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.attribution.row_by_row import AttributeBatch, Batch, BatchAttributions, RowByRow
from agop_tabular.core.coordinate_moment import IN_CACHE
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.filters import Filter
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.refusals import check_gradient
from agop_tabular.models.row_means import RowMeans

ROUNDED = 1e-7
"""Rounding of the baseline to the network's dtype, in standard deviations, above which what was rounded off is
subtracted as well; float32 rows themselves are no more exact than this."""


@dataclass(frozen=True)
class GradientMethod(Method):
    """Attributions ``F(M) ∇s``, or ``(x - x₀) ⊙ F(M) ∇s``, on standardised coordinates.

    Attributes
    ----------
    make_filter : callable or None
        Makes F(M) from a :class:`~agop_tabular.attribution.moment_summary.MomentSummary`; None for the identity.
    times_input : bool
        Whether the filtered gradient is multiplied by the standardised distance from the baseline.
    raw : bool
        Whether the gradient is left as it is: neither standardised nor centred inside one-hot blocks.
    uses_rank : bool
        Whether the filter depends on how many components of M are kept.
    """

    make_filter: Callable[[MomentSummary], Filter] | None = None
    times_input: bool = False
    raw: bool = False
    uses_rank: bool = False

    @property
    def ignores(self) -> frozenset[str]:
        """x₀, where nothing is multiplied by the distance from it; rank and units show in the support at least."""
        return super().ignores | (frozenset() if self.times_input else {"baseline"})

    def fit(self, feature_map: FeatureMap, statistics: Statistics, settings: Settings) -> FittedGradientMethod:
        """Compose the filters between a row's gradient and its attributions; see :meth:`Method.fit`."""
        summary = MomentSummary.of(feature_map, statistics.gradients, statistics.coordinates, **vars(settings))
        chain = None if self.raw else summary.standard
        if chain is not None and self.make_filter is not None:
            chain = chain.then(self.make_filter(summary))
        if chain is not None and self.times_input:  # x - x₀ is not standardised where it is multiplied
            chain = chain.then(Filter.scaling(torch.where(summary.scale > 0, 1 / summary.scale, 0.0)))
        return FittedGradientMethod(self, feature_map, summary, chain)


@dataclass(frozen=True, eq=False)
class FittedGradientMethod(RowByRow):
    """A gradient method, fitted.

    Attributes
    ----------
    chain : Filter or None
        From the gradient of a score to what is multiplied by (x - x₀), or is the attribution; None for the identity.
    """

    method: GradientMethod
    chain: Filter | None
    _ready: dict[tuple[torch.device, torch.dtype], Filter] = field(init=False, default_factory=dict, repr=False)

    @property
    def uses_rank(self) -> bool:
        """Whether attributions depend on ``rank``."""
        return self.method.uses_rank

    @property
    def has_support(self) -> bool:
        """Whether there is a spectrum, in whose kept subspace a gradient may lie."""
        return self.summary.spectrum is not None

    def base_scores(self, model: ExplainedModel) -> np.ndarray:
        """Scores (C,) at the baseline."""
        return model.scores_at(self.summary.baseline)

    def against(self, model: ExplainedModel, x: Tensor, means: RowMeans) -> FittedMethod:
        """The same with the mean of other rows (m, p) as x₀; see :meth:`FittedMethod.against`."""
        if not self.method.times_input:
            return super().against(model, x, means)
        return replace(self, summary=replace(self.summary, baseline=means.coordinates))

    def prepared(self, model: ExplainedModel, run: Run) -> AttributeBatch:
        """Attribute batches by their gradients, taken behind the first layer where that is possible."""
        adapter, layer = model.network, model.layer
        row_filter = self.row_filter(adapter.dtype, adapter.device, None if layer is None else layer.weight)
        cut = None if layer is None else layer.cut

        def attribute_batch(batch: Batch) -> BatchAttributions:
            x, index, scores = batch.x, None, None
            if batch.choose is None:
                gradient = model.jacobian(x, cut=cut)
            else:
                gradient, index, scores = model.gradient(x, batch.choose, cut=cut)
            check_gradient(gradient, batch.first_row)
            values = row_filter.values(gradient, x if batch.choose is not None else x[:, None, :], batch.out)
            if batch.choose is None:
                values = values.transpose(1, 2)
            if not batch.with_support:
                return BatchAttributions(values, index)
            raw = model.raw_scores(x) if scores is None else scores
            s = model.explained(raw)
            explained = s if index is None else s.gather(1, index[:, None])[:, 0]
            return BatchAttributions(values, index, row_filter.support(gradient), explained, raw=raw)

        return attribute_batch

    def row_filter(self, dtype: torch.dtype, device: torch.device, weight: Tensor | None = None) -> RowFilter:
        """The filters in the network's precision, on its device.

        Parameters
        ----------
        dtype : torch.dtype
        device : torch.device
        weight : Tensor of shape (h, p), optional
            Gradients are those behind a first layer of these weights.
        """
        chain, standard, spectrum = self.chain, self.summary.standard, self.summary.spectrum
        components = None if spectrum is None else spectrum.components[: self.summary.rank].to(device, dtype)
        if weight is not None:
            weight = weight.to(device, dtype)
            chain = Filter(left=weight) if chain is None else self._cached(chain, dtype, device).behind(weight)
            standard = standard.ready(dtype, device).behind(weight)
        return RowFilter(
            self.feature_map,
            not self.method.signed,
            None if chain is None else chain.ready(dtype, device),
            standard.ready(dtype, device),
            components,
            self._baseline_parts(dtype, device) if self.method.times_input else (),
        )

    def _cached(self, chain: Filter, dtype: torch.dtype, device: torch.device) -> Filter:
        """The chain on this device in this dtype, made once."""
        if (device, dtype) not in self._ready:
            self._ready[device, dtype] = chain.ready(dtype, device)
        return self._ready[device, dtype]

    def _baseline_parts(self, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
        """x₀ in the network's precision, and what was rounded off where that is not small against the scale."""
        baseline = self.summary.baseline
        rounded = baseline.to(dtype).double()
        rest = baseline - rounded
        exact = dtype == torch.float64 or not (rest.abs() > ROUNDED * self.summary.scale).any()
        return tuple(part.to(device, dtype) for part in ((rounded,) if exact else (rounded, rest)))


@dataclass(frozen=True, eq=False)
class RowFilter:
    """Makes attributions of gradients, in a network's precision and on its device.

    Attributes
    ----------
    feature_map : FeatureMap
    norm : bool
        Whether a column gets the L2 norm of its coordinates instead of their sum.
    chain : Filter or None
        As in :class:`FittedGradientMethod`.
    standard : Filter
        To the standardised gradient.
    components : Tensor of shape (K, p) or None
        The kept eigenvectors of M.
    baseline : tuple of Tensor of shape (p,)
        Subtracted from the row one after the other; empty where nothing is multiplied by the row.
    """

    feature_map: FeatureMap
    norm: bool
    chain: Filter | None
    standard: Filter
    components: Tensor | None
    baseline: tuple[Tensor, ...]

    def values(self, gradient: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Attributions (..., d) from gradients (..., p), or (..., h), at coordinates (..., p).

        They are written to ``out``, and that is returned, where they need not be folded.
        """
        out = out if self.feature_map.is_identity and not self.norm else None
        values = gradient if self.chain is None else self.chain(gradient, out)
        if self.baseline and x.shape == values.shape:
            values = values.clone() if values is gradient else values
            n = max(1, IN_CACHE // max(1, x.shape[-1]))
            for rows, part in zip(x.split(n), values.split(n), strict=True):
                part.mul_(self._from_baseline(rows))
        elif self.baseline:
            values = values * self._from_baseline(x)
        return self.feature_map.fold(values, norm=self.norm)

    def _from_baseline(self, x: Tensor) -> Tensor:
        difference = x - self.baseline[0]
        for rest in self.baseline[1:]:
            difference -= rest
        return difference

    def support(self, gradient: Tensor) -> Tensor | None:
        """Share of the gradient's energy inside the kept subspace (...,); NaN where the gradient is zero.

        None where there is no spectrum.
        """
        if self.components is None:
            return None
        g = self.standard(gradient)
        return (g @ self.components.T).square().sum(dim=-1) / g.square().sum(dim=-1)
