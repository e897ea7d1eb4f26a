"""AGOPExplainer: what a user calls, its parameters, and what it says of a network as a whole."""

from agop_tabular.explainer.estimator import AGOPExplainer

__all__ = ["AGOPExplainer"]
