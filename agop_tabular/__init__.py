"""Explain the predictions of tabular neural networks through their average gradient outer product (AGOP)."""

from agop_tabular.explainer import AGOPExplainer
from agop_tabular.fitting.callback import AGOPCallback
from agop_tabular.results.explanation import Explanation

__version__ = "0.1.0"

__all__ = ["AGOPCallback", "AGOPExplainer", "Explanation", "__version__"]
