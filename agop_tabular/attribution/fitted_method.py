"""What follows from the moments: scale, spectrum, rank and filter, and with them a row's attributions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import torch
from torch import Tensor

from agop_tabular.attribution.methods import Method
from agop_tabular.core.coordinate_moment import IN_CACHE, CoordinateMoment
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.filters import Filter
from agop_tabular.core.moments import GradientMoment
from agop_tabular.core.spectrum import Spectrum
from agop_tabular.effects.knots import simplified
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.refinement import Refinement
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import Effects

NARROW = 1e-3
"""A gap behind the last kept eigenvalue below this share of it is warned of."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """A method, fitted.

    Attributes
    ----------
    method : Method
    feature_map : FeatureMap
    spectrum : Spectrum or None
        Of M on standardised coordinates, one-hot blocks centred; None where only the diagonal was gathered.
    rank : int
        Components kept; 0 without a spectrum.
    baseline, scale : Tensor of shape (p,)
        x₀ and the diagonal of D.
    diagonal : Tensor of shape (p,)
        diag M.
    importances : Tensor of shape (d,)
        diag M in variance units, folded; sums to 1, or is all zero.
    standard : Filter
        From the gradient of a score to the standardised gradient, blocks centred.
    chain : Filter or None
        From the gradient of a score to what is multiplied by (x - x₀), or is the attribution; None for the identity.
    effects : Effects or None
        Where the method looks them up.
    mean_scores : Tensor of shape (n_scores,)
        Of the training rows, where there are effects.
    """

    method: Method
    feature_map: FeatureMap
    spectrum: Spectrum | None
    rank: int
    baseline: Tensor
    scale: Tensor
    diagonal: Tensor
    importances: Tensor
    standard: Filter
    chain: Filter | None
    effects: Effects | None
    mean_scores: Tensor
    _laid_out: dict[tuple[torch.device, torch.dtype], TableAttribution] = field(default_factory=dict, repr=False)
    _ready: dict[tuple[torch.device, torch.dtype], Filter] = field(default_factory=dict, repr=False)

    @classmethod
    def fitted(
        cls,
        method: Method,
        feature_map: FeatureMap,
        moment: GradientMoment,
        coordinates: CoordinateMoment,
        *,
        rank: int | float | str,
        standardize: bool,
        baseline: Tensor,
        effects: EffectSums | None = None,
        score_total: Tensor | None = None,
    ) -> Attribution:
        """From the moments of the training rows, all in float64."""
        sd = coordinates.scale()
        scale = sd if standardize else torch.ones_like(sd)
        centring = feature_map.centring(coordinates.mean) or Filter.scaling(torch.ones_like(sd))
        standard = centring.then(Filter.scaling(scale))
        raw = moment.diagonal_behind(centring)
        spectrum = moment.spectrum(standard)
        n_components = 0 if spectrum is None else spectrum.rank(rank)
        diagonal = raw * scale.square()
        importances = feature_map.fold(raw * sd.square())
        total = importances.sum()

        chain = None if method.raw or method.constant else standard
        if chain is not None and method.filter is not None:
            chain = chain.then(method.filter(spectrum, n_components, diagonal))
        if chain is not None and method.times_input:
            chain = chain.then(Filter.scaling(torch.where(scale > 0, 1 / scale, 0.0)))
        return cls(
            method,
            feature_map,
            spectrum,
            n_components,
            baseline,
            scale,
            diagonal,
            importances / total if total > 0 else importances,
            standard,
            chain,
            simplified(Effects.of(effects)) if effects is not None else None,
            score_total / moment.n if score_total is not None else torch.zeros(0),
        )

    def warn(self, stacklevel: int) -> None:
        """Warn of what leaves every attribution zero, or the kept subspace arbitrary."""
        message = None
        if not self.scale.any():
            message = (
                "Every coordinate is constant over the training rows, so every attribution is zero; fit on more rows."
            )
        elif not self.diagonal.any():
            message = (
                "The gradient of every score is zero on all training rows, so every attribution is zero; is the "
                "network trained, or saturated?"
            )
        elif self._uses_rank() and self.spectrum is not None and self.spectrum.relative_gap(self.rank) < NARROW:
            message = (
                f"Eigenvalues {self.rank} and {self.rank + 1} of the AGOP are nearly equal, so which subspace "
                f"rank={self.rank} keeps is arbitrary among them; choose another rank."
            )
        if message is not None:
            warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)

    def _uses_rank(self) -> bool:
        return not self.method.diagonal and not self.method.tables

    def ready(self, dtype: torch.dtype, device: torch.device, weight: Tensor | None = None) -> RowAttribution:
        """The same in the network's precision, on its device.

        Parameters
        ----------
        weight : Tensor of shape (h, p), optional
            Gradients are those behind a first layer of these weights.
        """
        chain, standard = self.chain, self.standard
        components = None if self.spectrum is None else self.spectrum.components[: self.rank].to(device, dtype)
        if weight is not None:
            weight = weight.to(device, dtype)
            chain = Filter(left=weight) if chain is None else self._cached(dtype, device).behind(weight)
            standard = standard.ready(dtype, device).behind(weight)
        return RowAttribution(
            self.method,
            self.feature_map,
            None if chain is None else chain.ready(dtype, device),
            standard.ready(dtype, device),
            components,
            self._baseline_parts(dtype, device) if self.method.times_input else (),
        )

    def _cached(self, dtype: torch.dtype, device: torch.device) -> Filter:
        """The chain in another precision, which is the same for every call."""
        if (device, dtype) not in self._ready:
            assert self.chain is not None
            self._ready[device, dtype] = self.chain.ready(dtype, device)
        return self._ready[device, dtype]

    def tabulated(self, device: torch.device, network: torch.dtype = torch.float32) -> TableAttribution:
        """The effects on the network's device, in float64 where the network computes in it, otherwise in float32."""
        assert self.effects is not None
        dtype = torch.float64 if network is torch.float64 else torch.float32
        if (device, dtype) not in self._laid_out:
            column = torch.tensor([self.feature_map.column_of[int(a.coordinates[0])] for a in self.effects.axes])
            look_up = LookUp(self.effects, device, dtype) if self.effects.axes else None
            same = torch.equal(column, torch.arange(self.feature_map.n_columns))
            self._laid_out[device, dtype] = TableAttribution(
                look_up,
                None if same else column.long().to(device),
                self.feature_map.n_columns,
                self.mean_scores.to(device),
            )
        return self._laid_out[device, dtype]

    def refinement(self, background: Tensor, n_pairs: int, seed: int) -> Refinement | None:
        """Permutations over the background rows (m, p), which correct what the tables say; None without any axes."""
        tables = self.tabulated(background.device, background.dtype)
        if self.effects is None or tables.look_up is None:
            return None
        column = torch.from_numpy(self.feature_map.column_of)
        return Refinement(self.effects, tables.look_up, background, column, self.feature_map.n_columns, n_pairs, seed)

    def _baseline_parts(self, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
        """x₀ in the network's precision, and what rounding left of it where that counts beside the scale."""
        rounded = self.baseline.to(dtype).double()
        rest = self.baseline - rounded
        parts = (rounded, rest) if (rest.abs() > 1e-7 * self.scale).any() and dtype != torch.float64 else (rounded,)
        return tuple(part.to(device, dtype) for part in parts)


@dataclass(frozen=True, eq=False)
class RowAttribution:
    """From gradients to attributions, a batch at a time."""

    method: Method
    feature_map: FeatureMap
    chain: Filter | None
    standard: Filter
    components: Tensor | None
    baseline: tuple[Tensor, ...]

    def values(self, gradient: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Attributions (..., d) from gradients (..., p), or (..., h), at coordinates (..., p).

        They are put into ``out``, and that is returned, where it need not be folded.
        """
        out = out if self.feature_map.is_identity and not self.method.norm else None
        values = gradient if self.chain is None else self.chain(gradient, out)
        if self.baseline and x.shape == values.shape:
            values = values.clone() if values is gradient else values
            n = max(1, IN_CACHE // max(1, x.shape[-1]))
            for rows, part in zip(x.split(n), values.split(n), strict=True):
                part.mul_(self._from_baseline(rows))
        elif self.baseline:
            values = values * self._from_baseline(x)
        return self.feature_map.fold(values, norm=self.method.norm)

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


@dataclass(frozen=True, eq=False)
class TableAttribution:
    """From tables of effects to attributions, a batch at a time."""

    look_up: LookUp | None
    column: Tensor | None
    n_columns: int
    mean_scores: Tensor

    def values(self, x: Tensor, score: Tensor, target: Tensor | int) -> tuple[Tensor, Tensor]:
        """Attributions (b, d) of one score a row, and their support (b,).

        What main and pair effects leave unexplained of the score is shared out in proportion to the absolute
        attributions, so that a row's add up to its score minus the mean score. Support is one minus the share of that
        rest: ``Σ|φ| / (Σ|φ| + |rest|)``.

        Parameters
        ----------
        x : Tensor of shape (b, p)
        score : Tensor of shape (b,)
        target : Tensor of shape (b,), or int
        """
        phi = torch.zeros(len(x), 0) if self.look_up is None else self.look_up.attributions(x, target)
        if self.column is not None:
            phi = phi.new_zeros(len(x), self.n_columns).index_add_(1, self.column, phi)
        size = phi.abs()
        whole = size.sum(dim=1)
        rest = (score.double() - self.mean_scores[target]).to(phi.dtype) - phi.sum(dim=1)
        share = rest / whole.clamp_min(torch.finfo(torch.float32).tiny)
        phi.addcmul_(size, torch.where(whole > 0, share, 0.0)[:, None])  # where all are zero, nothing is shared out
        return phi, whole / (whole + rest.abs())
