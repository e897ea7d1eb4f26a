"""Functions of one standard normal variable with known means: the parts of synthetic tasks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class Function:
    """A function of one variable.

    Attributes
    ----------
    name : str
    call : callable
        Elementwise on arrays.
    mean : float
        Expected value for a standard normal variable.
    switches : bool
        Whether it is an indicator, which turns the other factors of a term on and off.
    """

    name: str
    call: Callable[[np.ndarray], np.ndarray]
    mean: float
    switches: bool = False

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values at x, elementwise."""
        return np.asarray(self.call(x), dtype=float)


def _scaled(call: Callable[[np.ndarray], np.ndarray], rate: float, x: np.ndarray) -> np.ndarray:
    return call(rate * x)


def _power(exponent: int, x: np.ndarray) -> np.ndarray:
    return x**exponent


def _compared(compare: Callable[[np.ndarray, float], np.ndarray], threshold: float, x: np.ndarray) -> np.ndarray:
    return compare(x, threshold)


def identity() -> Function:
    """The variable itself."""
    return Function("x", partial(_power, 1), 0.0)


def sine(frequency: float = 1.0) -> Function:
    """``sin(frequency · x)``."""
    return Function(f"sin({frequency:g}x)", partial(_scaled, np.sin, frequency), 0.0)


def square() -> Function:
    """``x²``."""
    return Function("x²", partial(_power, 2), 1.0)


def exponential(rate: float = 1.0) -> Function:
    """``exp(rate · x)``."""
    return Function(f"exp({rate:g}x)", partial(_scaled, np.exp, rate), math.exp(rate**2 / 2))


def tangent(rate: float = 1.0) -> Function:
    """``tanh(rate · x)``."""
    return Function(f"tanh({rate:g}x)", partial(_scaled, np.tanh, rate), 0.0)


def absolute() -> Function:
    """``|x|``."""
    return Function("|x|", np.abs, math.sqrt(2 / math.pi))


def cube() -> Function:
    """``x³``."""
    return Function("x³", partial(_power, 3), 0.0)


def above(threshold: float = 0.0) -> Function:
    """1 where ``x > threshold``, 0 elsewhere."""
    return Function(
        f"[x>{threshold:g}]", partial(_compared, np.greater, threshold), float(norm.sf(threshold)), switches=True
    )


def not_above(threshold: float = 0.0) -> Function:
    """1 where ``x <= threshold``, 0 elsewhere."""
    return Function(
        f"[x<={threshold:g}]", partial(_compared, np.less_equal, threshold), float(norm.cdf(threshold)), switches=True
    )
