"""A picture of intermediate attributions: what XtrAIn had credited to each pixel after some epochs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.random import RandomState

from agop_tabular.training_guided import TrainingGuidedExplainer
from benchmarks.shared.pictures import plt, save
from benchmarks.training_guided.cell import trained_net
from benchmarks.training_guided.problems import SIDE, typefaces_shifted

ROWS, MOMENTS = 3, 5
"""Images, and epochs at which they are shown."""


def course(path: Path, seed: int, epochs: int) -> None:
    """Train on shifted typefaces and draw the sum over the epochs so far, of the class predicted in the end.

    Parameters
    ----------
    path : Path
    seed : int
    epochs : int
        At most.
    """
    region = typefaces_shifted(RandomState(seed))
    net = trained_net(region, seed, epochs)
    attributor = TrainingGuidedExplainer(net).fit(region.X).attributor_
    trajectory, X = attributor.trajectory, region.test[:ROWS]
    target = net.predict(X)
    ends = np.unique(np.geomspace(1, len(trajectory) - 1, MOMENTS).round().astype(int))
    figure, axes = plt.subplots(ROWS, len(ends) + 1, figsize=(1.6 * (len(ends) + 1), 1.7 * ROWS), squeeze=False)
    maps = []
    for end in ends:
        until = replace(attributor, trajectory=replace(trajectory, checkpoints=trajectory.checkpoints[: end + 1]))
        maps.append(until.attribute(X, target).values.reshape(-1, SIDE, SIDE))
    for i in range(ROWS):
        axes[i, 0].imshow(X[i].reshape(SIDE, SIDE), cmap="gray_r")
        largest = np.abs(maps[-1][i]).max()
        for k, end in enumerate(ends):
            axes[i, k + 1].imshow(maps[k][i], cmap="RdBu_r", vmin=-largest, vmax=largest)
            axes[0, k + 1].set_title(f"epoch {trajectory.steps[end]}", fontsize=9)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    figure.tight_layout()
    save(figure, path)
