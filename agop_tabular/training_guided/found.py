"""Find the recorded training of an estimator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agop_tabular.training_guided.callback import TrajectoryCallback
from agop_tabular.training_guided.trajectory import Trajectory

INSIDE = ("estimator", "regressor_", "best_estimator_")
"""Attributes in which scikit-learn's wrappers keep what they wrap."""


def find_trajectory(estimator: Any, given: Any = None) -> Trajectory:
    """The training that is given, or that of the TrajectoryCallback in a fitted estimator.

    Parameters
    ----------
    estimator : object
        Fitted.
    given : Trajectory, TrajectoryCallback or None

    Raises
    ------
    TypeError
        Where what is given is no training.
    ValueError
        Where there is none, or it was not finished.
    """
    if isinstance(given, Trajectory):
        return given
    if given is not None and not isinstance(given, TrajectoryCallback):
        raise TypeError(
            f"trajectory= takes a TrajectoryCallback that saw a training, or what TrajectoryRecorder.finish() returns, "
            f"not {type(given).__name__}."
        )
    callbacks = [given] if given is not None else list(_callbacks(estimator))
    for callback in callbacks:
        trajectory = getattr(callback, "trajectory_", None)
        if trajectory is not None:
            found: Trajectory = trajectory
            return found
    if callbacks:
        raise ValueError(
            "The TrajectoryCallback saw no training to its end; fit the net that holds it. skorch trains with copies "
            "of the callbacks where the net was cloned; they are in net.callbacks_."
        )
    raise ValueError(
        f"Training-guided methods need the training, and no TrajectoryCallback in {type(estimator).__name__} kept it: "
        "train a skorch net with callbacks=[TrajectoryCallback()], or give trajectory= what a TrajectoryRecorder kept."
    )


def _callbacks(estimator: Any) -> Iterator[TrajectoryCallback]:
    """TrajectoryCallbacks in a net, or in the net that a pipeline or another wrapper ends in."""
    for _, callback in getattr(estimator, "callbacks_", ()):
        if isinstance(callback, TrajectoryCallback):
            yield callback
    steps = getattr(estimator, "steps", None)
    inner = [steps[-1][1]] if steps else [getattr(estimator, name, None) for name in INSIDE]
    for part in inner:
        if part is not None and not isinstance(part, type):
            yield from _callbacks(part)
