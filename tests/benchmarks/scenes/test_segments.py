"""Objects cut out of scenes."""

import numpy as np

from benchmarks.scenes.cell import explained_of, network, read
from benchmarks.scenes.segments import add_segments, seeds, segments_cell


def test_segments_of_every_map_are_scored(cells):
    add_segments(cells, "material", 0)
    cell = cells.read(segments_cell("material", 0))
    data = read(cells, "material")
    e = explained_of(cells, network(cells, data, 0), data, data.part("test").take(np.arange(2)), 0)
    maps = dict(seeds(e))
    assert set(cell["methods"]) == set(maps)
    assert {a.shape for a in maps.values()} == {(2, 32, 32)}
    assert all((a >= 0).all() for a in maps.values())
    for found in cell["methods"].values():
        assert all(0 <= value <= 1 for way in found.values() for value in way.values())
