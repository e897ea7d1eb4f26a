"""What is said of a row: its place, prediction, score and error."""

import re

import numpy as np
import pandas as pd
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.results.row_facts import RowFacts, place_of_row


def test_facts_are_those_of_the_row(table_explainer, table):
    X = table[0]
    facts = RowFacts.of(table_explainer(X[:5]), 3)
    assert facts.score == pytest.approx(table_explainer.predict(X[:5])[3], abs=1e-4)
    assert facts.base is not None
    assert facts.names == list(X.columns)
    assert facts.cells[1] == X["city"].iloc[3]
    assert (facts.target, facts.is_predicted, facts.probability) == ("output", True, None)
    assert not facts.has_class
    np.testing.assert_array_equal(np.sort(-np.abs(facts.values)), -np.abs(facts.values[facts.order]))


def test_the_error_bar_holds_for_every_attribution(net, X):
    explanation = AGOPExplainer(net).fit(X)
    explanation.audit(X[:40], n_rows=40)
    facts = RowFacts.of(explanation(X), 0)
    e, length = facts.error, np.linalg.norm(facts.values)
    assert facts.error_bar == pytest.approx(e / (1 - e) * length)
    unknown = RowFacts.of(AGOPExplainer(net).fit(X)(X), 0)
    assert unknown.error_bar is None


def test_headings(explainer, frame, net, X):
    explainer = AGOPExplainer(explainer.estimator).fit(frame)
    probability = explainer.predict_proba(frame)
    label = explainer.predict(frame)[0]
    facts = RowFacts.of(explainer(frame), 0)
    assert facts.heading() == f"predicted: {label} (probability {probability[0].max():.2f})"
    other = "no" if label == "yes" else "yes"
    facts = RowFacts.of(explainer(frame, target=other), 0)
    assert facts.heading() == f"predicted: {label}; explained: {other} (probability {probability[0].min():.2f})"
    constant = RowFacts.of(AGOPExplainer(net, method="agop-global").fit(X)(X), 0)
    assert (constant.heading(), constant.score, constant.unit) == ("", None, "")


def test_rows_by_place_and_label(explanation):
    assert (
        place_of_row(explanation, 3)
        == place_of_row(explanation, "r3")
        == place_of_row(explanation, np.int64(-237))
        == 3
    )
    for row in (240, -241, "r999", 1.5, [0], None):
        with pytest.raises(ValueError, match=r"240 rows, whose places|neither a place from 0 to 239"):
            place_of_row(explanation, row)
    with pytest.raises(ValueError, match="no rows"):
        place_of_row(explanation[:0], 0)


def test_a_label_that_rows_share(net, X):
    table = pd.DataFrame(X[:4], columns=list("abcdef"), index=["one", "same", "same", "two"])
    explanation = AGOPExplainer(net).fit(table)(table)
    assert place_of_row(explanation, "two") == 3
    with pytest.raises(ValueError, match="label of 2 rows"):
        place_of_row(explanation, "same")


def test_labels_of_a_multiindex_and_among_missing_ones(net, X):
    table = pd.DataFrame(X[:4], columns=list("abcdef"))
    explainer = AGOPExplainer(net).fit(table)
    pairs = explainer(table.set_axis(pd.MultiIndex.from_product([["p", "q"], [1, 2]]), axis=0))
    assert place_of_row(pairs, ("p", 2)) == place_of_row(pairs, 1) == 1
    assert RowFacts.of(pairs, ("q", 1)).label == "(q, 1)"
    for row in (("p", 9), "p", ("p",), ["p", 2]):
        with pytest.raises(ValueError, match="neither a place from 0 to 3 nor a label"):
            place_of_row(pairs, row)
    for dtype in ("string", object, "category"):
        gaps = explainer(table.set_axis(pd.Index(["a", pd.NA, "b", "c"], dtype=dtype), axis=0))
        assert place_of_row(gaps, "b") == 2
        with pytest.raises(ValueError, match="nor a label"):
            place_of_row(gaps, pd.NA)


def test_rows_of_an_array_are_called_by_their_place(net, X):
    explanation = AGOPExplainer(net).fit(X)(X[:20])
    every = AGOPExplainer(net).fit(X)(X[:20], target="all")
    for one in (explanation, every):
        assert RowFacts.of(one, 7).label == "7"
        assert RowFacts.of(one, -1).label == "19"
        assert " for row 7" in one.to_text(7)
        named = re.findall(r"row (\d+)", one._repr_html_())
        assert list(dict.fromkeys(named))[:3] == ["0", "1", "2"]
    title = explanation.plot_comparison(explanation, 7, names=("a", "b")).get_title(loc="left")
    assert title.startswith("Row 7: ")
