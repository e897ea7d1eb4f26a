"""Objects found by thresholds and by graph cuts."""

import numpy as np
import pytest

from benchmarks.shared.segments import best_quantile, both_ways, scores

SIZE = 12


@pytest.fixture
def square():
    """Pictures of a light square on a dark ground, its masks, and round maps that are largest in the middle of it."""
    masks = np.zeros((3, SIZE, SIZE), bool)
    masks[:, 3:9, 2:8] = True
    images = np.where(masks[:, None], 0.9, 0.1) + 0.01 * np.random.RandomState(0).standard_normal((3, 1, SIZE, SIZE))
    y, x = np.mgrid[:SIZE, :SIZE]
    maps = np.repeat(np.exp(-((y - 5.4) ** 2 + (x - 4.4) ** 2) / 20)[None], 3, axis=0)
    return images, masks, maps


def test_a_graph_cut_finds_the_corners_that_a_round_map_leaves_out(square):
    images, masks, maps = square
    found = both_ways(images, maps, masks, maps, masks)
    assert 0.5 < found["threshold"]["iou"] < 0.95
    assert found["graph cut"] == {"iou": 1.0, "missed": 0.0}


def test_the_best_threshold_is_that_of_the_training_masks(square):
    _, masks, _ = square
    assert best_quantile(masks + 0.01 * np.arange(SIZE), masks) == 0.7, "a quarter of the pixels are on the square"


def test_scores_of_the_truth_and_of_nothing(square):
    _, masks, _ = square
    assert scores(masks, masks) == {"iou": 1.0, "missed": 0.0}
    assert scores(np.zeros_like(masks), masks) == {"iou": 0.0, "missed": 1.0}
