"""Colours that differ for readers with and without full colour vision."""

from itertools import combinations

import numpy as np
import pytest

from agop_tabular.results.colours import LOWERS, MARKERS, RAISES, SERIES

SEEN = {
    "all": np.eye(3),
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
"""What linear RGB becomes (Machado, Oliveira and Fernandes 2009, severity 1)."""


def seen(colour, how):
    """A colour's place in CIELAB, whose unit is about a difference that can be seen side by side."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = (SEEN[how] @ linear).clip(0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ linear / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("how", SEEN)
def test_what_raises_and_lowers_is_told_apart(how):
    assert np.linalg.norm(seen(RAISES, how) - seen(LOWERS, how)) > 40


@pytest.mark.parametrize("how", SEEN)
def test_series_are_told_apart(how):
    nearest = min(np.linalg.norm(seen(a, how) - seen(b, how)) for a, b in combinations(SERIES, 2))
    assert nearest > 8
    assert len(set(MARKERS)) == len(MARKERS) >= len(SERIES), "markers tell them apart as well"
