"""Parameters as JSON, and back."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from agop_tabular import AGOPExplainer
from agop_tabular.image import AGOPImageExplainer
from agop_tabular.persistence.parameters import KINDS, check_params, param_to_json, params_from_json


def through_json(value):
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("rank", np.int64(3), 3),
        ("rank", "auto", "auto"),
        ("contrast", np.True_, True),
        ("device", torch.device("cpu"), "cpu"),
        ("random_state", np.random.RandomState(0), None),
        ("gate", np.array([True, False]), [True, False]),
        ("gate", "auto", "auto"),
        ("baseline", "mean", "mean"),
        ("baseline", np.array([[1.5, 2.0]]), [1.5, 2.0]),
    ],
)
def test_parameters(name, value, kept):
    assert through_json(param_to_json(name, value)) == kept


@pytest.mark.parametrize("form", [dict, pd.Series, lambda row: pd.DataFrame([row])])
def test_a_baseline_of_columns(form):
    row = {"a": 1.5, "kind": "x"}
    params = params_from_json({"baseline": through_json(param_to_json("baseline", form(row)))})
    assert params["baseline"].to_dict("records") == [row]


@pytest.mark.parametrize("explainer", [AGOPExplainer, AGOPImageExplainer])
def test_every_parameter_of_an_explainer_has_a_kind(explainer):
    assert set(explainer().get_params(deep=False)) - {"estimator", "transform"} <= set(KINDS)


@pytest.mark.parametrize(
    "params",
    [
        {"more": 1},
        {"rank": -1},
        {"rank": 2.5},
        {"rank": True},
        {"method": "none"},
        {"method": ["agop"]},
        {"batch_size": 0},
        {"gate": [True]},
        {"gate": [1, 0]},
        {"moment": "none"},
        {"device": 3},
        {"baseline": [1.0]},
        {"baseline": [[1.0, 2.0]]},
        {"baseline": {"columns": ["a", "b"], "data": [[1]]}},
        {"baseline": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}},
        {"baseline": {"columns": ["a", "b"], "data": [[1, 2]], "dtypes": ["<U100000000", None]}},
        {"baseline": {"dtype": "<U100000000", "data": [1, 2]}},
        {"baseline": {"dtype": "|i1", "data": [1, 300]}},
    ],
    ids=str,
)
def test_what_is_no_parameter(params):
    with pytest.raises(ValueError, match="^its |^method="):
        check_params(params, 2)


def test_numbers_are_exact():
    row = pd.DataFrame({"a": np.float32([0.1]), "b": [1e-300], "c": [7], "d": [True], "e": ["x"], "f": [None]})
    again = params_from_json({"baseline": through_json(param_to_json("baseline", row))})["baseline"]
    pd.testing.assert_frame_equal(again[["a", "b", "c", "d"]], row[["a", "b", "c", "d"]])
    assert again[["e", "f"]].iloc[0].tolist() == ["x", None]
    mixed = params_from_json({"baseline": through_json(param_to_json("baseline", ["x", 0.1, 3]))})["baseline"]
    assert mixed == ["x", 0.1, 3], "numbers next to text stay numbers"
    with pytest.raises(ValueError, match="The cell b'x' is a bytes"):
        param_to_json("baseline", [b"x"])
