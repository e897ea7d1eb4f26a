"""Replay: a network at the checkpoints of its training, with each column's weights swapped, behind its first layer.

Swapping the weights of column i for those of another checkpoint adds ``x_i (w'_i - w_i)`` to the first layer's outputs
and changes nothing else. All columns of a row are therefore one batch of the layers behind, and the first layer is not
run for any of them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from agop_tabular.core.input_layer import InputLayer
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.fingerprint import weights_digest
from agop_tabular.training_guided.trajectory import State, Trajectory, state_of

SWAPPED_VALUES = 2**18
"""Outputs of the first layer, over rows, columns and units, that are held at a time: 1 MB in float32. Between 2**16 and
2**20 the time is the same; with more they no longer stay in the processor's cache."""


def recorded_module(model: ExplainedModel, trajectory: Trajectory) -> str:
    """Name of the module, inside of the model's, whose weights the trajectory ends with.

    Parameters
    ----------
    model : ExplainedModel
    trajectory : Trajectory

    Raises
    ------
    ValueError
        Where there is none: the trajectory is of another network, or weights have changed since.
    """
    names = set(trajectory.checkpoints[-1].state())
    alike = [(name, m) for name, m in model.network.module.named_modules() if set(state_of(m)) == names]
    for name, module in alike:
        if weights_digest(module) == trajectory.digest:
            return name
    if alike:
        raise ValueError(
            "The network's weights are not those that the recorded training ended with: it is another network, they "
            "have changed since, or a callback behind TrajectoryCallback changed them; put it last among the "
            "callbacks, and train again."
        )
    raise ValueError(
        "The checkpoints are of a network with other layers than this one; give the network that was trained while "
        "they were recorded."
    )


def input_layer(model: ExplainedModel, recorded: str) -> InputLayer:
    """The Linear layers that the input goes straight into, all of them in the recorded module.

    Parameters
    ----------
    model : ExplainedModel
    recorded : str
        From :func:`recorded_module`.

    Raises
    ------
    ValueError
        Where there are none, so that a column has no weights of its own.
    """
    layer = model.layer
    inside = f"{recorded}." if recorded else ""
    if layer is None or not all(f"{name}.".startswith(inside) for name in layer.names):
        raise ValueError(
            "Training-guided methods need a network whose whole input goes straight into Linear layers, so that every "
            "column has weights of its own; this one reads its input otherwise. Use AGOPExplainer, which takes any "
            "differentiable network."
        )
    return layer


class Replay:
    """A copy of a model's network that is set to checkpoints; the user's own is not touched.

    Parameters
    ----------
    model : ExplainedModel
    trajectory : Trajectory
        Checked; its checkpoints are replayed in order.
    recorded : str
        Name of the recorded module, from :func:`recorded_module`.
    """

    def __init__(self, model: ExplainedModel, trajectory: Trajectory, recorded: str):
        found = input_layer(model, recorded)
        self.model, self.trajectory = model, trajectory
        self.adapter = copy.copy(model.network)
        self.adapter.module = copy.deepcopy(model.network.module)
        self.own = state_of(self.adapter.module.get_submodule(recorded))
        self.given: list[Tensor] = []
        inside = len(recorded) + 1 if recorded else 0
        self.layers = [name[inside:] for name in found.names]
        for i, name in enumerate(found.names):
            layer = self.adapter.module.get_submodule(name)
            vars(layer)["forward"] = self._given(i)  # in place of its matrix product, in this copy only
        self.at = -1

    @property
    def module(self) -> nn.Module:
        """The copy of the model's module."""
        return self.adapter.module

    def _given(self, i: int) -> Callable[[Tensor], Tensor]:
        return lambda _: self.given[i].clone()  # the layers behind may overwrite it

    def first_scores(self, x: Tensor) -> Tensor:
        """Explained scores (b, C) before the training, at coordinates (b, p)."""
        state = self._state_at(0)
        return self.scores(0, state, self.outputs(state, x))

    def steps(self, x: Tensor) -> Iterator[ReplayedStep]:
        """The steps of the training, at coordinates (b, p); one is to be used up before the next one is taken."""
        earlier, outputs = self._state_at(0), self.outputs(self._state_at(0), x)
        for i in range(1, len(self.trajectory)):
            later = self._state_at(i)
            step = ReplayedStep(self, x, i, earlier, later, outputs, self.outputs(later, x))
            yield step
            earlier, outputs = later, step.later_outputs

    def _state_at(self, i: int) -> State:
        device = self.adapter.device
        kept = self.trajectory.checkpoints[i].state()
        return {name: t.to(device, self.own[name].dtype) for name, t in kept.items()}

    def weight(self, state: State) -> Tensor:
        """First-layer weights (h, p) at a checkpoint, of all layers that read the input."""
        return torch.cat([state[_inside(name, "weight")] for name in self.layers])

    def outputs(self, state: State, x: Tensor) -> Tensor:
        """Outputs (b, h) of the first layers at a checkpoint."""
        parts = [(state[_inside(name, "weight")], state.get(_inside(name, "bias"))) for name in self.layers]
        return torch.cat([functional.linear(x, weight, bias) for weight, bias in parts], dim=1)

    def scores(self, i: int, state: State, outputs: Tensor) -> Tensor:
        """Explained scores (b, C) of the network at checkpoint i, from outputs (b, h) of its first layers."""
        if self.at != i:
            for name, t in state.items():
                self.own[name].copy_(t)
            self.at = i
        widths = [len(state[_inside(name, "weight")]) for name in self.layers]
        self.given = list(outputs.split(widths, dim=1))
        p = self.model.feature_map.n_coordinates
        rows = outputs.new_zeros(1, p).expand(len(outputs), p)  # which nothing reads, and which take no memory
        return self.model.explained(self.adapter.scores(rows))

    def swapped(self, i: int, state: State, outputs: Tensor, x: Tensor, difference: Tensor) -> Tensor:
        """Explained scores (b, d, C) at checkpoint i with each column's weights changed by ``difference`` (h, p)."""
        feature_map, h = self.model.feature_map, outputs.shape[1]
        size = max(1, SWAPPED_VALUES // (max(feature_map.n_coordinates, feature_map.n_columns) * h))
        found = []
        for part, own in zip(x.split(size), outputs[:, None, :].split(size), strict=True):
            if feature_map.is_identity:
                every = torch.addcmul(own, part[:, :, None], difference.T)  # (b, d, h)
            else:
                every = own + feature_map.fold(part[:, None, :] * difference).transpose(1, 2)
            found.append(self.scores(i, state, every.reshape(-1, h)).reshape(*every.shape[:2], -1))
        return torch.cat(found)


def _inside(layer: str, name: str) -> str:
    """Name of a layer's parameter; the layer may be the recorded module itself."""
    return f"{layer}.{name}" if layer else name


@dataclass(eq=False)
class ReplayedStep:
    """A :class:`~agop_tabular.training_guided.guided_method.Step`, computed where it is asked for.

    Attributes
    ----------
    replay : Replay
    x : Tensor of shape (b, p)
    later_at : int
        Place of the later checkpoint.
    earlier, later : dict of str to Tensor
    earlier_outputs, later_outputs : Tensor of shape (b, h)
        Of the first layers.
    """

    replay: Replay
    x: Tensor
    later_at: int
    earlier: State
    later: State
    earlier_outputs: Tensor
    later_outputs: Tensor

    @cached_property
    def before(self) -> Tensor:
        """Scores (b, C) at the earlier checkpoint."""
        return self.replay.scores(self.later_at - 1, self.earlier, self.earlier_outputs)

    @cached_property
    def after(self) -> Tensor:
        """Scores (b, C) at the later checkpoint."""
        return self.replay.scores(self.later_at, self.later, self.later_outputs)

    @cached_property
    def difference(self) -> Tensor:
        """Update (h, p) of the first layers' weights."""
        return self.replay.weight(self.later) - self.replay.weight(self.earlier)

    def forward(self) -> Tensor:
        """Change of the earlier network's scores (b, d, C) by each column's later weights alone."""
        outputs = self.earlier_outputs
        swapped = self.replay.swapped(self.later_at - 1, self.earlier, outputs, self.x, self.difference)
        return swapped - self.before[:, None, :]

    def reverse(self) -> Tensor:
        """What the later network's scores (b, d, C) lose by each column's earlier weights alone."""
        outputs = self.later_outputs
        swapped = self.replay.swapped(self.later_at, self.later, outputs, self.x, -self.difference)
        return self.after[:, None, :] - swapped
