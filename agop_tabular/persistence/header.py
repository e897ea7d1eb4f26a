"""The part of a saved explainer that is JSON: all but its tensors."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.gate.noise_floor import Gate

FORMAT = 5
"""Version of the file format; a newer one is refused. 5 names the kinds of the moment and of the adapter's state."""


@dataclass(frozen=True)
class Header:
    """What a file says of an explainer, as JSON can hold it.

    Attributes
    ----------
    format : int
    params : dict
        The explainer's parameters by name, without its estimator.
    contrast : bool
    n : int
        Rows gathered.
    names, coordinate_names, score_names : sequence of str
    feature_names_in : list of str or None
    n_features_in : int
    classes : dict or None
        ``dtype`` and ``labels``.
    network : str
        Fingerprint of the network.
    columns : list
        Text values of columns, None for numbers, which are tensors.
    images : dict or None
        Of an image explainer: its shape, method and steadiness.
    gate : dict or None
    moment : str or None
        Kind of the moment; None up to format 4.
    adapter : dict or None
        Kinds of the adapter's state and of its members'; None up to format 4.
    """

    format: int
    params: dict[str, Any]
    contrast: bool
    n: int
    names: Any
    coordinate_names: Any
    feature_names_in: list[str] | None
    n_features_in: int
    score_names: Any
    classes: dict[str, Any] | None
    network: str
    columns: list[Any]
    images: dict[str, Any] | None
    gate: dict[str, Any] | None
    moment: str | None = None
    adapter: dict[str, Any] | None = None

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))


def parse_header(text: str, source: Any) -> dict[str, Any]:
    """Fields of a :class:`Header` from text that :meth:`Header.to_json` returned, now or in an earlier version.

    Parameters
    ----------
    text : str
    source : path-like
        The file, for messages.

    Raises
    ------
    ValueError
        Where the format is newer.
    """
    state: dict[str, Any] = json.loads(text)
    if state.get("format", 0) > FORMAT:
        raise ValueError(
            f"{source} has format version {state['format']}; this agop_tabular reads up to {FORMAT}. Upgrade "
            "agop_tabular."
        )
    return {"images": None} | state


def param_to_json(name: str, value: Any) -> Any:
    """A parameter as JSON can hold it; None for what it cannot, such as a RandomState."""
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


def params_from_json(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters from what :func:`param_to_json` made of them."""
    baseline = params["baseline"]
    if isinstance(baseline, dict):
        return params | {"baseline": pd.DataFrame(baseline["data"], columns=baseline["columns"])}
    return params


def classes_to_json(classes: np.ndarray | None) -> dict[str, Any] | None:
    """Labels and their dtype."""
    if classes is None:
        return None
    dtype = "object" if classes.dtype.kind in "OT" else classes.dtype.str
    return {"dtype": dtype, "labels": classes.tolist()}


def classes_from_json(classes: dict[str, Any] | None) -> np.ndarray | None:
    """Labels from what :func:`classes_to_json` made of them."""
    return None if classes is None else np.array(classes["labels"], dtype=classes["dtype"])


def gate_to_json(gate: Gate | None) -> dict[str, Any] | None:
    """A gate, its mask as a list."""
    return None if gate is None else asdict(gate) | {"mask": gate.mask.tolist()}


def gate_from_json(gate: dict[str, Any] | None) -> Gate | None:
    """A gate from what :func:`gate_to_json` made of it."""
    return None if gate is None else Gate(**gate | {"mask": np.array(gate["mask"], dtype=bool)})
