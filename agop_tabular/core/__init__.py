"""Tensors only: gradients of scores, their moments, the spectrum and the filters made from it."""

from agop_tabular.core.filters import Filter
from agop_tabular.core.gradients import as_found, class_gradients, score_gradient, score_jacobian
from agop_tabular.core.moments import CoordinateMoment, DenseMoment, DiagonalMoment
from agop_tabular.core.spectrum import Spectrum

__all__ = [
    "CoordinateMoment",
    "DenseMoment",
    "DiagonalMoment",
    "Filter",
    "Spectrum",
    "as_found",
    "class_gradients",
    "score_gradient",
    "score_jacobian",
]
