"""What follows from the moments of the gradients and of the coordinates: scale, spectrum, rank, importances."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.filters import Filter
from agop_tabular.core.moments import GradientMoment
from agop_tabular.core.spectrum import Spectrum
from agop_tabular.core.warning import warn_user

NARROW = 1e-3
"""A gap behind the last kept eigenvalue below this share of it is warned of: rounding in float32 gradients can turn
eigenvectors this close into each other."""


@dataclass(frozen=True, eq=False)
class MomentSummary:
    """Scale, spectrum, rank, diagonal and importances of a network on its training rows, all in float64.

    Attributes
    ----------
    spectrum : Spectrum or None
        Of M on standardised coordinates, one-hot blocks centred; None where only the diagonal was gathered.
    rank : int
        Components kept; 0 without a spectrum.
    baseline, scale : Tensor of shape (p,)
        x₀ and the diagonal of D.
    diagonal : Tensor of shape (p,)
        diag M.
    importances : Tensor of shape (d,)
        diag M in variance units, folded to columns; sums to 1, or is all zero.
    standard : Filter
        Maps the gradient of a score to the standardised gradient, with one-hot blocks centred.
    """

    spectrum: Spectrum | None
    rank: int
    baseline: Tensor
    scale: Tensor
    diagonal: Tensor
    importances: Tensor
    standard: Filter

    @classmethod
    def of(
        cls,
        feature_map: FeatureMap,
        gradients: GradientMoment,
        coordinates: CoordinateMoment,
        *,
        rank: int | float | str,
        standardize: bool,
        baseline: Tensor,
    ) -> MomentSummary:
        """Summarise the moments.

        Parameters
        ----------
        feature_map : FeatureMap
        gradients : GradientMoment
        coordinates : CoordinateMoment
        rank : int, float or "auto"
        standardize : bool
        baseline : Tensor of shape (p,)
        """
        sd = coordinates.scale()
        scale = sd if standardize else torch.ones_like(sd)
        centring = feature_map.centring(coordinates.mean) or Filter.scaling(torch.ones_like(sd))
        standard = centring.then(Filter.scaling(scale))
        raw = gradients.diagonal_behind(centring)
        spectrum = gradients.spectrum(standard)
        importances = feature_map.fold(raw * sd.square())
        total = importances.sum()
        return cls(
            spectrum,
            0 if spectrum is None else spectrum.rank(rank),
            baseline,
            scale,
            raw * scale.square(),
            importances / total if total > 0 else importances,
            standard,
        )

    def agop(self, gradients: GradientMoment) -> Tensor:
        """M over the coordinates, standardised: (p, p).

        Raises
        ------
        AttributeError
            Where only the diagonal was gathered.
        """
        if self.spectrum is None:
            raise AttributeError('Only agop_diagonal_ was gathered; fit with moment="dense" for all of M.')
        return self.standard(self.standard(gradients.mean()).T)

    def without_spectrum(self) -> MomentSummary:
        """The same without eigenvectors, which may be large."""
        return replace(self, spectrum=None)

    def warn(self, *, uses_rank: bool) -> None:
        """Warn where every attribution is zero, or the kept subspace is arbitrary.

        Parameters
        ----------
        uses_rank : bool
            Whether attributions depend on the kept subspace.
        """
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
        elif uses_rank and self.spectrum is not None and self.spectrum.relative_gap(self.rank) < NARROW:
            message = (
                f"Eigenvalues {self.rank} and {self.rank + 1} of the AGOP are nearly equal, so which subspace "
                f"rank={self.rank} keeps is arbitrary among them; choose another rank."
            )
        if message is not None:
            warn_user(message)
