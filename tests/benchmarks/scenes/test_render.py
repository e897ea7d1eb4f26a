"""The command that renders: what is done is not done again, and what was rendered fits what was drawn. No Blender."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from benchmarks.scenes.drawing import draw_scene
from benchmarks.scenes.geometry import first_met
from benchmarks.scenes.layout import MASK_BACKGROUND, MASK_COLORS, scene_name
from benchmarks.scenes.render import main

DATA = Path(__file__).with_name("data")
SIZE, SCENES = 64, 60

without_blender = pytest.mark.skipif(importlib.util.find_spec("bpy") is not None, reason="Blender is here")


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(DATA, tmp_path / "scenes")


def render(folder, options=""):
    main(["--folder", str(folder), "--scenes", str(SCENES), "--size", str(SIZE), *options.split()])


def test_what_is_done_needs_no_blender(folder, capsys):
    file = folder / "CLEVR-XAI_scenes.json"
    before = json.loads(file.read_text())
    file.unlink()
    render(folder)
    assert "60 of 60 scenes are already done" in capsys.readouterr().out
    assert json.loads(file.read_text()) == before


def test_the_file_lists_the_scenes_that_were_asked_for(folder):
    render(folder, "--scenes 4 --first-seed 10")
    names = [scene["image_filename"] for scene in json.loads((folder / "CLEVR-XAI_scenes.json").read_text())["scenes"]]
    assert names == [f"CLEVR_unique_{number:06d}.png" for number in (10, 11, 12, 13)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--variant crowded", "scenes of variant 'standard' at 64 pixels; choose another --folder for 'crowded' at 64"),
        ("--size 96", "choose another --folder for 'standard' at 96"),
        ("--scenes 0", "--scenes is 0; it must be at least 1"),
        ("--first-seed -1", "--first-seed is -1; it must be at least 0"),
        ("--size 8", "--size is 8; it must be at least 32"),
        ("--threads 0", "--threads is 0; it must be at least 1"),
        ("--variant dark", "invalid choice: 'dark'"),
    ],
)
def test_what_cannot_be_rendered_is_one_sentence(folder, capsys, options, said):
    with pytest.raises(SystemExit):
        render(folder, options)
    assert said in capsys.readouterr().err


def test_a_file_in_the_way_is_one_sentence(tmp_path, capsys):
    (tmp_path / "scenes").write_text("")
    with pytest.raises(SystemExit):
        render(tmp_path / "scenes")
    assert "scenes" in capsys.readouterr().err.splitlines()[-1]


@without_blender
@pytest.mark.parametrize("lost", ["images/CLEVR_unique_000007.png", "masks/CLEVR_unique_000007.png"])
def test_a_scene_without_a_picture_is_not_done(folder, capsys, lost):
    (folder / lost).unlink()
    with pytest.raises(SystemExit):
        render(folder)
    said = capsys.readouterr()
    assert "59 of 60 scenes are already done" in said.out
    assert "Blender as a Python module is missing" in said.err
    assert "make scenes" in said.err


def test_the_tests_scenes_are_those_that_are_drawn_today():
    """If this fails, scenes are no longer what their numbers say: all that were rendered must be rendered anew."""
    for scene in json.loads((DATA / "CLEVR-XAI_scenes.json").read_text())["scenes"]:
        today = draw_scene(scene["image_index"]).record()
        for before, now in zip(scene["objects"], today["objects"], strict=True):
            assert {k: v for k, v in before.items() if isinstance(v, str)} == {
                k: v for k, v in now.items() if isinstance(v, str)
            }
            for number in ("3d_coords", "rotation", "mask_color"):
                assert_allclose(before[number], now[number], rtol=1e-9)
        assert_allclose(scene["camera"], today["camera"], rtol=1e-9)


def test_rendered_masks_show_what_the_rays_of_the_camera_meet():
    """Blender's masks against the geometry that was written down without it; edges of its solids are round."""
    overlaps = []
    for number in range(SCENES):
        drawn = draw_scene(number)
        mask = np.asarray(Image.open(DATA / "masks" / f"{scene_name(number)}.png").convert("RGB"))
        met = first_met(drawn.camera, drawn.solids, SIZE)
        assert ((mask == MASK_BACKGROUND).all(axis=2) == (met == -1)).mean() > 0.98
        for k in range(len(drawn.solids)):
            rendered, expected = (mask == MASK_COLORS[k]).all(axis=2), met == k
            overlaps.append((rendered & expected).sum() / (rendered | expected).sum())
    assert np.mean(overlaps) > 0.97
    assert min(overlaps) > 0.75  # objects of ten pixels
