"""One file for a fitted explainer: safetensors for the moments, JSON in its header for the rest."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from agop_tabular.adapters import adapt
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.fitting.statistics import Gathered
from agop_tabular.gate.noise_floor import Gate
from agop_tabular.models.fingerprint import fingerprint
from agop_tabular.models.fitted import is_fitted
from agop_tabular.persistence.effects import columns_from_state, columns_to_state, from_tensors, to_tensors
from agop_tabular.persistence.moments import from_tensors as moment_from
from agop_tabular.persistence.moments import to_tensors as moment_to

FORMAT = 4
"""Version of the file format; a newer one is refused."""

_KEY, _ADAPTER = "agop_tabular", "adapter_"


def save(explainer: Any, path: str | os.PathLike[str], images: dict[str, Any] | None = None) -> None:
    """Write a fitted explainer without its estimator, whole or not at all; what is kept of images beside it."""
    gathered = explainer._gathered
    params = explainer._fitted_params | {name: getattr(explainer, name) for name in ("gate", "refine")}
    feature_map = gathered.feature_map
    network, probe_scores = (
        (fingerprint(gathered.adapter), torch.from_numpy(_probe_scores(gathered)))
        if gathered.adapter is not None
        else explainer._saved_network
    )
    tensors = {
        "probe_scores": probe_scores,
        **moment_to(gathered.moment),
        "coordinate_mean": gathered.coordinates.mean,
        "coordinate_squares": gathered.coordinates.squares,
        "coordinate_first": gathered.coordinates.first,
        "coordinate_varies": gathered.coordinates.varies,
        "baseline": torch.from_numpy(explainer.baseline_),
        "column_of": torch.from_numpy(feature_map.column_of),
        "block_of": torch.from_numpy(feature_map.block_of),
        "low": torch.from_numpy(feature_map.low),
        "high": torch.from_numpy(feature_map.high),
    }
    if gathered.adapter is not None:
        tensors |= {f"{_ADAPTER}{name}": tensor for name, tensor in gathered.adapter.state().items()}
    columns, of_columns = columns_to_state(gathered.columns)
    if gathered.effects is not None:
        tensors |= {"score_total": gathered.score_total} | to_tensors(gathered.effects) | of_columns
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    classes = gathered.classes
    state = {
        "format": FORMAT,
        "params": {name: _plain(name, value) for name, value in params.items()},
        "contrast": gathered.contrast,
        "n": gathered.moment.n,
        "names": feature_map.names,
        "coordinate_names": feature_map.coordinate_names,
        "feature_names_in": None if not hasattr(explainer, "feature_names_in_") else list(explainer.feature_names_in_),
        "n_features_in": explainer.n_features_in_,
        "score_names": gathered.score_names,
        "classes": None if classes is None else {"dtype": _dtype_name(classes), "labels": classes.tolist()},
        "network": network,
        "columns": columns,
        "images": images,
        "gate": None if explainer.gate_ is None else asdict(explainer.gate_) | {"mask": explainer.gate_.mask.tolist()},
    }
    text = json.dumps(state)
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist; make it first.")
    handle, temporary = tempfile.mkstemp(dir=path.parent or ".", prefix=path.name, suffix=".part")
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata={_KEY: text, "checksum": _checksum(text, tensors)})
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(cls: type, path: str | os.PathLike[str], estimator: Any) -> Any:
    """Read a file that :func:`save` wrote into an explainer of class ``cls``."""
    state, tensors = _read(Path(path))
    params = state["params"] | {"estimator": estimator}
    if isinstance(params["baseline"], dict):
        params["baseline"] = pd.DataFrame(params["baseline"]["data"], columns=params["baseline"]["columns"])
    explainer = cls(**params)
    explainer.n_features_in_ = state["n_features_in"]
    if state["feature_names_in"] is not None:
        explainer.feature_names_in_ = np.array(state["feature_names_in"], dtype=object)
    feature_map = FeatureMap(
        tuple(state["names"]),
        tuple(state["coordinate_names"]),
        *(tensors[name].numpy() for name in ("column_of", "block_of", "low", "high")),
    )
    p, n, classes = feature_map.n_coordinates, state["n"], state["classes"]
    coordinates = (tensors[f"coordinate_{part}"] for part in ("mean", "squares", "first", "varies"))
    gathered = Gathered(
        None,
        feature_map,
        moment_from(p, n, tensors),
        CoordinateMoment(p, n, *coordinates),
        state["contrast"],
        tuple(state["score_names"]),
        None if classes is None else np.array(classes["labels"], dtype=classes["dtype"]),
        score_total=tensors.get("score_total", torch.zeros((), dtype=torch.float64)),
        effects=from_tensors(tensors),
        columns=columns_from_state(state["columns"], tensors),
    )
    explainer._saved_network = state["network"], tensors["probe_scores"]
    if estimator is not None:
        gathered = _connected(gathered, estimator, params, state["network"], tensors)
        explainer.estimator_ = estimator
    explainer.gate_ = None
    if state["gate"] is not None:
        explainer.gate_ = Gate(**state["gate"] | {"mask": np.array(state["gate"]["mask"], dtype=bool)})
    return explainer._settle(gathered, tensors["baseline"])


def image_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What :func:`save` kept of images."""
    images: dict[str, Any] | None = _read(Path(path))[0].get("images")
    if images is None:
        raise ValueError(f"{path} holds an explainer of tables; read it with AGOPExplainer.load.")
    return images


def _connected(
    gathered: Gathered, estimator: Any, params: dict[str, Any], network: str, tensors: dict[str, torch.Tensor]
) -> Gathered:
    """With the adapter of the estimator, checked against the file."""
    d, n_scores = gathered.feature_map.n_columns, len(gathered.score_names)
    try:
        if not is_fitted(estimator):
            raise ValueError("it is not fitted")
        adapter = adapt(estimator).on(params["device"])
        width = getattr(estimator, "n_features_in_", d)
        if width != d:
            raise ValueError(f"it takes {width} columns")
        adapter.restore({k.removeprefix(_ADAPTER): t for k, t in tensors.items() if k.startswith(_ADAPTER)})
        x = adapter.tensor(_probe(gathered.coordinates).numpy())
        adapter.confirm(x)
        if adapter.n_scores != n_scores:
            raise ValueError(f"it has {adapter.n_scores} scores")
    except ValueError as error:
        raise ValueError(
            f"The estimator does not fit the saved explainer of {d} columns, {gathered.moment.p} coordinates at the "
            f"network's input and {n_scores} scores ({error}). Load it with the estimator that was explained."
        ) from error
    layer = None if params["moment"] == "dense" else InputLayer.of(adapter.module, adapter.scores, x)
    again, scores = replace(gathered, adapter=adapter, layer=layer), tensors["probe_scores"].numpy()
    same_scores = np.allclose(_probe_scores(again), scores, rtol=1e-3, atol=1e-3 * np.abs(scores).max())
    if fingerprint(adapter) != network or not same_scores:
        warnings.warn(
            "The network's weights, or the preprocessing in front of it, are not those that the saved explainer was "
            "fitted on; its AGOP belongs to another model. Fit the explainer again, unless that is what you want.",
            UserWarning,
            stacklevel=4,
        )
    return again


def _probe(coordinates: CoordinateMoment) -> torch.Tensor:
    """A few rows about the mean (8, p), the same whenever they are asked for."""
    steps = torch.linspace(-1.0, 1.0, 8, dtype=torch.float64)[:, None]
    return coordinates.mean + steps * coordinates.scale()


def _probe_scores(gathered: Gathered) -> np.ndarray:
    return np.stack([gathered.scores_at(row) for row in _probe(gathered.coordinates)])


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            text = header.get(_KEY)
            if text is None:
                raise ValueError(f"{path} was not written by AGOPExplainer.save.")
            state = json.loads(text)
            if state.get("format", 0) > FORMAT:
                raise ValueError(
                    f"{path} has format version {state['format']}; this agop_tabular reads up to {FORMAT}. Upgrade "
                    "agop_tabular."
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} is truncated or not an explainer file ({error}); save the explainer again."
        ) from error
    if header.get("checksum") != _checksum(text, tensors):
        raise ValueError(f"{path} was altered since it was written: its checksum does not match; save it again.")
    return state, tensors


def _checksum(text: str, tensors: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _dtype_name(classes: np.ndarray) -> str:
    return "object" if classes.dtype.kind in "OT" else classes.dtype.str


def _plain(name: str, value: Any) -> Any:
    """A parameter as JSON can hold it."""
    if name == "baseline" and not isinstance(value, str):
        if isinstance(value, dict):
            value = pd.DataFrame([value])
        elif isinstance(value, pd.Series):
            value = value.to_frame().T
        if isinstance(value, pd.DataFrame):
            return {"columns": list(value.columns), "data": json.loads(value.to_json(orient="values"))}
        return np.asarray(value).reshape(-1).tolist()
    if name == "gate" and not isinstance(value, (str, bool, type(None))):
        return np.asarray(value).tolist()
    if name == "device" and value is not None:
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, (str, int, float, bool, type(None))) else None
