"""Sentences on maps, word by word."""

import numpy as np

from agop_tabular.image.map_text import map_text

MAP = np.zeros((6, 9))
MAP[0, 8], MAP[1, 7], MAP[5, 0] = 4.0, 3.0, -1.0


def test_what_is_predicted_and_where_the_map_lies():
    assert map_text("image 3", MAP, signed=True, prediction="cat", target="cat", probability=0.934) == (
        "The network predicts cat for image 3, with probability 0.93. Half of the map lies on one of its 54 pixels, "
        "around the top right; 88% of it raises the score."
    )


def test_another_class_and_a_region():
    said = map_text(
        "image 0", np.ones((6, 6)), signed=False, prediction="cat", target="dog", probability=0.004,
        regions=[("inside", 0.25, 0.25)],
    )  # fmt: skip
    assert said.startswith("The network predicts cat for image 0; dog is explained, which has probability below 0.01.")
    assert said.endswith(
        "Half of the map lies on 18 of its 36 pixels (50%), around the middle; inside, with 25% of the pixels, has 25% "
        "of it."
    )


def test_maps_without_a_class_or_without_a_value():
    assert map_text("image 1", MAP, signed=False).startswith("The map of image 1 is the same for every class. Half of")
    assert map_text("image 1", MAP, signed=False, target="dog").startswith("dog is explained. Half of")
    nothing = map_text("image 1", 0 * MAP, signed=True, prediction="cat")
    assert nothing == "The network predicts cat for image 1. Its map is zero everywhere: no pixel makes a difference."
    assert "around the middle." in map_text("image 1", np.pad([[1.0]], 2), signed=False)
