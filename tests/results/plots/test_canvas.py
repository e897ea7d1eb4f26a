"""Axes, labels and names of scales that all pictures share."""

import numpy as np
import pytest

from agop_tabular.results.plots.canvas import (
    chosen,
    count,
    diverging,
    escaped,
    label_length,
    one_axes,
    score_label,
    set_title,
    several_axes,
    side_labels,
)


def test_own_axes_and_the_callers(figures):
    own = one_axes(None, (3, 2))
    assert own.figure.get_size_inches().tolist() == [3, 2]
    n = len(figures.get_fignums())
    assert one_axes(own, (9, 9)) is own
    assert len(figures.get_fignums()) == n == 1
    with pytest.raises(TypeError, match="is not an Axes"):
        one_axes("axes", (1, 1))
    panels, is_new = several_axes(None, 4, 3, (2, 2))
    assert len(panels) == 4
    assert is_new
    assert len(panels[0].figure.axes) == 4
    given, is_new = several_axes(np.array(panels).reshape(2, 2), 3, 3, (2, 2))
    assert given == panels[:3]
    assert not is_new
    with pytest.raises(ValueError, match="has 4 axes for 5 panels"):
        several_axes(panels, 5, 3, (2, 2))


def test_labels_stay_in_a_figure_without_a_layout(figures):
    _, ax = figures.subplots(figsize=(5, 3))
    one_axes(ax, (1, 1)).set_yticks([0], ["a label that would leave the picture on its left"])
    ax.figure.draw_without_rendering()
    assert ax.get_tightbbox().x0 >= 0


def test_numbers_of_things():
    assert count(np.int64(3)) == 3
    for n in (0, -1, 1.5, True, "3", None):
        with pytest.raises(ValueError, match="is not a positive whole number"):
            count(n)
    assert chosen(None, lambda n: list(range(n)), 2) == [0, 1]
    with pytest.raises(ValueError, match="Nothing to draw"):
        chosen([], list, 2)


def test_labels_fit(figures):
    narrow, wide = (one_axes(None, (width, 3)) for width in (3.6, 12))
    assert label_length(narrow) < label_length(wide)
    long = "x" * 100
    one, two, name = side_labels(["age", long, "$a$"], ["63", long, ""], length=20)
    assert one == "age = 63"
    assert [len(line) <= 20 for line in two.split("\n")] == [True, True]
    assert name == r"\$a\$" == escaped("$a$")


def test_titles_begin_where_labels_do_and_do_not_leave_the_picture(figures):
    for width in (3.6, 8):
        ax = one_axes(None, (width, 3))
        ax.set_yticks([0, 1], ["a rather long name of…column here\n= -0.4577", "another long name of …measurement"])
        set_title(ax, "a title of many words that does not fit one line of a small picture at all")
        for dpi in (100, 60, 80, 300):
            ax.figure.set_dpi(dpi)
            ax.figure.draw_without_rendering()
            title = ax._left_title.get_window_extent()
            assert title.x0 >= 0
            assert title.x1 <= ax.figure.bbox.width + 1
            label = min(label.get_window_extent().x0 for label in ax.get_yticklabels())
            assert abs(title.x0 - label) < 0.15 * dpi


def test_scales_and_colours():
    assert score_label("log-odds", ">50K") == "log-odds of >50K"
    assert score_label("output", "price in €") == "price in €"
    assert score_label("log-odds", None) == "log-odds"
    low, middle, high = diverging()([0.0, 0.5, 1.0])
    assert low[2] > low[0]
    assert high[0] > high[2]
    assert min(middle[:3]) > 0.9
