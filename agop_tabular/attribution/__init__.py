"""What a method is, the methods by name, and the attributor that applies a fitted one to rows."""

from agop_tabular.attribution.attributor import Attributor
from agop_tabular.attribution.by_effects import EffectsMethod
from agop_tabular.attribution.by_gradient import GradientMethod
from agop_tabular.attribution.constant import ConstantMethod
from agop_tabular.attribution.method import FittedMethod, Method
from agop_tabular.attribution.methods import METHODS, method_named, register

__all__ = [
    "METHODS",
    "Attributor",
    "ConstantMethod",
    "EffectsMethod",
    "FittedMethod",
    "GradientMethod",
    "Method",
    "method_named",
    "register",
]
