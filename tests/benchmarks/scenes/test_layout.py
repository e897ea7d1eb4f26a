"""Names of files, colours of masks, files that are written whole."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks.scenes.layout import scene_name, to_linear, write_json


def test_names_are_those_of_clevr_xai():
    assert scene_name(0) == "CLEVR_unique_000000"
    assert scene_name(9999) == "CLEVR_unique_009999"


def test_linear_light():
    """Ends and middle of the sRGB curve, and both sides of the place where its two formulas meet."""
    assert_allclose(to_linear(np.array([0, 255])), [0, 1])
    assert to_linear(188) == pytest.approx(0.5, abs=0.004)
    assert to_linear(64) == pytest.approx(0.0513, abs=1e-4)  # Blender's gray of .05
    assert_allclose(to_linear(10), 10 / 255 / 12.92)
    assert (np.diff(to_linear(np.arange(256))) > 0).all()


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "scenes.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["scenes.json"]
