"""Masks are read, and what is none is refused wherever one is taken."""

import numpy as np
import pytest

from agop_tabular.evaluation import clean_score, importance_mass, mask_overlap, noisy_linear_imputation
from agop_tabular.evaluation.masks import as_mask
from agop_tabular.image.segmentation import boxes

MASK = np.array([[[True, False, True]]])


@pytest.mark.parametrize("mask", [MASK, np.uint8(255 * MASK), MASK.astype(float), 3 * MASK.astype(int), MASK.tolist()])
def test_true_and_false_or_whole_numbers(mask):
    assert as_mask(mask).tolist() == MASK.tolist()


@pytest.mark.parametrize("values", [(0.3, 0), (np.nan, 0), (np.inf, 0), (1, -1), ("True", "False"), (None, 1)])
def test_what_is_no_mask(values):
    masks, maps = np.array([[values, values]]), np.ones((1, 2, 2))
    for call in (
        lambda: importance_mass(maps, masks),
        lambda: mask_overlap(maps, masks),
        lambda: mask_overlap(masks, maps),
        lambda: clean_score(maps, masks),
        lambda: noisy_linear_imputation(maps[None], masks),
        lambda: boxes(masks),
    ):
        with pytest.raises(ValueError, match="must be True and False, or whole numbers"):
            call()
