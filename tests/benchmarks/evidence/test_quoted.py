"""Figures that documents quote."""

import pytest

from benchmarks.evidence.quoted import _two


@pytest.mark.parametrize(
    ("value", "text"), [(0.0478, ".048"), (236.2, "240"), (5.61, "5.6"), (1.0, "1"), (12345.0, "12,000"), (0.85, ".85")]
)
def test_two_digits(value, text):
    assert _two(value) == text
