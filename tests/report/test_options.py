"""What a caller may choose of a report."""

import datetime

import pytest

from agop_tabular.report.options import ReportOptions


@pytest.mark.parametrize("wrong", [{"title": 3}, {"date": 2026}, {"n_rows": 0}, {"n_rows": True}, {"n_rows": 1.5}])
def test_wrong_choices_are_refused_in_a_sentence(wrong):
    name = next(iter(wrong))
    with pytest.raises((TypeError, ValueError), match=rf"^{name}=.*\.$"):
        ReportOptions(**wrong).check()


def test_dates_are_text_or_dates():
    for date, text in ((None, ""), ("spring 2026", "spring 2026"), (datetime.date(2026, 1, 31), "2026-01-31")):
        options = ReportOptions(date=date)
        options.check()
        assert options.date_text == text


def test_the_word_predicted_is_the_default():
    assert ReportOptions(target="predicted").target is None
    assert ReportOptions(target="yes").target == "yes"
