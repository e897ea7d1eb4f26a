"""Trajectory: a network's weights at some steps of its training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

State = dict[str, Tensor]
"""Parameters and buffers by their names in the module."""


def state_of(module: nn.Module) -> State:
    """Parameters and buffers of a module by name, detached but not copied."""
    return {name: t.detach() for name, t in (*module.named_parameters(), *module.named_buffers())}


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network at one step of its training.

    Attributes
    ----------
    step : int
        Steps since the start.
    kept : dict of str to Tensor, or Path
        Parameters and buffers by name, in main memory, or the file that holds them.
    """

    step: int
    kept: State | Path

    def state(self) -> State:
        """Parameters and buffers by name.

        Raises
        ------
        ValueError
            Where they are in a file that cannot be read.
        """
        if not isinstance(self.kept, Path):
            return self.kept
        try:
            return load_file(self.kept)
        except (OSError, SafetensorError) as error:
            raise ValueError(
                f"The checkpoint in {self.kept} cannot be read ({error}); keep the folder of TrajectoryCallback until "
                "everything is explained, or save the explainer, whose file has all checkpoints."
            ) from error

    @property
    def nbytes(self) -> int:
        """Bytes in memory or on disk."""
        if isinstance(self.kept, Path):
            return self.kept.stat().st_size
        return sum(t.nbytes for t in self.kept.values())


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A network at the start of its training, at some steps, and as it is now.

    Attributes
    ----------
    checkpoints : tuple of Checkpoint
        In order; the last one is the trained network.
    unit : str
        What a step is: "epoch", "batch", or "step" of a hand-written loop.
    digest : str
        SHA-256 over the weights of the trained network, by which it is recognised.
    resumed : bool
        Whether the first checkpoint is of a network that had been trained before.
    """

    checkpoints: tuple[Checkpoint, ...]
    unit: str
    digest: str
    resumed: bool = False

    def __len__(self) -> int:
        return len(self.checkpoints)

    @property
    def steps(self) -> list[int]:
        """Step of each checkpoint."""
        return [checkpoint.step for checkpoint in self.checkpoints]

    @property
    def nbytes(self) -> int:
        """Bytes of all checkpoints, in memory or on disk."""
        return sum(checkpoint.nbytes for checkpoint in self.checkpoints)

    def thinned(self, n: int) -> Trajectory:
        """The same with at most n checkpoints, spread evenly over those that there are, the first and last among them.

        Parameters
        ----------
        n : int
            At least 2.
        """
        places = np.unique(np.linspace(0, len(self) - 1, min(n, len(self))).round().astype(int))
        return replace(self, checkpoints=tuple(self.checkpoints[i] for i in places))

    def reversed(self) -> Trajectory:
        """The same from the last checkpoint back to the first."""
        return replace(self, checkpoints=self.checkpoints[::-1])

    def check(self, module: nn.Module) -> None:
        """Raise unless all checkpoints are of this module, and of a training that began at its start.

        Parameters
        ----------
        module : torch.nn.Module
            The trained network.

        Raises
        ------
        ValueError
        """
        if len(self) < 2:
            raise ValueError(
                "The trajectory has the start of the training only, from which nothing can be learned; train the "
                "network while TrajectoryCallback, or a TrajectoryRecorder, records it."
            )
        if self.resumed:
            raise ValueError(
                "The training that was recorded went on with a network trained before, so its start is not known; "
                "train anew with net.fit, or record the first training, too."
            )
        shapes = {name: t.shape for name, t in state_of(module).items()}
        for checkpoint in self.checkpoints:
            state = checkpoint.state()
            if {name: t.shape for name, t in state.items()} != shapes:
                raise ValueError(
                    "The checkpoints are of a network with other layers than this one; give the network that was "
                    "trained while they were recorded."
                )
            if not all(bool(torch.isfinite(t).all()) for t in state.values()):
                raise ValueError(
                    f"At {self.unit} {checkpoint.step} of the training some weights were NaN or infinite; lower the "
                    "learning rate, or clip gradients, and train again."
                )
