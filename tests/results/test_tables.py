"""Explanations as DataFrames; wide tables and the largest attributions are tested with Explanation."""

import numpy as np
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.results.tables import as_numbers


def test_long_table_of_one_class(explanation, frame):
    long = explanation.to_frame(long=True)
    assert len(long) == 240 * 6
    wide = long.pivot(index="row", columns="feature", values="attribution").loc[frame.index, list(frame.columns)]
    np.testing.assert_array_equal(wide, explanation.to_frame())
    row = long[long["row"] == "r7"]
    assert row["value"].tolist()[0] == frame.loc["r7", "age"]
    assert set(row["target"]) == set(row["prediction"]) == {explanation.predictions[7]}
    np.testing.assert_array_equal(row["probability"], np.full(6, explanation.probabilities[7]))
    assert "error" not in long


def test_long_table_of_all_classes(explainer, frame):
    every = explainer(frame, target="all")
    long = every.to_frame(long=True)
    assert len(long) == 240 * 2 * 6
    part = long[(long["row"] == "r3") & (long["target"] == "yes")]
    np.testing.assert_array_equal(part["attribution"], every.values[3, :, 1])
    np.testing.assert_array_equal(part["probability"], np.full(6, every.probabilities[3, 1]))


def test_unknown_parts_are_left_out(net, X):
    long = AGOPExplainer(net, method="agop-global").fit(X)(X).to_frame(long=True)
    assert list(long.columns) == ["row", "target", "feature", "value", "attribution"]


@pytest.mark.parametrize("column", ["city", "plan"])
def test_text_becomes_its_rank(frame, column):
    numbers, display = as_numbers(frame)
    place = list(frame.columns).index(column)
    rank = {name: i for i, name in enumerate(sorted(set(frame[column])))}
    np.testing.assert_array_equal(numbers[:, place], frame[column].map(rank).astype(float))
    assert display[0, place] == frame[column].iloc[0]
    assert as_numbers(frame[["age"]])[1] is None


def test_no_rows(explainer, frame):
    every, one = explainer(frame, target="all")[:0], explainer(frame)[:0]
    assert every.to_frame().shape == (0, 12)
    assert list(every.to_frame().columns) == list(explainer(frame, target="all").to_frame().columns)
    assert one.to_frame().shape == (0, 6)
    for empty in (every, one):
        assert len(empty.to_frame(long=True)) == len(empty.top()) == 0
