"""Cases: an estimator, a table, parameters, and what is called."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from fuzz.estimators import Model, models_with_tables
from fuzz.tables import Table
from hypothesis import strategies as st

METHODS = ("agop", "agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg")

WRONG_VALUES = {
    "method": ("shap", None, ["agop"]),
    "rank": (0, 1.5, "all", None, float("nan"), True),
    "standardize": ("yes", None),
    "baseline": ("median", 0, None, "zero"),
    "contrast": ("yes", 2, None),
    "gate": ("on", [True] * 9, 3, [0.5, 0.5]),
    "refine": (-1, 1.5, "auto", None, True),
    "moment": ("sparse", None),
    "batch_size": (0, 2.0, "all", None),
    "max_samples": (0, 0.5, True, "auto"),
    "prefit": ("yes", None),
    "device": ("cuda", 3, "meta"),
    "random_state": (-1, "seed", 2**40, 1.0),
    "verbose": ("loud", -1, None),
}
"""Values that no method takes; the default, at least, does not."""

WRONG_PARAMETERS = (
    *({"method": "agop", name: value} for name, values in WRONG_VALUES.items() for value in values),
    {"method": "agop-ixg", "rank": 10**9},
    {"method": "ixg", "baseline": [[0.0] * 9]},
    {"method": "ixg", "baseline": []},
    {"method": "ixg", "baseline": {"a": 1}},
    {"method": "ixg", "gate": True},
    {"method": "ixg", "refine": 2},
)

CALLS = (
    "explain", "call", "all", "labels", "transform", "save", "pickle", "clone", "set_params", "partial_fit", "effects",
    "wrong target", "wrong rows", "few rows", "other containers",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """All that a case is made of."""

    model: Model
    table: Table
    seed: int
    parameters: dict[str, Any]
    wrong_parameter: dict[str, Any]
    call: str


@st.composite
def parameters(draw, d, is_wrong):
    """Parameters that are allowed together."""
    chosen = {"method": draw(st.sampled_from(METHODS)) if draw(st.sampled_from(range(3))) == 1 else "agop"}
    optional = {
        "contrast": st.booleans(),
        "batch_size": st.sampled_from([1, 2, 7, 1000]),
        "max_samples": st.sampled_from([1, 5, 20]),
        "random_state": st.one_of(st.integers(0, 9), st.builds(np.random.RandomState, st.integers(0, 9))),
        "moment": st.sampled_from(["auto", "dense"]),
        "prefit": st.just(True),
        "device": st.just("cpu"),
        "gate": st.sampled_from([None, True, "mask"])
        if chosen["method"] == "agop"
        else st.sampled_from([None, "mask"]),
    }
    if chosen["method"] == "agop":
        optional |= {"refine": st.sampled_from([1, 3])}
    if chosen["method"] == "agop-ixg":
        optional |= {"rank": st.sampled_from([1, 0.5, 1.0]), "moment": st.sampled_from(["factored", "sketched"])}
    if chosen["method"] in ("agop-ixg", "ixg"):
        optional |= {"baseline": st.sampled_from(["zero", "row"])}
    if chosen["method"] in ("agop-ixg", "agop-weighted"):
        optional |= {"standardize": st.booleans()}
    for name in draw(st.lists(st.sampled_from(sorted(optional)), max_size=2, unique=True)):
        chosen[name] = draw(optional[name])
    return chosen


@st.composite
def cases(draw):
    model, table = draw(models_with_tables())
    chosen = draw(parameters(table.d, model.wrong))
    wrong = draw(st.sampled_from(WRONG_PARAMETERS)) if draw(st.sampled_from(range(12))) == 5 else {}
    return Case(model, table, draw(st.integers(0, 10_000)), chosen, wrong, draw(st.sampled_from(CALLS)))
