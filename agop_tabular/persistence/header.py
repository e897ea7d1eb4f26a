"""The part of a saved explainer that is JSON: all but its tensors. A file is checked against its annotations."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np

from agop_tabular.gate.noise_floor import Gate
from agop_tabular.persistence.audit_record import AuditRecord
from agop_tabular.persistence.cells import NUMBER, TIME, array_from_json, cell_from_json, cell_to_json
from agop_tabular.persistence.parameters import check_params
from agop_tabular.persistence.specs import demand
from agop_tabular.persistence.typed_json import AnyFloat, Count, Length, Within, checked, parsed

FORMAT = 12
"""Version of the file format; a newer one is refused. 6 has dtypes and shapes under the checksum, and the parameters as
they were when the explainer was saved beside those that it was fitted with; 7 has the audit; 8
says where channels are in images, and whether "agop-adaptive" trusts positions; 9 has curves of columns that are
encoded into several coordinates; 10 has rows spread over all values of a column with several axes, and shares of
categories in all rows; 11 has the values of coordinates that are constant in the background rows; 12 has the stretches
of axes in which these rows have values."""

STEADY_UP_TO_7 = 1 / 6
"""Steadiness above which positions were trusted up to format 7, whose files have the number only."""

OLDEST = 3
"""The oldest format that is read."""

Names = Annotated[list[str], Length(least=1)]

Rows = Annotated[int, Within(1, 2**53)]
"""A number of rows, which float64 can hold."""


@dataclass(frozen=True)
class Classes:
    """Labels of the classes, and their dtype."""

    dtype: str
    labels: list[Any]


@dataclass(frozen=True)
class GateRecord:
    """A :class:`~agop_tabular.gate.noise_floor.Gate`, its mask as a list."""

    mask: list[bool]
    floor: AnyFloat
    margin: AnyFloat
    evidence: AnyFloat
    predictions_changed: AnyFloat
    variance_changed: AnyFloat
    labelled: bool


@dataclass(frozen=True)
class Images:
    """What an image explainer keeps: its parameters where they are other ones than those for rows, and its shape.

    Attributes
    ----------
    shape : list of int
        (channels, height, width).
    method : str
    steadiness : float or None
    steady : bool or None
        Whether positions are trusted; of methods that ask for it.
    params : dict or None
        As they were at save; None up to format 5.
    """

    shape: Annotated[list[Count], Length(3, 3)]
    method: str
    steadiness: Annotated[float, Within(0, 2)] | None
    steady: bool | None
    params: dict[str, Any] | None = None


@dataclass(frozen=True)
class Header:
    """What a file says of an explainer, as JSON can hold it.

    Attributes
    ----------
    format : int
    params : dict
        The explainer's parameters by name, without its estimator, as they were at save.
    fitted : dict
        Those that it was fitted with; up to format 5 the same.
    contrast : float
        That of the model; True, up to versions whose contrast was minus the mean over all classes, is its factor 1.
    output : {"raw", "probability"}
        What is explained; "raw" where a file says nothing.
    log_odds : bool
        Whether differences between the network's own scores are log-odds; True where a file says nothing.
    n : int
        Rows gathered.
    names, coordinate_names, score_names : list of str
    feature_names_in : list of str or None
    n_features_in : int
    classes : Classes or None
    network : str
        Fingerprint of the network.
    columns : list
        Text values of columns, None for numbers, which are tensors.
    images : Images or None
        Of an image explainer.
    gate : GateRecord or None
    moment : str or None
        Kind of the moment; None up to format 4.
    adapter : dict or None
        Kinds of the adapter's state and of its members'; None up to format 4.
    audit : AuditRecord or None
        None up to format 6.
    """

    format: Count
    params: dict[str, Any]
    fitted: dict[str, Any]
    contrast: bool | Annotated[float, Within(0, 2)]
    output: Literal["raw", "probability"]
    log_odds: bool
    n: Rows
    names: Names
    coordinate_names: Names
    feature_names_in: Names | None
    n_features_in: Count
    score_names: Names
    classes: Classes | None
    network: Annotated[str, Length(most=64)]
    columns: list[list[str] | None]
    images: Images | None
    gate: GateRecord | None
    moment: Literal["dense", "factored", "sketched", "diagonal"] | None
    adapter: dict[str, str] | None
    audit: AuditRecord | None

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, state: dict[str, Any]) -> Header:
        """From what :func:`parse_header` returned.

        Raises
        ------
        ValueError
            Where something is missing, unknown, or not what it has to be.
        """
        earlier: dict[str, Any] = {"images": None, "output": "raw", "log_odds": True}
        if state["format"] <= 6:
            earlier |= {"audit": None}
        if state["format"] <= 5:
            earlier |= {"fitted": state.get("params")}
        if state["format"] <= 4:
            earlier |= {"moment": None, "adapter": None}
        if state["format"] <= 5 and isinstance(state.get("images"), dict):
            state = state | {"images": {"params": None} | state["images"]}
        if state["format"] <= 7 and isinstance(state.get("images"), dict):
            found = state["images"].get("steadiness")
            steady = found > STEADY_UP_TO_7 if isinstance(found, (int, float)) else None
            state = state | {"images": {"steady": steady} | state["images"]}
        header: Header = checked(cls, earlier | state, "its header")
        header._check()
        return header

    def _check(self) -> None:
        """Raise unless the parts belong together."""
        d, n_scores = len(self.names), len(self.score_names)
        demand(self.n_features_in == d, "header names another number of columns than it has")
        demand(self.feature_names_in is None or len(self.feature_names_in) == d, "header has names for other columns")
        demand(self.classes is None or len(self.classes.labels) == n_scores, "header has labels for other scores")
        demand(self.gate is None or len(self.gate.mask) == d, "gate has a mask over other columns")
        demand(len(self.columns) in (0, d), "header has values of other columns")
        demand(self.images is None or _product(self.images.shape) == d, "images have another number of values")
        demand(self.format <= 4 or None not in (self.moment, self.adapter), "header names no moment, or no adapter")
        for params in (self.params, self.fitted):
            check_params(params, d)
        if self.images is not None and self.images.params is not None:
            check_params(self.images.params, d, methods=False)
        classes_from_json(None if self.classes is None else vars(self.classes))
        if self.audit is not None:
            self.audit.check(self.names, n_scores)


def _product(shape: list[int]) -> int:
    return shape[0] * shape[1] * shape[2]


def parse_header(text: str, source: Any) -> dict[str, Any]:
    """The state of a :class:`Header` from text that :meth:`Header.to_json` returned, now or in an earlier version.

    Parameters
    ----------
    text : str
    source : path-like
        The file, for messages.

    Raises
    ------
    ValueError
        Where it is no JSON, or the format is newer, too old, or none.
    """
    try:
        state = parsed(text)
    except ValueError as error:
        raise ValueError(
            f"{source} is truncated or not an explainer file: {error}; save the explainer again."
        ) from error
    version = state.get("format") if isinstance(state, dict) else None
    if type(version) is not int or version < OLDEST:
        raise ValueError(
            f"{source} has no format version that is known, from {OLDEST} to {FORMAT}; save the explainer again."
        )
    if version > FORMAT:
        raise ValueError(
            f"{source} has format version {version}; this agop_tabular reads up to {FORMAT}. Upgrade agop_tabular."
        )
    found: dict[str, Any] = state
    return found


def classes_to_json(classes: np.ndarray | None) -> dict[str, Any] | None:
    """Labels and their dtype.

    Raises
    ------
    ValueError
        Where they are of a type that a file cannot hold.
    """
    if classes is None:
        return None
    dtype = classes.dtype.str
    if TIME.fullmatch(dtype):
        return {"dtype": dtype, "labels": classes.view("i8").tolist()}
    if NUMBER.fullmatch(dtype):
        return {"dtype": dtype, "labels": classes.tolist()}
    if classes.dtype.kind == "U":
        if classes.dtype.itemsize > 4 * LONGEST_LABEL:  # as long as the longest label, or it could not be read
            classes = classes.astype(f"U{max(map(len, classes.tolist()), default=1)}")
        return {"dtype": classes.dtype.str, "labels": classes.tolist()}
    if classes.dtype.kind not in "OT":
        raise ValueError(
            f"The classes are of dtype {classes.dtype}, of which a file can hold none; use text or numbers."
        )
    try:
        return {"dtype": "object", "labels": [cell_to_json(label) for label in classes.tolist()]}
    except ValueError as error:
        raise ValueError(f"The label {error}; use text, numbers or dates as labels.") from error


LONGEST_LABEL = 1024
"""Width of a dtype of text up to which labels may be shorter than it; wider ones are as wide as the longest label."""


def classes_from_json(classes: dict[str, Any] | None) -> np.ndarray | None:
    """Labels from what :func:`classes_to_json` made of them.

    Raises
    ------
    ValueError
        Where they are nothing that it makes.
    """
    if classes is None:
        return None
    dtype, labels, where = classes["dtype"], classes["labels"], "its labels"
    if dtype == "object":
        found = np.empty(len(labels), dtype=object)
        found[:] = [cell_from_json(label, where) for label in labels]
        return found
    if TIME.fullmatch(dtype) or NUMBER.fullmatch(dtype):
        return array_from_json(labels, dtype, where)
    width = dtype[2:]
    demand(dtype[:2] in ("<U", ">U") and width.isdecimal() and len(width) < 9, "labels are of an unknown dtype")
    longest = max(map(len, checked(list[str], labels, where)), default=0)
    demand(longest <= int(width) <= max(longest, LONGEST_LABEL), "labels are not as long as they should be")
    return np.array(labels, dtype=dtype)


def gate_to_json(gate: Gate | None) -> dict[str, Any] | None:
    """A gate, its mask as a list; names of columns are in the file already."""
    if gate is None:
        return None
    fields = asdict(gate) | {"mask": gate.mask.tolist()}
    return {name: value for name, value in fields.items() if name != "feature_names"}


def gate_from_json(gate: dict[str, Any] | None, names: tuple[str, ...] = ()) -> Gate | None:
    """A gate from what :func:`gate_to_json` made of it, and the names of the columns."""
    if gate is None:
        return None
    return Gate(**gate | {"mask": np.array(gate["mask"], dtype=bool), "feature_names": tuple(names)})
