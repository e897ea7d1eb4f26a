"""Explain the predictions of tabular neural networks through their average gradient outer product (AGOP)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agop_tabular.explainer import AGOPExplainer
    from agop_tabular.fitting.callback import AGOPCallback
    from agop_tabular.results.explanation import Explanation

__version__ = "0.1.0"

__all__ = ["AGOPCallback", "AGOPExplainer", "Explanation", "__version__"]

HOMES = {
    "AGOPCallback": "agop_tabular.fitting.callback",
    "AGOPExplainer": "agop_tabular.explainer",
    "Explanation": "agop_tabular.results.explanation",
}
"""Where the names of this package are defined: imported when they are used, since torch takes seconds to import and
``agop-tabular --help`` does not need it."""


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | HOMES)
