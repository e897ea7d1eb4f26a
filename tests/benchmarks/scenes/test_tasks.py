"""Tasks: which scenes take part, their labels, targets and parts."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from benchmarks.scenes.layout import scene_name
from benchmarks.scenes.reader import read_records, read_scenes
from benchmarks.scenes.tasks import TASKS, read_task, split_of

DATA = Path(__file__).with_name("data")


def scenes_file(folder):
    return json.loads((folder / "CLEVR-XAI_scenes.json").read_text())["scenes"]


@pytest.mark.parametrize("task", TASKS)
def test_labels_are_properties_of_the_only_large_object(task):
    data = read_task(DATA, task)
    assert len(data) == 60
    for i, scene in enumerate(scenes_file(DATA)):
        (large,) = [k for k, thing in enumerate(scene["objects"]) if thing["size"] == "large"]
        assert data.target[i] == large
        assert data.classes[data.y[i]] == scene["objects"][large][task]


def test_masks():
    data, scenes = read_task(DATA, "shape"), read_scenes(DATA, read_records(DATA))
    assert_array_equal(data.object_masks(), scenes.masks > 0)
    assert_array_equal(data.target_masks(), scenes.mask_of(data.target))
    assert (data.target_masks() <= data.object_masks()).all()
    share = data.target_masks().mean(axis=(1, 2))
    assert 0.002 < share.min() < share.max() < 0.12


def test_scenes_without_one_target_take_no_part(tmp_path):
    """Sizes of official scenes are drawn for each object: none may be large, or several."""
    folder = shutil.copytree(DATA, tmp_path / "scenes")
    scenes = scenes_file(folder)
    for thing in scenes[1]["objects"]:
        thing["size"] = "small"
    for thing in scenes[4]["objects"][:2]:
        thing["size"] = "large"
    scenes[6]["objects"].reverse()
    (folder / "CLEVR-XAI_scenes.json").write_text(json.dumps({"scenes": scenes}))
    whole, data = read_task(DATA, "color"), read_task(folder, "color")
    took_part = np.delete(np.arange(60), [1, 4])
    assert_array_equal(data.y, whole.y[took_part])
    assert data.target[4] == len(scenes[6]["objects"]) - 1
    assert_array_equal(data.target_masks(), whole.target_masks()[took_part])
    assert [record.name for record in data.scenes.records] == [scene_name(i) for i in took_part]
    assert len(read_task(folder, "color", at_most=7)) == 7


def test_parts_are_fixed_by_name():
    """Whatever else a folder has; a change of this test is a change of every result."""
    parts = " ".join(split_of(scene_name(number)) for number in range(10))
    assert parts == "train train train train validation test validation train train test"
    counts = np.unique([split_of(scene_name(number)) for number in range(4000)], return_counts=True)
    shares = dict(zip(counts[0].tolist(), (counts[1] / 4000).tolist(), strict=True))
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.02)


def test_a_part():
    data = read_task(DATA, "material")
    parts = [data.part(name) for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == 60
    assert min(map(len, parts)) > 3
    for part in parts:
        assert len(part) == len(part.y) == len(part.target) == len(part.images) == len(part.target_masks())
        names = [record.name for record in part.scenes.records]
        assert {split_of(name) for name in names} == set(part.split)
    rows = np.flatnonzero(data.split == "test")
    assert_array_equal(parts[2].images, data.images[rows])
    assert_array_equal(parts[2].take(np.array([2, 0])).y, data.y[rows[[2, 0]]])


def test_another_size():
    data = read_task(DATA, "shape", size=48, at_most=5)
    assert data.images.shape == (5, 48, 48, 3)
    assert data.target_masks().shape == (5, 48, 48)


def test_bad_input_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="There is no task 'size'; choose one of shape, color, material."):
        read_task(DATA, "size")
    folder = shutil.copytree(DATA, tmp_path / "scenes")
    scenes = scenes_file(folder)
    scenes[0]["objects"][0]["color"] = "pink"
    (folder / "CLEVR-XAI_scenes.json").write_text(json.dumps({"scenes": scenes}))
    with pytest.raises(ValueError, match="The color 'pink' in .* is none of gray, red"):
        read_task(folder, "color")
    scenes[0]["objects"][0]["size"] = "small"
    (folder / "CLEVR-XAI_scenes.json").write_text(json.dumps({"scenes": scenes[:1]}))
    with pytest.raises(ValueError, match="No scene of .* has exactly one large object"):
        read_task(folder, "shape")
