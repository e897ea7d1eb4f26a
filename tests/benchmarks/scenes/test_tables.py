"""Tables of the page, from records that are written out."""

import pandas as pd
import pytest

from benchmarks.scenes import tables
from benchmarks.scenes.comparisons import by_image, records
from benchmarks.scenes.maps import IG
from benchmarks.scenes.pooling import POOLINGS
from benchmarks.scenes.scoring import TRUTHS
from benchmarks.scenes.shift import NONE

IOU = {"random": [0.1, 0.12], "agop-weighted": [0.5, 0.3], IG: [0.2, 0.2], "grad-cam": [0.3, 0.5]}
WITH_CHANNELS = ("agop-weighted", IG)


@pytest.fixture
def cell():
    """A network's maps; those with channels find more under one rule."""
    methods = {
        name: {
            rule: {
                truth: {
                    "iou": [v + 0.1 * (rule == "max" and name in WITH_CHANNELS) for v in iou],
                    "rank": 0.4,
                    "mass": 0.2,
                }
                for truth in TRUTHS
            }
            for rule in POOLINGS
        }
        for name, iou in IOU.items()
    }
    return {"task": "shape", "seed": 0, "scenes": ["a", "b"], "methods": methods}


def test_methods_are_sorted_and_controls_marked(cell):
    found = tables.methods(records([cell]), by_image([cell]), "shape")
    first = found["method (*control*)"]
    assert set(first[:2]) == {"agop-weighted", "grad-cam"}
    assert first.tolist()[2:] == [IG, "*random*"]
    assert found["IoU, the single object"].tolist() == [".400", ".400", ".200", ".110"]
    assert pd.isna(found["IoU less that of IG"][2])
    assert found["IoU less that of IG"][3].startswith("-0.090 (-0.2")


def test_rules_of_pooling_are_of_methods_with_channels(cell):
    found = tables.poolings(records([cell]), "shape")
    assert found["method (*control*)"].tolist() == ["agop-weighted", IG]
    assert found["max"].tolist() == [".500", ".300"]
    assert found["l1"].tolist() == [".400", ".200"]


def test_networks():
    cell = {"task": "color", "seed": 3, "classes": ["a", "b"], "majority": 0.6, "learned": False, "seconds": 90}
    found = tables.networks([cell | {"accuracy": {"train": 1.0, "test": 0.7}}])
    assert found.iloc[0].tolist() == ["color", 3, 2, ".600", "1.000", ".700", "no", "2"]


def test_shift_is_paired_over_images():
    def scenes(weighted, gradient, support):
        return {
            "correct": [True, False, True],
            "support": support,
            "iou": {"agop-weighted": weighted, "vanilla-gradient": gradient},
        }

    sets = {
        NONE: scenes([0.1, 0.2, 0.3], [0.0, 0.1, 0.17], [0.5, 0.6, 0.7]),
        "dark": scenes([0.1, 0.2, 0.3], [0.2, 0.3, 0.43], [0.7, 0.6, 0.5]),
    }
    found = tables.shift([{"task": "shape", "seed": 0, "sets": sets}]).set_index("scenes")
    assert found.loc["as in training", "accuracy"] == ".667"
    assert found.loc["as in training", "support"] == ".600"
    assert found.loc["as in training", "Weighted less gradient"].startswith("+0.110")
    assert found.loc["dark", "Weighted less gradient"].startswith("-0.110")
    column = "correlation of error and support"
    assert (found.loc["as in training", column], found.loc["dark", column]) == ("-1.000", "1.000")


def test_cost_is_told_in_forward_passes_of_the_same_size():
    cells = [
        {"size": size, "step": step, "seconds": seconds, "megabytes": 3.0} | more
        for size, step, seconds, more in [
            (32, "forward pass", 0.01, {}),
            (64, "forward pass", 0.04, {}),
            (64, "diag M", 0.2, {"fixed": 1.5}),
            (32, "from disk", 0.02, {"file": 0.25}),
        ]
    ]
    found = tables.cost(cells)
    assert found["forward passes"].tolist() == ["1.0", "1.0", "5.0", "2.0"]
    assert found["ms an image"].tolist() == ["10.0", "40.0", "200.0", "20.0"]
    assert pd.isna(found["once, s"][0])
    assert found["once, s"][2] == "1.5"
    assert found["file, MB"][3] == "0.2"
