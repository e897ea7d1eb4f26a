"""Attribution by what training did to a column's weights (arXiv 2606.10877, 2605.15328).

A column of a fully connected network is tied to its weights in the first layer. What the network owes to the column is
how its score changes when these weights alone are set to those of another checkpoint of the training.
"""

from agop_tabular.training_guided.callback import TrajectoryCallback
from agop_tabular.training_guided.explainer import TrainingGuidedExplainer
from agop_tabular.training_guided.recorder import TrajectoryRecorder
from agop_tabular.training_guided.trajectory import Trajectory

__all__ = ["TrainingGuidedExplainer", "Trajectory", "TrajectoryCallback", "TrajectoryRecorder"]
