"""The post-hoc step of AutoML and of searches."""

from agop_tabular.automl.tabular_mlp import TabularMLPClassifier, TabularMLPRegressor

__all__ = ["TabularMLPClassifier", "TabularMLPRegressor"]
