"""Folders of scenes: those rendered here, one laid out like the official one, and broken ones."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from benchmarks.scenes.layout import MASK_BACKGROUND
from benchmarks.scenes.reader import MOST_OBJECTS, read_records, read_scenes

DATA = Path(__file__).with_name("data")
NAME = "CLEVR_unique_000003"


def read(folder, size=None):
    return read_scenes(folder, read_records(folder), size)


# Rendered here ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rendered():
    return read(DATA)


def test_what_a_folder_is_read_as(rendered):
    assert len(rendered) == len(rendered.records) == 60
    assert (rendered.images.shape, rendered.images.dtype) == ((60, 64, 64, 3), np.uint8)
    assert (rendered.masks.shape, rendered.masks.dtype) == ((60, 64, 64), np.uint16)
    first = rendered.records[0]
    assert (first.name, len(first.objects)) == ("CLEVR_unique_000000", 4)
    thing = first.objects[0]
    assert (thing.shape, thing.size, thing.material, thing.color) == ("sphere", "large", "rubber", "cyan")
    assert thing.place[2] == 0.7
    assert_array_equal(rendered.images[5], np.asarray(Image.open(DATA / "images/CLEVR_unique_000005.png")))


def test_masks_of_objects_share_no_pixel_and_make_up_all(rendered):
    for i, record in enumerate(rendered.records):
        scene = rendered.take(np.array([i]))
        each = np.stack([scene.mask_of([k])[0] for k in range(len(record.objects))])
        assert each.any(axis=(1, 2)).all()
        assert each.sum(axis=0).max() == 1
        assert_array_equal(each.any(axis=0), scene.mask_of_all()[0])


def test_masks_are_where_the_colours_are(rendered):
    """The only cyan object of the first scene, and its only green one."""
    scene = rendered.take(np.array([0]))
    colors = [thing.color for thing in scene.records[0].objects]
    pixels = scene.images[0].astype(int)
    greenish = (pixels[..., 1] > pixels[..., 0] + 40) & (pixels[..., 1] > pixels[..., 2] + 40)
    cyanish = (pixels[..., 1] > pixels[..., 0] + 60) & (pixels[..., 2] > pixels[..., 0] + 60)
    for color, found in (("green", greenish), ("cyan", cyanish)):
        mask = scene.mask_of([colors.index(color)])[0]
        assert (found & mask).sum() > 0.9 * found.sum() > 5


def test_some_of_the_scenes(rendered):
    few = rendered.take(np.arange(60) % 7 == 2)
    assert [record.name[-2:] for record in few.records] == ["02", "09", "16", "23", "30", "37", "44", "51", "58"]
    assert_array_equal(few.images, rendered.images[2::7])
    assert_array_equal(few.masks, rendered.masks[2::7])
    asked = read_records(DATA)[2::7]
    assert_array_equal(read_scenes(DATA, asked).masks, few.masks)


# The official layout ------------------------------------------------------------------------------------------------

BOXES = {"small": (40, 60), "large": (100, 90)}
"""Width and height of the rectangles that stand for objects."""


@pytest.fixture
def official(tmp_path):
    """Three scenes like those of CLEVR-XAI: 480 × 320, pictures and masks with transparency, colours at random."""
    rng = np.random.RandomState(0)
    scenes, layers = [], []
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    for index in range(3):
        name = f"CLEVR_unique_{index:06d}.png"
        mask, objects, shown = np.full((320, 480, 3), MASK_BACKGROUND, dtype=np.uint8), [], []
        for k in range(3):
            size = "large" if k == index else "small"
            color = rng.uniform(size=3)
            (w, h), x, y = BOXES[size], 20 + 150 * k, int(rng.randint(10, 200))
            mask[y : y + h, x : x + w] = to_srgb(color)
            layer = np.zeros((320, 480), dtype=bool)
            layer[y : y + h, x : x + w] = True
            shown.append(layer)
            objects.append(official_object("cube", size, color.tolist()))
        picture = rng.randint(256, size=(320, 480, 4)).astype(np.uint8)
        Image.fromarray(picture).save(tmp_path / "images" / name)
        Image.fromarray(np.dstack([mask, np.full((320, 480), 255, dtype=np.uint8)])).save(tmp_path / "masks" / name)
        directions = {"behind": [-0.75, 0.66, 0], "left": [-0.66, -0.75, 0]}
        relations = {"behind": [[1], [], [1]], "left": [[], [0], [0, 1]]}
        scenes.append(
            {"split": "unique", "image_index": index, "image_filename": name, "mask_filename": name, "objects": objects}
            | {"directions": directions, "relationships": relations}
        )
        layers.append(shown)
    info = {"date": "01/01/2020", "version": "1.0", "split": "unique", "license": "CC-BY 4.0"}
    (tmp_path / "CLEVR-XAI_scenes.json").write_text(json.dumps({"info": info, "scenes": scenes}))
    return tmp_path, np.array(layers)


def official_object(shape, size, mask_color):
    place = {"3d_coords": [0.5, -1.5, 0.7], "pixel_coords": [200, 120, 10.5], "rotation": 17.0}
    return {"shape": shape, "size": size, "material": "metal", "color": "red", "mask_color": mask_color, **place}


def to_srgb(linear):
    """Bytes that Blender writes for linear light."""
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)


def test_the_official_layout_at_its_own_size(official):
    folder, layers = official
    scenes = read(folder)
    assert scenes.images.shape == (3, 320, 480, 3)
    for k in range(3):
        assert_array_equal(scenes.mask_of([k] * 3), layers[:, k])
    assert_array_equal(scenes.mask_of_all(), layers.any(axis=1))
    picture = np.asarray(Image.open(folder / "images/CLEVR_unique_000001.png"))
    assert_array_equal(scenes.images[1], picture[..., :3])


@pytest.mark.parametrize("size", [128, 96, 500])
def test_resized_masks_follow_the_official_rule(official, size):
    """A pixel is of an object if any pixel of it has weight: those less than one pixel, of the coarser grid, away."""
    folder, layers = official
    scenes = read(folder, size)
    assert scenes.images.shape == (3, size, size, 3)
    for k in range(3):
        assert_array_equal(scenes.mask_of([k] * 3), [any_near(layer, size) for layer in layers[:, k]])
    assert_array_equal(scenes.mask_of_all(), np.any([scenes.mask_of([k] * 3) for k in range(3)], axis=0))


def any_near(layer, size):
    """Whether a mask's pixel is in reach of each pixel of another size, along both axes."""
    near = [reach(n, size) for n in layer.shape]
    return (near[0].astype(int) @ layer @ near[1].T.astype(int)) > 0


def reach(n, size):
    """Which of n places each of ``size`` places takes from, (size, n)."""
    scale = n / size
    middle = (np.arange(size) + 0.5) * scale
    return np.abs(np.arange(n) + 0.5 - middle[:, None]) < max(scale, 1)


def test_resized_pictures_look_the_same():
    small = read_scenes(DATA, read_records(DATA)[:3], 32).images.astype(float)
    blocks = read_scenes(DATA, read_records(DATA)[:3]).images.reshape(3, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert np.abs(small - blocks).mean() < 3


# Broken folders -----------------------------------------------------------------------------------------------------


def edit(folder, change):
    path = folder / "CLEVR-XAI_scenes.json"
    content = json.loads(path.read_text())
    change(content["scenes"])
    path.write_text(json.dumps(content))


def resize(path):
    Image.open(path).resize((32, 32)).save(path)


def cut(path):
    path.write_bytes(path.read_bytes()[:300])


BREAKS = {
    "half rendered": (lambda f: (f / "CLEVR-XAI_scenes.json").unlink(), "is half rendered"),
    "another folder": (shutil.rmtree, "has no CLEVR-XAI_scenes.json; name a folder of CLEVR-XAI, or render one"),
    "no JSON": (lambda f: (f / "CLEVR-XAI_scenes.json").write_text("{"), "is not a scenes file of CLEVR"),
    "a list": (lambda f: (f / "CLEVR-XAI_scenes.json").write_text("[]"), "is not a scenes file of CLEVR"),
    "no scene": (lambda f: edit(f, list.clear), "has no scene"),
    "incomplete": (lambda f: edit(f, lambda s: s[3]["objects"][0].pop("shape")), "is incomplete .KeyError.'shape'"),
    "no color": (lambda f: edit(f, lambda s: s[3]["objects"][0].update(mask_color=None)), "is incomplete"),
    "many": (lambda f: edit(f, lambda s: s[3].update(objects=s[3]["objects"] * 9)), f"1 to {MOST_OBJECTS} can be read"),
    "none": (lambda f: edit(f, lambda s: s[3].update(objects=[])), "has 0 objects"),
    "no mask": (lambda f: (f / f"masks/{NAME}.png").unlink(), f"mask .*{NAME}.png is missing beside its image"),
    "no image": (lambda f: (f / f"images/{NAME}.png").unlink(), f"image .*{NAME}.png is missing beside its mask"),
    "size": (lambda f: resize(f / f"masks/{NAME}.png"), f"mask of {NAME} .* has 32 × 32 pixels, its image 64 × 64"),
    "no picture": (lambda f: (f / f"masks/{NAME}.png").write_text("mask"), f"{NAME}.png is not a whole picture"),
    "cut": (lambda f: cut(f / f"images/{NAME}.png"), f"{NAME}.png is not a whole picture"),
    "fewer": (
        lambda f: shutil.copy(f / "masks/CLEVR_unique_000000.png", f / f"masks/{NAME}.png"),
        "nothing of object 4",
    ),
    "strange": (
        lambda f: shutil.copy(f / f"images/{NAME}.png", f / f"masks/{NAME}.png"),
        "which no object of the scene",
    ),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_folder_is_one_sentence(tmp_path, how):
    folder = shutil.copytree(DATA, tmp_path / "scenes")
    damage, said = BREAKS[how]
    damage(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=said) as error:
        read(folder)
    assert "\n" not in str(error.value)
    assert re.search(r"[.?]$", str(error.value))


def test_pictures_of_different_sizes_need_a_size(tmp_path):
    folder = shutil.copytree(DATA, tmp_path / "scenes")
    for part in ("images", "masks"):
        Image.open(folder / part / f"{NAME}.png").resize((80, 80), Image.Resampling.NEAREST).save(
            folder / part / f"{NAME}.png"
        )
    with pytest.raises(ValueError, match=r"pictures of different sizes \[\(64, 64\), \(80, 80\)\]; ask for one size"):
        read(folder)
    assert read(folder, 64).images.shape == (60, 64, 64, 3)


def test_no_scene_is_refused():
    with pytest.raises(ValueError, match="give at least one record"):
        read_scenes(DATA, [])
