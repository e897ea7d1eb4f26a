"""State of an adapter: one with the same state gets the same preprocessing."""

import json

import pytest
import torch

from agop_tabular.models.adapter_state import AdapterState, infer_tags

LOOKUPS = {
    name: torch.tensor([i])
    for i, name in enumerate(("n_columns", "columns", "first", "sizes", "n_calls", "slots", "labels"))
}
LAYOUT = {name: torch.tensor([i]) for i, name in enumerate(("widths", "kept", "source", "scale", "offset"))}

PLAIN, CODES = AdapterState("plain", {}), AdapterState("embedded codes", LOOKUPS)
ENSEMBLE = AdapterState("ensemble", LAYOUT, (PLAIN, CODES))
STATES = [PLAIN, CODES, ENSEMBLE, AdapterState("ensemble", LAYOUT, (ENSEMBLE, PLAIN, CODES))]


@pytest.mark.parametrize("state", STATES)
def test_round_trip(state):
    tags = json.loads(json.dumps(state.tags()))
    assert AdapterState.from_tensors(state.to_tensors(), tags) == state


@pytest.mark.parametrize("state", STATES)
def test_files_without_tags(state):
    tensors = state.to_tensors()
    assert AdapterState.from_tensors(tensors, infer_tags(tensors)) == state


def test_names_in_files_stay():
    assert list(ENSEMBLE.to_tensors()) == [*LAYOUT, *(f"1.{name}" for name in LOOKUPS)]
    assert ENSEMBLE.tags() == {"kind": "ensemble", "0.kind": "plain", "1.kind": "embedded codes"}


def test_members_without_tensors_behind_the_last_are_not_inferred():
    tensors = AdapterState("ensemble", {}, (CODES, PLAIN)).to_tensors()
    assert AdapterState.from_tensors(tensors, infer_tags(tensors)) == AdapterState("ensemble", {}, (CODES,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_dtype_of_the_input(dtype):
    state = AdapterState("ensemble", {}, (AdapterState("plain", {}, dtype=dtype), PLAIN))
    tags = json.loads(json.dumps(state.tags()))
    assert AdapterState.from_tensors({}, tags) == state
    assert "dtype" not in PLAIN.tags()
    with pytest.raises(ValueError, match="'int8' is no dtype of a network's input"):
        AdapterState.from_tensors({}, {"kind": "plain", "dtype": "int8"})
