"""Links: where each column of a transformed table comes from."""

import numpy as np

from agop_tabular.models.column_links import Links


def test_take_and_derived():
    links = Links.identity(("a", "b"))
    taken = links.take([1, -1, 0])
    assert taken.column.tolist() == [1, -1, 0]
    assert taken.names == ["b", "constant", "a"]
    derived = links.derived([0, 0], ["=x", "=y"])
    assert derived.names == ["a=x", "a=y"]
    assert derived.column.tolist() == [0, 0]
    assert links.names == ["a", "b"], "unchanged"


def test_blocks_of_different_tables_stay_different():
    first, second = Links.identity(("a", "b", "c")), Links.identity(("d", "e"))
    first.block, second.block = np.array([0, 0, 1]), np.array([-1, 0])
    joined = Links.concatenate([first, second, Links.concatenate([])])
    assert joined.block.tolist() == [0, 0, 1, -1, 2]
    assert joined.names == ["a", "b", "c", "d", "e"]
