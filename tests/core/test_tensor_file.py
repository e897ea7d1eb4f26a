"""Files of tensors come back, and are written whole or not at all."""

import pytest
import torch
from safetensors import safe_open
from support.hostile_folders import full_disk

from agop_tabular.core.tensor_file import write_tensors


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


def test_tensors_and_text_come_back(path):
    write_tensors(path, {"a": torch.arange(3.0)}, {"said": "ä"})
    write_tensors(path, {"b": torch.arange(4)}, {"said": "two"})
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"said": "two"}
        assert list(file.keys()) == ["b"]
        assert file.get_tensor("b").tolist() == [0, 1, 2, 3]


def test_a_full_disk_leaves_what_was_there(path):
    write_tensors(path, {"a": torch.arange(3.0)})
    before = path.read_bytes()
    with (
        pytest.raises(OSError, match=r"weights.safetensors cannot be written \(.*File too large.*\); choose another"),
        full_disk(),
    ):
        write_tensors(path, {"a": torch.zeros(10_000)})
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
