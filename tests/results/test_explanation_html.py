"""Explanations as HTML; what users wrote is escaped, as tests of Explanation show."""

import pytest
from sklearn.neural_network import MLPClassifier

from agop_tabular import AGOPExplainer
from agop_tabular.results.explanation_html import explanation_html


def test_it_says_prediction_base_sum_and_error(net, X):
    explainer = AGOPExplainer(net, class_names=["low", "middle", "high"]).fit(X)
    explainer.audit(X[:40], n_rows=40)
    explanation = explainer(X)
    page = explanation._repr_html_()
    first = ["low", "middle", "high"][explainer.predict(X)[0]]
    assert f"predicted: {first} (probability " in page
    assert page.count("base value") == page.count("sum = log-odds") == 5
    assert page.count(", error at most ") == 5
    assert page.count('<td colspan="2" style="text-align:left">') == 10, "base value and sum are as wide as they need"
    assert "not attributed" not in page
    every = explainer(X, target="all")._repr_html_()
    assert every.count(", target low — ") == 5


def test_bars_leave_a_zero_line_to_the_side_of_their_sign(table_explainer, table):
    page = table_explainer(table[0][:1])._repr_html_()
    assert page.count("background:currentColor") == 4
    values = table_explainer(table[0][:1]).values[0]
    assert page.count("background:#d55e00") == (values >= 0).sum()


@pytest.mark.parametrize(("method", "line"), [("agop-ixg", "not attributed"), ("agop-local", "other columns")])
def test_what_does_not_add_up(net, X, method, line):
    columns = 5 if method == "agop-local" else 6
    explanation = AGOPExplainer(net, method=method).fit(X)(X)
    assert line in explanation_html(explanation, 3, columns)


def test_many_classes_are_cut_with_a_word(X):
    model = MLPClassifier((8,), max_iter=20, random_state=0).fit(X, (X[:, 0] * 4).astype(int).clip(-4, 4))
    page = AGOPExplainer(model).fit(X)(X[:1], target="all")._repr_html_()
    assert page.count(", target ") == 6
    assert f"The first 6 of {len(model.classes_)} targets" in page
