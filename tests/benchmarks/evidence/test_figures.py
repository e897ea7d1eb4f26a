"""Figures in sentences."""

from pathlib import Path

import pytest

from benchmarks.evidence.figures import Sentence

TEXT = "On 12 networks the cosine is .98,\nDeepExplainer's +1,234.5 (of all).\n"


def sentence(text, **figures):
    return Sentence("a.md", text, lambda results: figures)


def test_figures_are_filled_in_and_line_breaks_stay():
    found = sentence(
        "On {n} networks the cosine is {ours}, DeepExplainer's {theirs} (of", n="7", ours=".991", theirs="-.5"
    )
    assert found.filled(TEXT, Path()) == "On 7 networks the cosine is .991,\nDeepExplainer's -.5 (of all).\n"


def test_the_same_figures_change_nothing():
    assert sentence("cosine is {ours},", ours=".98").filled(TEXT, Path()) == TEXT


def test_a_table_can_be_a_sentence():
    table = "| a | b |\n|---|---|\n| x | 1 |\n| y | 20 |\n"
    found = sentence("| a | b | |---|---| | x | {x} | | y | {y} |", x="10", y="2").filled(table, Path())
    assert found == "| a | b |\n|---|---|\n| x | 10 |\n| y | 2 |\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the median is {ours}", "a.md has 0 times, not once"),
        ("{ours}", "times, not once"),
        ("cosine is {other}", "no other for"),
    ],
)
def test_sentences_that_cannot_be_filled(text, message):
    with pytest.raises(ValueError, match=message):
        sentence(text, ours="1").filled(TEXT, Path())
