"""One file for a training-guided explainer: its checkpoints as tensors, all else as JSON in the header.

As that of :class:`~agop_tabular.AGOPExplainer` it has a checksum, and what it says is checked before anything is built.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.tensor_file import write_tensors
from agop_tabular.models.adapter_state import AdapterState
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.persistence.adapter_specs import check_tags
from agop_tabular.persistence.contents import MAP_ARRAYS, check_blocks
from agop_tabular.persistence.explainer_file import CHECKSUM, checksum_of
from agop_tabular.persistence.header import Classes, Names, classes_from_json, classes_to_json
from agop_tabular.persistence.parameters import KINDS, param_to_json
from agop_tabular.persistence.saved_explainer import reconnected
from agop_tabular.persistence.specs import DTYPES, Spec, check_shapes, demand, shapes_of, single, whole
from agop_tabular.persistence.typed_json import Count, Length, Within, checked, parsed
from agop_tabular.training_guided.guided_methods import guided_method
from agop_tabular.training_guided.replay import input_layer, recorded_module
from agop_tabular.training_guided.trajectory import Checkpoint, Trajectory

FORMAT = 1
"""Version of the file format; a newer one is refused."""

HEADER = "agop_tabular.training_guided"
"""Entry of the metadata of the safetensors file."""

PARAMS = {name: KINDS[name] for name in ("method", "contrast", "model_output", "class_names", "output_name")} | {
    "checkpoints": Annotated[int, Within(low=2)],
    **{name: KINDS[name] for name in ("batch_size", "prefit", "device", "verbose")},
}
"""What each parameter may be in a file. ``trajectory`` is none of them: the file has it."""

PROBES = 8
"""Rows about the mean of those that the network was tried on, at which a loaded one is tried."""


@dataclass(frozen=True)
class TrainingHeader:
    """What a file says of an explainer, as JSON can hold it.

    Attributes
    ----------
    format : int
    params : dict
        Parameters by name, without estimator and trajectory.
    method : str
        That it was fitted with.
    contrast, output, names, coordinate_names, feature_names_in, n_features_in, score_names, classes
        As in :class:`~agop_tabular.persistence.header.Header`.
    digest, unit, steps
        Of the trajectory.
    weights : list of str
        Names of parameters and buffers.
    adapter : dict
        Tags of the adapter's state.
    """

    format: Count
    params: dict[str, Any]
    method: str
    contrast: Annotated[float, Within(0, 2)]
    output: Literal["raw", "probability"]
    names: Names
    coordinate_names: Names
    feature_names_in: Names | None
    n_features_in: Count
    score_names: Names
    classes: Classes | None
    digest: Annotated[str, Length(64, 64)]
    unit: Annotated[str, Length(1, 64)]
    steps: Annotated[list[Annotated[int, Within(0)]], Length(least=2)]
    weights: Annotated[list[str], Length(least=1)]
    adapter: dict[str, str]

    def check(self) -> None:
        """Raise unless the parts belong together.

        Raises
        ------
        ValueError
        """
        d, n_scores = len(self.names), len(self.score_names)
        demand(self.format == FORMAT, f"format is {self.format}, and this agop_tabular reads {FORMAT}")
        demand(self.n_features_in == d, "header names another number of columns than it has")
        demand(self.feature_names_in is None or len(self.feature_names_in) == d, "header has names for other columns")
        demand(self.classes is None or len(self.classes.labels) == n_scores, "header has labels for other scores")
        demand(len(set(self.weights)) == len(self.weights), "header names a weight twice")
        demand(set(self.params) == set(PARAMS), "header has other parameters")
        for name, value in self.params.items():
            checked(PARAMS[name], value, f"its parameter {name}")
        guided_method(self.method)
        check_tags(self.adapter)
        demand(self.adapter["kind"] == "plain", "adapter has no first layer")


@dataclass(frozen=True, eq=False)
class SavedTraining:
    """A training-guided explainer as it is saved and loaded.

    Attributes
    ----------
    params : dict
        Parameters by name, without estimator and trajectory.
    method : str
        That it was fitted with.
    model : ExplainedModel
        Without an adapter where it comes from a file.
    trajectory : Trajectory
    state : AdapterState
    probe : Tensor of shape (8, p), float64
    n_features_in : int
    feature_names_in : list of str or None
    """

    params: dict[str, Any]
    method: str
    model: ExplainedModel
    trajectory: Trajectory
    state: AdapterState
    probe: Tensor
    n_features_in: int
    feature_names_in: list[str] | None

    @classmethod
    def of(cls, explainer: Any) -> SavedTraining:
        """All that is saved of a fitted explainer."""
        model = explainer.model_
        names = getattr(explainer, "feature_names_in_", None)
        params = {name: value for name, value in explainer.get_params(deep=False).items() if name in PARAMS}
        return cls(
            params,
            explainer.method_,
            model,
            explainer.trajectory_,
            model.network.state(),
            _about_mean(model.probe),
            explainer.n_features_in_,
            None if names is None else list(names),
        )

    def connected(self, estimator: Any, device: Any) -> ExplainedModel:
        """The model with the network of an estimator, which has to be the one whose training was saved.

        Parameters
        ----------
        estimator : object
        device : str, torch.device or None

        Raises
        ------
        ValueError
        """
        model = reconnected(self.model, self.state, self.probe, estimator, device, first_layer=True)
        recorded = recorded_module(model, self.trajectory)
        input_layer(model, recorded)
        self.trajectory.check(model.network.module.get_submodule(recorded))
        x = self.probe.to(model.network.device, model.network.dtype)
        return model.with_adapter(model.network, x, first_layer=True, probe=x)

    def to_file(self) -> tuple[TrainingHeader, dict[str, Tensor]]:
        """Header and tensors."""
        states = [checkpoint.state() for checkpoint in self.trajectory.checkpoints]
        tensors = {f"{i} {name}": t for i, state in enumerate(states) for name, t in state.items()}
        tensors |= {name: torch.from_numpy(getattr(self.model.feature_map, name)) for name in MAP_ARRAYS}
        classes = classes_to_json(self.model.classes)
        header = TrainingHeader(
            FORMAT,
            {name: param_to_json(name, value) for name, value in self.params.items()},
            self.method,
            float(self.model.contrast),
            "probability" if self.model.output == "probability" else "raw",
            list(self.model.feature_map.names),
            list(self.model.feature_map.coordinate_names),
            self.feature_names_in,
            self.n_features_in,
            list(self.model.score_names),
            None if classes is None else Classes(**classes),
            self.trajectory.digest,
            self.trajectory.unit,
            self.trajectory.steps,
            list(states[0]),
            self.state.tags(),
        )
        return header, {name: t.contiguous() for name, t in (tensors | {"probe": self.probe}).items()}

    @classmethod
    def from_file(cls, header: TrainingHeader, tensors: Mapping[str, Tensor]) -> SavedTraining:
        """From a header and tensors that have been checked."""
        arrays = (tensors[name].numpy() for name in MAP_ARRAYS)
        feature_map = FeatureMap(tuple(header.names), tuple(header.coordinate_names), *arrays)
        classes = classes_from_json(None if header.classes is None else vars(header.classes))
        model = ExplainedModel(
            None, feature_map, header.contrast, tuple(header.score_names), classes, output=header.output
        )
        checkpoints = tuple(
            Checkpoint(step, {name: tensors[f"{i} {name}"] for name in header.weights})
            for i, step in enumerate(header.steps)
        )
        trajectory = Trajectory(checkpoints, header.unit, header.digest)
        state = AdapterState.from_tensors({}, header.adapter)
        inputs = (header.n_features_in, header.feature_names_in)
        return cls(header.params, header.method, model, trajectory, state, tensors["probe"], *inputs)


def save_training(saved: SavedTraining, path: str | os.PathLike[str]) -> None:
    """Write an explainer, whole or not at all.

    Parameters
    ----------
    saved : SavedTraining
    path : str or path-like

    Raises
    ------
    FileNotFoundError, OSError
        Where the folder does not exist, or the file cannot be written.
    ValueError
        Where something could not be read again.
    """
    header, tensors = saved.to_file()
    text = json.dumps(asdict(header))
    try:
        _check(header, tensors)
    except ValueError as error:
        raise ValueError(f"This explainer cannot be saved: {error}") from error
    write_tensors(Path(path), tensors, {HEADER: text, CHECKSUM: checksum_of(text, tensors)})


def load_training(path: str | os.PathLike[str]) -> SavedTraining:
    """Read a file that :func:`save_training` wrote.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    ValueError
        Where it is truncated, altered, or no such file.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name the file that was saved.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = file.keys()
            dtypes = {name: file.get_slice(name).get_dtype() for name in names}
            tensors = {name: file.get_tensor(name) for name in names if dtypes[name] in DTYPES.values()}
    except SafetensorError as error:
        raise ValueError(
            f"{path} is truncated or not an explainer file ({error}); save the explainer again."
        ) from error
    text = metadata.get(HEADER)
    if text is None:
        raise ValueError(f"{path} was not written by TrainingGuidedExplainer.save.")
    if metadata != {HEADER: text, CHECKSUM: checksum_of(text, tensors)}:
        raise ValueError(f"{path} was altered since it was written: its checksum does not match; save it again.")
    try:
        header: TrainingHeader = checked(TrainingHeader, parsed(text), "its header")
        _check(header, tensors)
        return SavedTraining.from_file(header, tensors)
    except ValueError as error:
        raise ValueError(f"{path} holds no explainer that can be read: {error}; save the explainer again.") from error


def _check(header: TrainingHeader, tensors: Mapping[str, Tensor]) -> None:
    """Raise unless tensors are those that the header makes them, and their values such as a training leaves."""
    header.check()
    d, p, found = len(header.names), len(header.coordinate_names), shapes_of(tensors)
    specs = {
        "column_of": whole("p", low=-1, high=d - 1),
        "block_of": whole("p", low=-1, high=p - 1),
        "low": single("p"),
        "high": single("p"),
        "probe": single(PROBES, "p"),
    }
    for i in range(len(header.steps)):
        for name in header.weights:
            rank = len(found.get(f"0 {name}", ("", ()))[1])  # which the first checkpoint says for all
            specs[f"{i} {name}"] = Spec(tuple(DTYPES.values()), tuple(f"{name} {k}" for k in range(rank)))
    check_shapes(specs, found, {"p": p})
    for name, spec in specs.items():
        spec.check_values(name, tensors[name])
    check_blocks(*(tensors[name].numpy() for name in MAP_ARRAYS))
    classes_from_json(None if header.classes is None else vars(header.classes))


def _about_mean(x: Tensor | None) -> Tensor:
    """A few rows (8, p), float64, about the mean of others, from one standard deviation below to one above."""
    assert x is not None, "a fitted model has the rows that it was tried on"
    rows = x.detach().double().cpu()
    steps = torch.linspace(-1.0, 1.0, PROBES, dtype=torch.float64)[:, None]
    return rows.mean(dim=0) + steps * rows.std(dim=0, unbiased=False)
