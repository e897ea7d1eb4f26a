"""The report of an explanation alone."""

import re

import numpy as np
import pytest

from agop_tabular.report.explanations import report_explanation
from agop_tabular.report.subject import table_digest


def test_what_an_explanation_knows(tmp_path, table, explainer):
    X = table[0]
    explanation = explainer(X)
    path = report_explanation(explanation, tmp_path / "x.html", title="One", date="May", groups="city")
    html = path.read_text(encoding="utf-8")
    assert "<title>One</title>" in html
    assert table_digest(X) in html
    order = np.argsort(-np.abs(explanation.values).mean(axis=0))
    first = re.findall(r'<th scope="row">(.*?)</th><td class="number">', html)[0]
    assert first == X.columns[order[0]]
    assert "Groups of rows compared" in html
    again = report_explanation(explanation, tmp_path / "y.html", title="One", date="May", groups="city")
    assert path.read_bytes() == again.read_bytes()


def test_one_row_and_all_classes(tmp_path, table, explainer):
    X = table[0]
    assert report_explanation(explainer(X[:1]), tmp_path / "x.html").exists()
    html = report_explanation(explainer(X, "all"), tmp_path / "y.html", target="yes").read_text(encoding="utf-8")
    assert '"target_names":["yes"]' in html


def test_no_rows_are_refused(tmp_path, table, explainer):
    with pytest.raises(ValueError, match="no rows"):
        report_explanation(explainer(table[0][:1])[:0], tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []
