"""Tensors only: gradients of scores, their moments; the spectrum and its filters; effects and their look-up."""

from agop_tabular.core.axes import Axis, find_axes
from agop_tabular.core.effect_moment import EffectMoment
from agop_tabular.core.effects import Effects
from agop_tabular.core.filters import Filter
from agop_tabular.core.gradients import as_found, class_gradients, score_gradient, score_jacobian
from agop_tabular.core.lookup import LookUp
from agop_tabular.core.moments import CoordinateMoment, DenseMoment, DiagonalMoment
from agop_tabular.core.spectrum import Spectrum

__all__ = [
    "Axis",
    "CoordinateMoment",
    "DenseMoment",
    "DiagonalMoment",
    "EffectMoment",
    "Effects",
    "Filter",
    "LookUp",
    "Spectrum",
    "as_found",
    "class_gradients",
    "find_axes",
    "score_gradient",
    "score_jacobian",
]
