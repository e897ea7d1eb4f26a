"""Cells, attributions and names as short text."""

import datetime

import numpy as np
import pandas as pd
import pytest

from agop_tabular.results.cells import (
    bound_text,
    cell_text,
    cell_texts,
    cut_names,
    cut_text,
    percent_text,
    probability_text,
    score_text,
    signed_text,
)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "missing"),
        (float("nan"), "missing"),
        (np.float32("nan"), "missing"),
        (pd.NA, "missing"),
        (pd.NaT, "missing"),
        (np.datetime64("NaT"), "missing"),
        (np.bool_(True), "True"),
        (3, "3"),
        (np.float64(3), "3"),
        (-2024.0, "-2024"),
        (25000, "25,000"),
        (1234.56, "1235"),
        (98765.4, "98,765"),
        (0.000012345, "1.23e-05"),
        (1e20, "1e+20"),
        (float("inf"), "inf"),
        (pd.Timestamp("2024-05-01"), "2024-05-01"),
        (np.datetime64("2024-05-01"), "2024-05-01"),
        (datetime.date(2024, 5, 1), "2024-05-01"),
        (pd.Timestamp("2024-05-01 10:30"), "2024-05-01 10:30:00"),
        ("nan", "nan"),
    ],
)
def test_cells(cell, text):
    assert cell_text(cell) == text


def test_attributions_have_a_sign_and_three_digits():
    texts = [signed_text(v) for v in (0, 1.234, -0.01234, 123.4, -1234.5, 123456.7, 1e-5)]
    assert texts == ["0", "+1.23", "-0.0123", "+123", "-1234", "+123,457", "+1e-05"]
    assert [score_text(v) for v in (0, 1.234, -0.01234)] == ["0", "1.23", "-0.0123"]


def test_probabilities_are_certain_only_where_they_are():
    assert [probability_text(p) for p in (0, 0.004, 0.5, 0.999, 1)] == [
        "0.00",
        "below 0.01",
        "0.50",
        "above 0.99",
        "1.00",
    ]
    assert [bound_text(e) for e in (0.001, 0.123, 20)] == ["at most 1%", "at most 12%", "more than tenfold"]


def test_long_names_are_cut_where_they_are_alike():
    name = "average of the measurement number {} in the preceding calendar year"
    names = [name.format(j) for j in range(12)] + ["age", "age"]
    cut = cut_names(names, 20)
    assert len(set(cut[:12])) == 12
    assert all(str(j) in text and len(text) <= 20 for j, text in enumerate(cut[:12]))
    assert cut[12:] == ["age", "age"]
    quarters = ("first", "second", "third", "fourth")
    names = [f"mean of the {a} quantity measured over the whole of the {b} quarter" for a in quarters for b in quarters]
    cut = cut_names(names, 24)
    assert len(set(cut)) == 16, "they differ in two places"
    assert cut[1] == "… first … second …"
    assert len(set(cut_names(names, 60))) == 16
    assert cut_text("a  name\nof lines", 40) == "a name of lines"
    assert len(cut_text("abcdefgh", 4)) == 4


def test_shares_are_nothing_and_all_only_where_they_are():
    shares = [0, 1e-9, 0.004, 0.005, 0.0051, 0.5, 0.994, 0.995, 0.9951, 1 - 1e-9, 1]
    expected = ["0%", "<1%", "<1%", "<1%", "1%", "50%", "99%", ">99%", ">99%", ">99%", "100%"]
    assert [percent_text(share) for share in shares] == expected


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([0.12341, 0.12344, 0.12341, 0.5], ["0.12341", "0.12344", "0.12341", "0.5"]),
        ([10**15 + 1, 10**15 + 2], ["1000000000000001", "1000000000000002"]),
        ([np.float64(2), 2, True, "2", "True"], ["2.0", "2.0", "True", "'2'", "'True'"]),
        ([None, np.nan, pd.NaT, pd.NA, "missing"], ["missing"] * 4 + ["'missing'"]),
        ([pd.Timestamp("2024-05-01"), datetime.date(2024, 5, 1)], ["2024-05-01 00:00:00", "2024-05-01"]),
        ([[1], [2], [1]], ["[1]", "[2]", "[1]"]),
        ([12345.1, 12345.2], ["12345.1", "12345.2"]),
    ],
)
def test_different_cells_have_different_texts(cells, texts):
    assert cell_texts(cells) == texts


def test_cells_that_are_not_alike_are_written_as_ever():
    cells = [3, 25000, 1234.56, "Rome", None, pd.Timestamp("2024-05-01"), True]
    assert cell_texts(cells) == [cell_text(cell) for cell in cells]
