"""Values at which effects are shown, of one table and of two."""

import numpy as np
import pandas as pd
import pytest
import torch

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.results.column_values import MOST_VALUES, column_values, merged_values


def values(cells):
    """Of a table of one column; its coordinate is the number itself, or the length of the text."""
    X = pd.DataFrame({"a": cells})
    numbers = [float(c) if not isinstance(c, str) else len(c) for c in cells]
    x = torch.tensor(numbers, dtype=torch.float64)[:, None]
    return column_values(X, x, FeatureMap.identity(("a",)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1.0, 2.0, 2.0, 5.0], [2.0, 7.0, np.nan, np.nan]),
        (["x", "yy", "yy"], ["zzz", "x", "x"]),
        (list(np.linspace(0, 1, 500)), list(np.linspace(0.5, 3, 300))),
    ],
)
def test_two_tables_show_what_one_of_all_rows_shows(first, second):
    merged = merged_values(values(first), values(second), len(second) / (len(first) + len(second)))[0]
    whole = values(first + second)[0]
    assert len(merged.values) <= MOST_VALUES + 1
    assert merged.share.sum() == pytest.approx(1)
    if len(first) < 100:
        order, expected = np.argsort(merged.values), np.argsort(whole.values)
        np.testing.assert_array_equal(merged.values[order], whole.values[expected])
        np.testing.assert_allclose(merged.share[order], whole.share[expected])
        np.testing.assert_array_equal(merged.coordinates[order], whole.coordinates[expected])
    else:
        assert merged.values.min() == whole.values.min()
        assert merged.values.max() == whole.values.max()
        at = np.linspace(0.1, 2.9, 20)
        below = [np.interp(at, v.values, v.share.cumsum()) for v in (merged, whole)]
        np.testing.assert_allclose(*below, atol=0.05)


def test_shares_are_those_of_all_rows():
    cells = ["a"] * 30 + [f"level {i}" for i in range(100)]
    found = values(cells)[0]
    assert len(found.values) == MOST_VALUES
    assert found.share[found.values == "a"] == pytest.approx(30 / 130)
    assert found.share.sum() == pytest.approx((30 + MOST_VALUES - 1) / 130)
    assert merged_values(values(cells), values(cells), 0.5)[0].share.max() == pytest.approx(30 / 130)


def several(cells, x):
    """Of a table of one column that is encoded into coordinates (n, p), as a user's own encoder does it."""
    p = x.shape[1]
    arrays = np.zeros(p, dtype=int), np.full(p, -1), np.zeros(p), np.ones(p)
    names = tuple(f"a{i}" for i in range(p))
    return column_values(pd.DataFrame({"a": cells}), torch.tensor(x), FeatureMap(("a",), names, *arrays))


def test_rows_are_spread_over_all_values_of_a_column_of_several_coordinates():
    codes = np.random.default_rng(0).integers(0, 300, 1000)
    x = np.stack((codes / 300, np.sin(codes)), axis=1)
    cells = np.char.add("level ", codes.astype(str))
    first = several(cells, x)
    assert_close = np.testing.assert_allclose
    assert_close(np.sort(first[0].spread.numpy(), axis=0), np.sort(x, axis=0))
    assert several(cells[codes < 50], x[codes < 50])[0].spread is None, "all its values are among those shown"
    second = several(cells[codes < 50], x[codes < 50])
    share = (codes < 50).sum() / ((codes < 50).sum() + 1000)
    for merged in (merged_values(first, second, share), merged_values(second, first, 1 - share)):
        both = np.concatenate((x, x[codes < 50]))
        assert_close(merged[0].spread.mean(dim=0), both.mean(axis=0), atol=0.02)
        assert_close(merged[0].spread.var(dim=0), both.var(axis=0), rtol=0.05)


def test_numbers_and_text_become_text():
    merged = merged_values(values([1.0, 2.0]), values(["b", "b"]), 0.5)[0]
    assert sorted(merged.values.tolist()) == ["1.0", "2.0", "b"]
