"""The JSON of a saved file: labels and gates come back as they were."""

import json

import numpy as np
import pytest

from agop_tabular.gate.noise_floor import Gate
from agop_tabular.persistence.header import (
    FORMAT,
    classes_from_json,
    classes_to_json,
    gate_from_json,
    gate_to_json,
    parse_header,
)


def through_json(value):
    return json.loads(json.dumps(value))


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


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"format": "9"},
        {"format": None},
        {"format": float("nan")},
        {"format": [6]},
        {"format": True},
        {"format": 6.0},
        {"format": 2},
        {"format": -1},
        {"format": 1e300},
        [],
        None,
        "x",
        6,
    ],
    ids=str,
)
def test_a_format_that_is_none_is_refused(state):
    with pytest.raises(ValueError, match="^file has no format version that is known, from 3 to"):
        parse_header(json.dumps(state), "file")


@pytest.mark.parametrize(
    "classes",
    [
        {"dtype": "<U100000000", "labels": ["a", "b"]},
        {"dtype": "<U1", "labels": ["aa", "b"]},
        {"dtype": "<i8", "labels": ["a", "b"]},
        {"dtype": "<i8", "labels": [2**63, 0]},
        {"dtype": "O", "labels": ["a", "b"]},
        {"dtype": "<M8[D]", "labels": ["2024-01-01"]},
        {"dtype": "object", "labels": [[1], 2]},
        {"dtype": "S9", "labels": ["a"]},
        {"dtype": "", "labels": []},
    ],
    ids=str,
)
def test_labels_that_are_none(classes):
    with pytest.raises(ValueError, match="^its labels"):
        classes_from_json(classes)


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
