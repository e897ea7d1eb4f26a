"""Paired comparisons against hand-worked figures and the libraries' own."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from support.quick import quick

from agop_tabular.evaluation import compare_methods, holm, paired_comparison


def test_holm_by_hand():
    # sorted .01 .02 .04, times 3, 2, 1, made monotone
    np.testing.assert_allclose(holm([0.04, 0.01, 0.02]), [0.04, 0.03, 0.04])
    np.testing.assert_allclose(holm([0.04, np.nan, 0.01]), [0.04, np.nan, 0.02])
    assert np.isnan(holm([np.nan])).all()


def test_paired_comparison_by_hand():
    ours, theirs = [0.5, 0.7, 0.9, 1.2], [0.4, 0.5, 0.6, 0.8]  # differences .1 .2 .3 .4
    found = paired_comparison(ours, theirs)
    half = 3.182446305 * np.std([0.1, 0.2, 0.3, 0.4], ddof=1) / 2
    assert found["n"] == 4
    assert found["difference"] == pytest.approx(0.25)
    assert found["low"] == pytest.approx(0.25 - half)
    assert found["high"] == pytest.approx(0.25 + half)
    assert found["wins"] == 4
    assert found["p_t"] == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)
    assert found["p_wilcoxon"] == pytest.approx(2 / 2**4)  # all signs alike, two sides


def test_lower_is_better_turns_the_sign():
    found = paired_comparison([0.1, 0.2, 0.4], [0.3, 0.3, 0.3], higher_is_better=False)
    assert found["difference"] == pytest.approx(0.2 / 3)
    assert found["wins"] == 2


def test_smallest_p_of_ten_seeds_holm_over_24_tests_is_above_four_percent():
    found = paired_comparison(np.arange(1.0, 11), np.zeros(10))
    assert holm([found["p_wilcoxon"]] * 24)[0] == pytest.approx(0.046875)


def test_ties_and_zeros():
    assert paired_comparison([1, 1, 1], [1, 1, 1])["p_wilcoxon"] == 1
    assert paired_comparison([1, 1, 1], [1, 1, 1])["p_t"] == 1
    tied = paired_comparison([1.0, 1.0, 1.0, 2.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0])
    assert 0 < tied["p_wilcoxon"] <= 1
    assert tied["wins"] == 4  # three, and two ties of one half
    shifted = paired_comparison(np.ones(5), np.zeros(5))
    assert shifted["low"] == shifted["high"] == 1
    assert shifted["p_wilcoxon"] == pytest.approx(2 / 2**5)


def test_missing_seeds_are_left_out():
    found = paired_comparison([1.0, np.nan, 3.0], [0.0, 1.0, 1.0])
    assert found["n"] == 2
    assert np.isnan(paired_comparison([np.nan, 1.0], [1.0, 0.0])["p_t"])
    with pytest.raises(ValueError, match="inconsistent"):
        paired_comparison([1.0], [1.0, 2.0])


def test_compare_methods():
    rng = np.random.default_rng(0)
    base = rng.normal(size=20)
    values = pd.DataFrame(
        {"ours": base, "worse": base - 0.5 + rng.normal(0, 0.01, 20), "same": base + rng.normal(0, 0.001, 20)}
    )
    table = compare_methods(values, "ours")
    assert list(table.index) == ["worse", "same"]
    assert table["non_inferior"].all()
    assert table.loc["worse", "p_t"] < 1e-6 < table.loc["same", "p_t"]
    assert not compare_methods(values, "worse")["non_inferior"].any()


@pytest.mark.parametrize("rounded", [False, True])
def test_many_differences_are_tested_quickly_and_as_exactly_as_few(rounded):
    d = np.random.default_rng(0).standard_normal(60) + 0.2
    d = d.round(1) if rounded else d
    found = quick(0.2, lambda: paired_comparison(d, np.zeros(60))["p_wilcoxon"])  # random signs take a second
    by_signs = stats.wilcoxon(d, method=stats.PermutationMethod(rng=np.random.default_rng(0))).pvalue
    assert found == pytest.approx(by_signs, abs=0.01)
