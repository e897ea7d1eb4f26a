"""What is said of claims that were listed before the run."""

import pandas as pd
import pytest
from scipy import stats

from benchmarks.ablation.claims import LEAST_FOR_WILCOXON, verdicts
from benchmarks.ablation.comparisons import NOT_CHOSEN_ON


def comparison(group, low, high, metric="cosine", against="shap-deep", block="network", p=0.01, n=8):
    row = {"block": block, "group": group, "metric": metric, "against": against, "n": n}
    return row | {"difference": (low + high) / 2, "low": low, "high": high, "holm_wilcoxon": p}


def lines(*rows):
    return {line.split(":")[0]: line for line in verdicts(pd.DataFrame(rows), [])}


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.001, 0.02, "holds."),
        (-0.009, 0.02, "holds."),
        (-0.011, 0.02, "undecided: steps (cosine, shap-deep, 8: +0.005, -0.011 to +0.020)."),
        (-0.03, -0.02, "not so: steps (cosine, shap-deep, 8: -0.025, -0.030 to -0.020)."),
    ],
)
def test_not_inferior_by_a_margin(low, high, text):
    found = lines(comparison("linear", 0.01, 0.02), comparison("steps", low, high))
    line = found["- Network, cosine not inferior to SHAP Deep (margin 0.01) on any family"]
    assert line.endswith(text)
    assert ("shown in 1 of 2" in line) is not text.startswith("holds")


def test_better_over_networks_has_to_be_significant_and_over_families_has_to_be_above_zero():
    rows = [comparison(f"{NOT_CHOSEN_ON}, {unit}", 0.01, 0.02, p=0.2) for unit in ("mean", "mean of families")]
    found = lines(*rows)
    networks = found["- Network, better than SHAP Deep on average where nothing was chosen"]
    assert "undecided: nothing was chosen on, mean (" in networks
    assert found["- The same, over families (by the interval alone)"].endswith("holds.")


def test_what_was_not_tested_does_not_hold():
    found = lines(comparison("linear", 0.01, 0.02), comparison("steps, failed", 0.01, 0.02, n=1))
    assert found["- Failed networks, cosine not inferior to SHAP Deep (margin 0.02)"].endswith("not tested.")
    assert found["- Gated, not inferior to SHAP Deep times the gate (margin 0.01)"].endswith("not tested.")


def test_of_many_undecided_comparisons_the_least_are_named_and_the_others_counted():
    found = lines(*(comparison(f"family-{i}", -0.02 - i / 1000, 0.02) for i in range(8)))
    line = found["- Network, cosine not inferior to SHAP Deep (margin 0.01) on any family"]
    named = [word for word in line.replace("(", " ").split() if word.startswith("family-")]
    assert named == [f"family-{i}" for i in (7, 6, 5, 4, 3)]
    assert line.endswith(", and 3 with larger differences (`ablation.json`).")


@pytest.mark.parametrize(("n", "said"), [(5, True), (6, False)])
def test_too_few_networks_for_the_test_of_significance_are_said(n, said):
    found = lines(*(comparison(f"f{i}", 0.01, 0.02, against="lime", p=1.0, n=n) for i in range(3)))
    line = found["- Network, cosine significantly better than IG, Input×Gradient and LIME on every family"]
    assert "shown in 0 of 3" in line
    assert ("3 of these intervals are above 0, but with fewer than 6 networks" in line) is said


def test_six_networks_are_the_least_for_a_significant_signed_rank_test():
    def smallest_p_value(n):
        return stats.wilcoxon(range(1, n + 1), method="exact").pvalue

    assert smallest_p_value(LEAST_FOR_WILCOXON - 1) > 0.05 > smallest_p_value(LEAST_FOR_WILCOXON)
