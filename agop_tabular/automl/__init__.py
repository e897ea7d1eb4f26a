"""Explanations after an AutoML run or a search: one call from a fitted predictor to explanations."""

from typing import Any

from agop_tabular.automl.explaining import explain, fit_explainer
from agop_tabular.automl.report import report
from agop_tabular.automl.student import Student
from agop_tabular.automl.summary import summary
from agop_tabular.networks.tabular_mlp import TabularMLPClassifier, TabularMLPRegressor

__all__ = [
    "Student",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "explain",
    "fit_explainer",
    "flaml_learner",
    "report",
    "summary",
]


def __getattr__(name: str) -> Any:
    """Import ``flaml_learner`` when it is used, since it needs FLAML."""
    if name == "flaml_learner":
        try:
            from agop_tabular.automl.flaml_network import flaml_learner
        except ImportError as error:
            raise ImportError("flaml_learner needs the package FLAML: pip install 'flaml[automl]'") from error
        return flaml_learner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
