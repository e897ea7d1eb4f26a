"""Whatever writes a file writes it whole or not at all, and says in a sentence why it cannot."""

import numpy as np
import pytest
import torch
from support.hostile_folders import full_disk, read_only_folder
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.image import AGOPImageExplainer
from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryRecorder

BEFORE = b"what was there before"


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    """What writes to a path, by the name of the file; each has written once, so that nothing is left to import."""
    torch.manual_seed(0)
    X = np.random.default_rng(0).standard_normal((60, 4)).astype("float32")
    net = nn.Sequential(nn.Linear(4, 3))
    net.classes_ = ["a", "b", "c"]
    explainer = AGOPExplainer(net).fit(X)
    explanation = explainer(X[:5])
    recorder = TrajectoryRecorder(net)
    with torch.no_grad():
        net[0].weight += 0.1
    recorder.record()
    guided = TrainingGuidedExplainer(net, trajectory=recorder.finish()).fit(X)
    images = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    images.classes_ = ["a", "b"]
    pixels = np.random.default_rng(0).standard_normal((20, 1, 4, 4)).astype("float32")
    writers = {
        "a.csv": explanation.save,
        "a.parquet": explanation.save,
        "a.json": explanation.save,
        "a.html": explanation.save,
        "explainer.agop": explainer.save,
        "images.agop": AGOPImageExplainer(images).fit(pixels).save,
        "guided.agop": guided.save,
    }
    for name, write in writers.items():
        write(tmp_path_factory.mktemp("once") / name)
    return writers


NAMES = ["a.csv", "a.parquet", "a.json", "a.html", "explainer.agop", "images.agop", "guided.agop"]


@pytest.mark.parametrize("name", NAMES)
def test_an_existing_file_is_replaced_and_keeps_its_mode(writers, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(BEFORE)
    path.chmod(0o600)
    writers[name](path)
    assert path.stat().st_size > len(BEFORE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_fills_up_leaves_what_was_there(writers, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(BEFORE)
    with (
        pytest.raises(OSError, match=r"cannot be written \(.*File too large.*\); choose another place\.$"),
        full_disk(),
    ):
        writers[name](path)
    assert path.read_bytes() == BEFORE
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_is_not_ours(writers, name):
    with read_only_folder({name: BEFORE}) as folder:
        with pytest.raises(PermissionError, match=rf"{name} cannot be written \(Permission denied\); choose another"):
            writers[name](folder / name)
        assert (folder / name).read_bytes() == BEFORE
        assert [p.name for p in folder.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_no_such_folder_and_a_folder_in_the_way(writers, tmp_path, name):
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist; make it first\.$"):
        writers[name](tmp_path / "nowhere" / name)
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match=r"is a folder; name a file in it\.$"):
        writers[name](tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_what_a_recorder_keeps(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Nothing can be kept in folder='.*nowhere' \(.*\); name another\.$"):
        TrajectoryRecorder(nn.Linear(3, 2), folder=tmp_path / "nowhere")
    recorder = TrajectoryRecorder(nn.Linear(300, 2), folder=tmp_path)
    (folder,) = tmp_path.iterdir()
    with (
        pytest.raises(OSError, match=r"cannot be written \(.*File too large.*\); choose another place\.$"),
        full_disk(),
    ):
        recorder.record()
    assert [p.name for p in folder.iterdir()] == ["checkpoint-000000000.safetensors"], "no half checkpoint"
    recorder.record()
    assert len(recorder.finish()) == 2
