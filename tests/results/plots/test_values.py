"""How a column's values are laid along an axis."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from agop_tabular.results.column_values import ColumnValues
from agop_tabular.results.plots.values import inner_range, is_missing, level_texts, number_axis, shown_levels


def column(values, share=None):
    values = np.array(values)
    share = np.full(len(values), 1 / len(values)) if share is None else np.array(share)
    return ColumnValues(values, share, torch.zeros(len(values), 1))


def test_levels():
    many = column([f"level {i}" for i in range(40)], np.arange(40, 0, -1) / 820)
    assert shown_levels(many).tolist() == list(range(12))
    flag = column([0.0, 1.0, np.nan], [0.3, 0.697, 0.003])
    assert level_texts(flag, shown_levels(flag), 20) == ["0 (30%)", "1 (70%)", "missing (<1%)"]
    assert shown_levels(column([1.0, 2.0, 3.0])) is None
    assert is_missing(column(["a", "nan"])).tolist() == [False, True]
    alike = column([f"a level of a long name, number {i}, and more" for i in range(5)])
    assert len(set(level_texts(alike, np.arange(5), 12))) == 5


def test_a_few_far_values_do_not_set_the_scale():
    even = np.linspace(0, 10, 50)
    assert inner_range(even, np.full(50, 0.02)) == (0, 10)
    share = np.append(np.full(50, 0.0199), 0.005)
    assert inner_range(np.append(even, 1e6), share)[1] == 10
    assert inner_range(np.array([3.0]), np.ones(1)) == (3, 3)


@pytest.mark.parametrize(("values", "whole"), [([1.0, 2, 3], True), ([0.1, 0.2, 0.3], False)])
def test_whole_numbers_have_whole_ticks(values, whole):
    ax = Figure().add_subplot()
    assert not number_axis(ax, "x", np.array(values), (values[0], values[-1]))
    ticks = ax.get_xticks()
    assert bool((ticks == np.round(ticks)).all()) == whole


def test_large_numbers_are_short():
    figure = Figure()
    ax = figure.add_subplot()
    number_axis(ax, "x", np.array([0.0, 250_000.0, 1e6]), (0.0, 1e6))
    figure.draw_without_rendering()
    assert "500k" in [label.get_text() for label in ax.get_xticklabels()]


def test_different_levels_have_different_names():
    two = column([1.00012, 1.00031])
    assert level_texts(two, shown_levels(two), 20) == ["1.00012 (50%)", "1.00031 (50%)"]
    gaps = column(["nan", "missing"])
    assert level_texts(gaps, shown_levels(gaps), 20) == ["missing (50%)", "'missing' (50%)"]
    days = column(["2022-08-21 00:00:00", "2022-08-22 00:00:00", "nan", "2022-08-23 00:00:00"])
    assert level_texts(days, np.arange(3), 16) == ["2022-08-21 (25%)", "2022-08-22 (25%)", "missing (25%)"]
