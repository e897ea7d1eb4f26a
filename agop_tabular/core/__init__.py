"""Tensors only: gradients and their moments, spectra and filters, the map to columns; files written whole."""

from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.filters import Filter
from agop_tabular.core.gradients import class_gradients, score_gradient, score_jacobian
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment
from agop_tabular.core.sketch import SketchedMoment
from agop_tabular.core.spectrum import Spectrum

__all__ = [
    "CoordinateMoment",
    "DenseMoment",
    "DiagonalMoment",
    "FactoredMoment",
    "FeatureMap",
    "Filter",
    "InputLayer",
    "SketchedMoment",
    "Spectrum",
    "class_gradients",
    "evaluating",
    "score_gradient",
    "score_jacobian",
]
