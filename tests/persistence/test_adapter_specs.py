"""What an adapter's state in a file has to be."""

import pytest
import torch

from agop_tabular.models.adapter_state import AdapterState
from agop_tabular.persistence.adapter_specs import PREFIX, adapter_specs, check_adapter, check_tags

TAGS = {"kind": "ensemble", "0.kind": "plain", "1.kind": "embedded codes", "1.dtype": "float32"}


def lookups(**changed):
    numbers = {"n_columns": 3, "columns": [0, 2], "first": [0, -1], "sizes": [4, 2], "n_calls": 2}
    tensors = {name: torch.tensor(value) for name, value in numbers.items()}
    tensors["slots"] = torch.tensor([[0, 0, 0], [1, 1, 0]])
    tensors["labels"] = torch.tensor(list(b'["a", "c"]'), dtype=torch.uint8)
    return tensors | {name: torch.as_tensor(value) for name, value in changed.items()}


def layout(**changed):
    numbers = {"widths": [7, 7], "kept": list(range(7)), "source": [*range(7), *range(7)]}
    tensors = {name: torch.tensor(value) for name, value in numbers.items()}
    tensors |= {"scale": torch.ones(14).double(), "offset": torch.zeros(14).double()}
    return tensors | {name: torch.as_tensor(value) for name, value in changed.items()}


def state(own, codes):
    return AdapterState("ensemble", own, (AdapterState("plain", {}), AdapterState("embedded codes", codes)))


def test_what_belongs_together():
    check_tags(TAGS)
    check_tags({"kind": "plain"})
    whole = state(layout(), lookups())
    check_adapter(whole, 7)
    assert set(adapter_specs(TAGS, set(whole.to_tensors()), 7)) == {f"{PREFIX}{name}" for name in whole.to_tensors()}
    without = state({}, lookups())
    assert set(adapter_specs(TAGS, set(without.to_tensors()), 7)) == {f"{PREFIX}{n}" for n in without.to_tensors()}


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"0.kind": "plain"},
        {"kind": "none"},
        {"kind": "plain", "more": "plain"},
        {"kind": "plain", "dtype": "int32"},
        {"kind": "plain", "0.kind": "plain"},
        {"kind": "ensemble", "1.kind": "plain"},
        {"kind": "ensemble", "999999999.kind": "plain"},
        {"kind": "ensemble", "0.dtype": "float32"},
        {"kind": "ensemble", "x.kind": "plain"},
        {"kind": "ensemble", "-1.kind": "plain"},
        {"kind": "ensemble", "00.kind": "plain"},
        {"kind": "ensemble"} | {"0." * k + "kind": "ensemble" for k in range(1, 2000)},
    ],
    ids=lambda tags: str(tags)[:40],
)
def test_tags_that_do_not(tags):
    with pytest.raises(ValueError, match="^its adapter "):
        check_tags(tags)


@pytest.mark.parametrize(
    "changed",
    [
        {"n_columns": 8},
        {"n_columns": 2},
        {"columns": [2, 0]},
        {"columns": [0, 9]},
        {"sizes": [4000, 2000]},
        {"sizes": [5, 4]},
        {"n_calls": 1},
        {"slots": [[0, 2, 0], [1, 1, 0]]},
        {"slots": [[0, -2, 0], [1, 1, 0]]},
        {"slots": [[0, 0, -1], [1, 1, 0]]},
        {"slots": [[-1, 0, 0], [1, 1, 0]]},
    ],
    ids=str,
)
def test_embeddings_that_do_not(changed):
    with pytest.raises(ValueError, match="^its embeddings "):
        check_adapter(state(layout(), lookups(**changed)), 7)


@pytest.mark.parametrize("text", [b"\xff", b"", b"{", b'["a"]', b'["a", 1]', b"[" * 100_000])
def test_names_that_are_none(text):
    labels = torch.tensor(list(text), dtype=torch.uint8)
    with pytest.raises(ValueError, match="its |names"):
        check_adapter(state(layout(), lookups(labels=labels)), 7)


@pytest.mark.parametrize(
    "changed", [{"widths": [7, 6]}, {"widths": [14]}, {"kept": [14] * 7}, {"source": [7] * 14}], ids=str
)
def test_ensembles_that_do_not(changed):
    with pytest.raises(ValueError, match="^its ensemble "):
        check_adapter(state(layout(**changed), lookups()), 7)
