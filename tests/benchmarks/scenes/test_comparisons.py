"""Comparisons of methods over images and networks, by hand; and what the page says of a claim."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.scenes.comparisons import (
    by_image,
    claims,
    claims_table,
    compared,
    prior_lines,
    records,
    verdict,
    verdict_lines,
)
from benchmarks.scenes.maps import GRADIENT, IG, WITH_SD
from benchmarks.scenes.pooling import POOLINGS
from benchmarks.scenes.scoring import TRUTHS


def cell(seed, scenes, **iou):
    """What is saved of a network's maps, the same under all rules and for both truths."""
    found = {
        method: {rule: {t: {"iou": values, "rank": 0.5, "mass": 0.25} for t in TRUTHS} for rule in POOLINGS}
        for method, values in iou.items()
    }
    return {"task": "shape", "seed": seed, "scenes": scenes, "methods": found}


@pytest.fixture
def cells():
    """Two networks that classify other scenes correctly."""
    return [
        cell(
            0,
            ["a", "b", "c"],
            **{"agop-weighted": [0.4, 0.6, 0.5], IG: [0.3, 0.4, 0.3], "agop-global": [0.1, 0.1, 0.1]},
        ),
        cell(1, ["b", "d"], **{"agop-weighted": [0.2, 0.4], IG: [0.2, 0.2], "agop-global": [0.1, 0.3]}),
    ]


def test_records_are_means_over_images(cells):
    table = records(cells)
    assert len(table) == 2 * 3 * 6 * 2
    row = table[(table["seed"] == 0) & (table["method"] == "agop-weighted") & (table["pooling"] == "max")].iloc[0]
    assert row["iou"] == pytest.approx(0.5)
    assert (row["rank"], row["mass"], row["images"]) == (0.5, 0.25, 3)


def test_an_image_counts_once_with_its_mean_over_networks(cells):
    values = by_image(cells).xs(("shape", "l2", "target"), level=["task", "pooling", "truth"])
    found = compared(values, "agop-weighted", IG)
    over_images = [0.1, (0.2 + 0.0) / 2, 0.2, 0.2]  # a, b, c, d
    assert found["n"] == 4
    assert found["difference"] == pytest.approx(np.mean(over_images))
    assert found["p_t"] == pytest.approx(stats.ttest_1samp(over_images, 0).pvalue)
    assert found["networks"]["n"] == 2
    assert found["networks"]["difference"] == pytest.approx(np.mean([0.5 - 1 / 3, 0.1]))
    assert found["ours"] == pytest.approx((0.5 + 0.3) / 2)
    assert found["ratio"] == pytest.approx(0.4 / ((1 / 3 + 0.2) / 2))
    assert compared(values, "agop-weighted", "none such") is None


@pytest.mark.parametrize(
    ("low", "high", "ratio", "word"),
    [
        (0.01, 0.2, 1.2, "holds"),
        (0.01, 0.2, 1.1, "better, by less"),
        (-0.1, 0.2, 1.3, "no difference"),
        (-0.2, -0.1, 0.7, "worse"),
        (float("nan"), float("nan"), 2.0, "one image"),
    ],
)
def test_verdicts(low, high, ratio, word):
    assert verdict({"low": low, "high": high, "ratio": ratio}, 1.18) == word


def test_the_page_has_every_rule_and_the_usual_one_in_words(cells):
    found = claims(by_image(cells))
    assert len(found) == 2 * 6 * 2  # IG from black, and M of one class, are not there
    assert set(found["method"]) == {"agop-weighted", "agop-global"}
    lines = verdict_lines(found)
    assert len(lines) == 2
    assert lines[0].startswith("- shape: agop-weighted .400, IG .267: 1.50× (claimed 1.18×), difference +0.150")
    assert lines[0].endswith("**holds**.")
    assert "over 4 images" in lines[0]
    assert "over 2 networks" in lines[0]
    table = claims_table(found, "shape")
    assert list(table) == ["method", "against", "truth", "|sum|", "sum > 0", "max", "l1", "l2"]
    assert isinstance(table, pd.DataFrame)
    assert table["l1"].iloc[0] == "1.50× holds"
    assert len(table) == 4


def test_what_m_adds_is_paired_over_images(cells):
    one = cell(0, ["a", "b"], **{"agop-weighted": [0.4, 0.6], GRADIENT: [0.3, 0.4], WITH_SD: [0.5, 0.8]})
    assert prior_lines(by_image([one])) == [
        "- shape: agop-weighted .500, vanilla-gradient .350: difference +0.150 (-0.485 to +0.785), p .205.",
        "- shape: agop-weighted .500, gradient × sd of pixels .650: difference -0.150 (-0.785 to +0.485), p .205.",
    ]
    assert prior_lines(by_image(cells)) == [], "neither control is there"
