"""Tensors only: gradients of scores, their moments; the spectrum and its filters; effects and their look-up."""

from agop_tabular.core.axes import Axis, find_axes
from agop_tabular.core.coordinates import CoordinateMoment
from agop_tabular.core.effect_moment import EffectMoment
from agop_tabular.core.effects import Effects
from agop_tabular.core.filters import Filter
from agop_tabular.core.gradients import as_found, class_gradients, score_gradient, score_jacobian
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.core.lookup import LookUp
from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment
from agop_tabular.core.sketch import SketchedMoment
from agop_tabular.core.spectrum import Spectrum

__all__ = [
    "Axis",
    "CoordinateMoment",
    "DenseMoment",
    "DiagonalMoment",
    "EffectMoment",
    "Effects",
    "FactoredMoment",
    "Filter",
    "InputLayer",
    "LookUp",
    "SketchedMoment",
    "Spectrum",
    "as_found",
    "class_gradients",
    "find_axes",
    "score_gradient",
    "score_jacobian",
]
