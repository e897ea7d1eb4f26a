"""The JSON of a saved file: parameters, labels and gates come back as they were."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from agop_tabular.gate.noise_floor import Gate
from agop_tabular.persistence.header import (
    FORMAT,
    classes_from_json,
    classes_to_json,
    gate_from_json,
    gate_to_json,
    param_to_json,
    params_from_json,
    parse_header,
)


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


@pytest.mark.parametrize(
    "labels", [np.array(["no", "yes"]), np.array([3, 7]), np.array([False, True]), np.array(["a", 1], dtype=object)]
)
def test_labels_keep_their_dtype(labels):
    again = classes_from_json(through_json(classes_to_json(labels)))
    np.testing.assert_array_equal(again, labels)
    assert again.dtype == labels.dtype
    assert classes_from_json(classes_to_json(None)) is None


def test_a_newer_format_is_refused():
    assert parse_header(json.dumps({"format": FORMAT}), "file")["format"] == FORMAT
    with pytest.raises(ValueError, match=f"format version {FORMAT + 1}"):
        parse_header(json.dumps({"format": FORMAT + 1}), "file")


def test_gates():
    gate = Gate(
        mask=np.array([True, False]),
        floor=0.1,
        margin=2.0,
        evidence=9.0,
        predictions_changed=0.01,
        variance_changed=0.02,
        labelled=True,
    )
    again = gate_from_json(through_json(gate_to_json(gate)))
    np.testing.assert_array_equal(again.mask, gate.mask)
    assert again.mask.dtype == bool
    assert gate_to_json(again) == gate_to_json(gate)
    assert gate_from_json(gate_to_json(None)) is None
