"""One file for a fitted explainer: safetensors for the statistics, JSON in its header for the rest."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from agop_tabular.adapters import adapt
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.gate.noise_floor import Gate
from agop_tabular.models.adapter_state import AdapterState, infer_tags
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.fitted import is_fitted
from agop_tabular.persistence.effects import (
    columns_from_file,
    columns_to_file,
    effects_from_tensors,
    effects_to_tensors,
    remainder_from_tensors,
    remainder_to_tensors,
)
from agop_tabular.persistence.header import (
    FORMAT,
    Header,
    classes_from_json,
    classes_to_json,
    gate_from_json,
    gate_to_json,
    param_to_json,
    params_from_json,
    parse_header,
)
from agop_tabular.persistence.moments import infer_kind, moment_from_tensors, moment_to_tensors
from agop_tabular.persistence.network_record import NetworkRecord, probe_coordinates

HEADER, CHECKSUM = "agop_tabular", "checksum"
"""Entries of the metadata of the safetensors file."""

ADAPTER_PREFIX = "adapter_"
"""With which the names of the adapter's tensors begin."""

MAP_ARRAYS = ("column_of", "block_of", "low", "high")
"""Arrays of a FeatureMap, in the order of its fields."""

COORDINATE_TENSORS = ("mean", "squares", "first", "varies")
"""Tensors of a CoordinateMoment, in the order of its fields."""


@dataclass(frozen=True, eq=False)
class SavedExplainer:
    """A fitted explainer as it is saved and loaded.

    Attributes
    ----------
    params : dict
        Parameters by name, without the estimator.
    model : ExplainedModel
        Without an adapter where it is loaded without an estimator.
    statistics : TrainingStatistics
        Without background rows when loaded.
    baseline : Tensor of shape (p,)
    gate : Gate or None
    n_features_in : int
    feature_names_in : list of str or None
    network : NetworkRecord
    images : dict or None
        What an image explainer keeps.
    """

    params: dict[str, Any]
    model: ExplainedModel
    statistics: TrainingStatistics
    baseline: Tensor
    gate: Gate | None
    n_features_in: int
    feature_names_in: list[str] | None
    network: NetworkRecord
    images: dict[str, Any] | None = None

    @classmethod
    def of(cls, explainer: Any, images: dict[str, Any] | None = None) -> SavedExplainer:
        """All that is saved of a fitted explainer of tables; of images, where it explains these as rows.

        Parameters
        ----------
        explainer : AGOPExplainer
        images : dict, optional
        """
        # gate and refine as they are now, since they act when rows are explained; all else as it was when fitted
        params = explainer.fitted_params_ | {"gate": explainer.gate, "refine": explainer.refine}
        model, statistics = explainer.model_, explainer.statistics_
        connected = model.adapter is not None
        names = getattr(explainer, "feature_names_in_", None)
        return cls(
            params,
            model,
            statistics,
            torch.from_numpy(explainer.baseline_),
            explainer.gate_,
            explainer.n_features_in_,
            None if names is None else list(names),
            NetworkRecord.of(model, statistics.coordinates) if connected else explainer.network_record_,
            images,
        )


def save(saved: SavedExplainer, path: str | os.PathLike[str]) -> None:
    """Write a fitted explainer, whole or not at all.

    Parameters
    ----------
    saved : SavedExplainer
    path : str or path-like

    Raises
    ------
    FileNotFoundError
        Where the folder does not exist.
    """
    columns, tensors = _tensors(saved)
    model, adapter = saved.model, saved.model.adapter
    header = Header(
        format=FORMAT,
        params={name: param_to_json(name, value) for name, value in saved.params.items()},
        contrast=model.contrast,
        n=saved.statistics.n,
        names=model.feature_map.names,
        coordinate_names=model.feature_map.coordinate_names,
        feature_names_in=saved.feature_names_in,
        n_features_in=saved.n_features_in,
        score_names=model.score_names,
        classes=classes_to_json(model.classes),
        network=saved.network.fingerprint,
        columns=columns,
        images=saved.images,
        gate=gate_to_json(saved.gate),
        moment=saved.statistics.gradients.kind,
        adapter=None if adapter is None else adapter.state().tags(),
    )
    _write(Path(path), header.to_json(), tensors)


def load(path: str | os.PathLike[str], estimator: Any) -> SavedExplainer:
    """Read a file that :func:`save` wrote, in this format or an earlier one.

    Parameters
    ----------
    path : str or path-like
    estimator : object or None
        The fitted estimator that was explained.

    Raises
    ------
    ValueError
        Where the file is truncated, altered, or of a newer format, or the estimator has another width.
    """
    header, tensors = _read(Path(path))
    params = params_from_json(header.params)
    arrays = (tensors[name].numpy() for name in MAP_ARRAYS)
    feature_map = FeatureMap(tuple(header.names), tuple(header.coordinate_names), *arrays)
    model = ExplainedModel(
        None, feature_map, header.contrast, tuple(header.score_names), classes_from_json(header.classes)
    )
    statistics = _statistics(header, tensors, feature_map.n_coordinates)
    network = NetworkRecord(header.network, tensors["probe_scores"])
    if estimator is not None:
        model = _connected(model, statistics.coordinates, estimator, params, header, tensors)
        network.warn_of_another(model, statistics.coordinates)
    return SavedExplainer(
        params,
        model,
        statistics,
        tensors["baseline"],
        gate_from_json(header.gate),
        header.n_features_in,
        header.feature_names_in,
        network,
        header.images,
    )


def image_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What :func:`save` kept of images.

    Raises
    ------
    ValueError
        Where it is the file of an explainer of tables.
    """
    images = _read(Path(path))[0].images
    if images is None:
        raise ValueError(f"{path} holds an explainer of tables; read it with AGOPExplainer.load.")
    return images


def _tensors(saved: SavedExplainer) -> tuple[list[Any], dict[str, Tensor]]:
    """Text values of the columns, and all tensors by name."""
    model, statistics, coordinates = saved.model, saved.statistics, saved.statistics.coordinates
    tensors = {"probe_scores": saved.network.probe_scores, **moment_to_tensors(statistics.gradients)}
    tensors |= {f"coordinate_{name}": getattr(coordinates, name) for name in COORDINATE_TENSORS}
    tensors["baseline"] = saved.baseline
    tensors |= {name: torch.from_numpy(getattr(model.feature_map, name)) for name in MAP_ARRAYS}
    if model.adapter is not None:
        tensors |= {f"{ADAPTER_PREFIX}{name}": t for name, t in model.adapter.state().to_tensors().items()}
    columns, of_columns = columns_to_file(statistics.columns)
    if statistics.effects is not None:
        tensors |= {"score_total": statistics.score_total} | effects_to_tensors(statistics.effects) | of_columns
        tensors |= remainder_to_tensors(statistics.remainder)
    return columns, {name: tensor.contiguous() for name, tensor in tensors.items()}


def _statistics(header: Header, tensors: dict[str, Tensor], p: int) -> TrainingStatistics:
    """The statistics in a file."""
    kind = infer_kind(tensors) if header.moment is None else header.moment
    of_coordinates = (tensors[f"coordinate_{name}"] for name in COORDINATE_TENSORS)
    effects = effects_from_tensors(tensors)
    return TrainingStatistics(
        moment_from_tensors(kind, p, header.n, tensors),
        CoordinateMoment(p, header.n, *of_coordinates),
        score_total=tensors.get("score_total", torch.zeros((), dtype=torch.float64)),
        effects=effects,
        remainder=remainder_from_tensors(tensors, effects),
        columns=columns_from_file(header.columns, tensors),
    )


def _connected(
    model: ExplainedModel,
    coordinates: CoordinateMoment,
    estimator: Any,
    params: dict[str, Any],
    header: Header,
    tensors: dict[str, Tensor],
) -> ExplainedModel:
    """The model with the adapter of an estimator, checked against the file."""
    d = model.feature_map.n_columns
    try:
        if not is_fitted(estimator):
            raise ValueError("it is not fitted")
        adapter = adapt(estimator).on(params["device"])
        width = getattr(estimator, "n_features_in_", d)
        if width != d:
            raise ValueError(f"it takes {width} columns")
        own = {k.removeprefix(ADAPTER_PREFIX): t for k, t in tensors.items() if k.startswith(ADAPTER_PREFIX)}
        adapter.restore(AdapterState.from_tensors(own, infer_tags(own) if header.adapter is None else header.adapter))
        x = adapter.tensor(probe_coordinates(coordinates).numpy())
        adapter.confirm(x)
        if adapter.n_scores != model.n_scores:
            raise ValueError(f"it has {adapter.n_scores} scores")
    except ValueError as error:
        raise ValueError(
            f"The estimator does not fit the saved explainer of {d} columns, {coordinates.p} coordinates at the "
            f"network's input and {model.n_scores} scores ({error}). Load it with the estimator that was explained."
        ) from error
    return model.with_adapter(adapter, x, first_layer=params["moment"] != "dense")


def _write(path: Path, header: str, tensors: dict[str, Tensor]) -> None:
    """Write to a file of another name first, which then takes the place of the old one."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist; make it first.")
    handle, temporary = tempfile.mkstemp(dir=path.parent or ".", prefix=path.name, suffix=".part")
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata={HEADER: header, CHECKSUM: _checksum(header, tensors)})
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> tuple[Header, dict[str, Tensor]]:
    """Header and tensors of a file, once its checksum is found to be right."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            text = metadata.get(HEADER)
            if text is None:
                raise ValueError(f"{path} was not written by AGOPExplainer.save.")
            state = parse_header(text, path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} is truncated or not an explainer file ({error}); save the explainer again."
        ) from error
    if metadata.get(CHECKSUM) != _checksum(text, tensors):
        raise ValueError(f"{path} was altered since it was written: its checksum does not match; save it again.")
    return Header(**state), tensors


def _checksum(text: str, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
