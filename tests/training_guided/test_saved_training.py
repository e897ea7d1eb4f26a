"""Files of training-guided explainers: whole, the same bits again, and checked."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors.torch import load_file, safe_open, save_file
from support.hostile_files import header_changes, tensor_changes

from agop_tabular import AGOPExplainer
from agop_tabular.persistence.explainer_file import CHECKSUM, checksum_of
from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryCallback
from agop_tabular.training_guided.saved_training import HEADER, load_training


@pytest.fixture
def net(make_net, table):
    return make_net().fit(table[0].astype("float32"), table[1])


@pytest.fixture
def frame(table):
    return pd.DataFrame(table[0].astype("float32"), columns=list("abcde"))


@pytest.mark.parametrize("method", ["xtrain", "xstep", "xtrain+", "xwp", "xwp-c"])
def test_the_same_bits_again(net, frame, tmp_path, method):
    explainer = TrainingGuidedExplainer(net, method=method, class_names=["x", "y", "z"], contrast=True).fit(frame)
    explainer.save(tmp_path / "a.agop")
    loaded = TrainingGuidedExplainer.load(tmp_path / "a.agop", net)
    ours, theirs = explainer(frame), loaded(frame)
    for name in ("values", "base_values", "gap", "target"):
        assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert ours.target_names == theirs.target_names == ("x", "y", "z")
    assert ours.unit == theirs.unit
    assert loaded.get_params(deep=False) == explainer.get_params(deep=False)
    assert_array_equal(loaded.feature_names_in_, explainer.feature_names_in_)
    loaded.save(tmp_path / "b.agop")
    again = TrainingGuidedExplainer.load(tmp_path / "b.agop", net)
    assert_array_equal(again.explain(frame), ours.values)


def test_from_disk_the_file_has_all_checkpoints(make_net, table, tmp_path):
    X = table[0].astype("float32")
    (tmp_path / "kept").mkdir()
    net = make_net(TrajectoryCallback(folder=tmp_path / "kept", precision="half")).fit(X, table[1])
    explainer = TrainingGuidedExplainer(net).fit(X)
    values = explainer.explain(X)
    explainer.save(tmp_path / "a.agop")
    for path in (tmp_path / "kept").rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(ValueError, match="cannot be read"):
        explainer.explain(X)
    assert_array_equal(TrainingGuidedExplainer.load(tmp_path / "a.agop", net).explain(X), values)


def test_another_network_is_refused(net, make_net, frame, table, tmp_path):
    TrainingGuidedExplainer(net).fit(frame).save(tmp_path / "a.agop")
    other = make_net(epochs=2).fit(table[0].astype("float32"), table[1])
    with pytest.raises(ValueError, match="have changed since"):
        TrainingGuidedExplainer.load(tmp_path / "a.agop", other)
    wider = make_net(n_in=6).fit(np.tile(table[0], 2)[:, :6].astype("float32"), table[1])
    with pytest.raises(ValueError, match="does not fit the saved explainer"):
        TrainingGuidedExplainer.load(tmp_path / "a.agop", wider)
    with pytest.raises(ValueError, match="does not fit"):
        TrainingGuidedExplainer.load(tmp_path / "a.agop", make_net())


def test_files_that_are_not_whole_or_not_these(net, frame, tmp_path):
    path = tmp_path / "a.agop"
    TrainingGuidedExplainer(net).fit(frame).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="truncated"):
        load_training(path)
    altered = bytearray(whole)
    altered[-3] ^= 1
    path.write_bytes(bytes(altered))
    with pytest.raises(ValueError, match="its checksum does not match"):
        load_training(path)
    AGOPExplainer(net, method="ixg").fit(frame).save(path)
    with pytest.raises(ValueError, match="was not written by TrainingGuidedExplainer"):
        load_training(path)
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="was not written by AGOPExplainer"):
        AGOPExplainer.load(path, net)
    with pytest.raises(IsADirectoryError):
        load_training(tmp_path)
    with pytest.raises(FileNotFoundError):
        TrainingGuidedExplainer(net).fit(frame).save(tmp_path / "none" / "a.agop")


def written(path, state, tensors):
    text = state if isinstance(state, str) else json.dumps(state)
    tensors = {name: t.contiguous() for name, t in tensors.items()}
    save_file(tensors, path, metadata={HEADER: text, CHECKSUM: checksum_of(text, tensors)})


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("every", [17, pytest.param(1, marks=pytest.mark.slow)])
def test_whatever_a_file_says_it_is_refused_or_explains(net, frame, tmp_path, every):
    """Every part, or every 17th, of header and tensors changed, with a right checksum: ValueError or numbers."""
    path = tmp_path / "a.agop"
    TrainingGuidedExplainer(net, method="xwp").fit(frame).save(path)
    with safe_open(path, framework="pt") as file:
        state = json.loads(file.metadata()[HEADER])
    tensors = {name: t.clone() for name, t in load_file(path).items()}
    changes = [(name, changed, tensors) for name, changed in header_changes(state)]
    changes += [(name, state, changed) for name, changed in tensor_changes(tensors)]
    changes, refused = changes[::every], 0
    for name, header, values in changes:
        written(path, header, values)
        try:
            loaded = TrainingGuidedExplainer.load(path, net)
            with torch.no_grad():
                assert np.isfinite(loaded.explain(frame)).all(), name
        except ValueError:
            refused += 1
    assert refused > len(changes) / 2
