"""Explanation: its fields, tables, rows, and HTML."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.preprocessing import PREPROCESSING

from agop_tabular import AGOPExplainer


def test_fields(explainer, explanation, frame):
    assert explanation.values.shape == (240, 6)
    assert explanation.feature_names == tuple(frame.columns)
    assert explanation.target_names == ("no", "yes")
    assert set(explanation.target) == {"no", "yes"}
    assert explanation.support.shape == explanation.base_values.shape == (240,)
    np.testing.assert_array_equal(explanation.to_frame(), explainer.explain(frame))
    with pytest.raises(AttributeError):
        explanation.values = 0


def test_all_classes(explainer, frame):
    explanation = explainer(frame, target="all")
    table = explanation.to_frame()
    assert table.columns.names == ["target", "feature"]
    np.testing.assert_array_equal(table["yes"].to_numpy(), explanation.values[:, :, 1])
    assert explanation.support.shape == explanation.base_values.shape == (240, 2)
    top = explanation.top(2)
    assert top.shape == (240 * 2 * 2, 3)
    row = top.reset_index().query("row == 'r7' and target == 'yes'")
    largest = table.loc["r7", "yes"].abs().nlargest(2)
    assert row["feature"].tolist() == largest.index.tolist()
    assert row["value"].tolist() == frame.loc["r7", largest.index].tolist()


def test_top(explanation, frame):
    top = explanation.top(3)
    assert len(top) == 720
    for name in ("r0", "r100"):
        expected = explanation.to_frame().loc[name]
        largest = expected.abs().nlargest(3).index
        assert top.loc[name]["feature"].tolist() == largest.tolist()
        np.testing.assert_array_equal(top.loc[name]["attribution"].astype(float), expected[largest])
    assert len(explanation.top(100)) == 240 * 6
    for k in (0, -1, 1.5):
        with pytest.raises(ValueError, match="k="):
            explanation.top(k)


def test_rows(explanation):
    for rows in (3, np.int64(3), slice(3, 4), [3], np.arange(240) == 3):
        part = explanation[rows]
        assert len(part) == 1
        assert part.index[0] == "r3"
        np.testing.assert_array_equal(part.values[0], explanation.values[3])
        assert part.target[0] == explanation.target[3]
    assert explanation[-1].index[0] == "r239"
    with pytest.raises(IndexError):
        explanation[240]


def test_html_escapes_what_users_wrote(frame, labels):
    hostile = frame.rename(columns={"city": "<script>alert(1)</script>"})
    hostile["plan"] = "<b>"
    encode = PREPROCESSING["selectors"]()
    model = make_pipeline(encode, LogisticRegression(max_iter=500)).fit(hostile, labels)
    page = AGOPExplainer(model).fit(hostile)(hostile)._repr_html_()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "235 more rows" in page


@pytest.mark.parametrize("target", ["predicted", "all"])
@pytest.mark.parametrize("method", ["agop-ixg", "agop-global", "agop-weighted"])
def test_html_of_every_kind(explainer, frame, target, method):
    other = AGOPExplainer(explainer.estimator, method=method).fit(frame)
    page = other(frame, target=target)._repr_html_()
    assert page.count("<table>") == page.count("</table>") == 1
    assert method in page
    ndarray = AGOPExplainer(explainer.estimator[-1], method=method)
    encoded = np.asarray(explainer.estimator[:-1].transform(frame))
    assert '<td style="text-align:left">x' in ndarray.fit(encoded)(encoded[:2], target=target)._repr_html_()


def test_html_of_equal_labels(net, X):
    table = pd.DataFrame(X[:4], columns=list("abcdef"), index=["same", "same", None, np.nan])
    explanation = AGOPExplainer(net).fit(table)(table)
    page = explanation._repr_html_()
    assert page.count("support") == 4
