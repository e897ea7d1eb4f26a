"""Explanation: its fields, tables, rows, and HTML."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor
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


@pytest.mark.parametrize("method", ["agop", "agop-ixg", "agop-local"])
@pytest.mark.parametrize("model_output", ["raw", "probability"])
def test_predictions_and_probabilities_are_the_estimators_own(explainer, frame, method, model_output):
    other = AGOPExplainer(explainer.estimator, method=method, model_output=model_output).fit(frame)
    probabilities = other.predict_proba(frame)
    explanation = other(frame)
    np.testing.assert_array_equal(explanation.predictions, other.predict(frame))
    np.testing.assert_allclose(explanation.probabilities, probabilities.max(axis=1), atol=1e-6)
    fixed = other(frame, target="yes")
    np.testing.assert_array_equal(fixed.predictions, other.predict(frame))
    np.testing.assert_allclose(fixed.probabilities, probabilities[:, 1], atol=1e-6)
    np.testing.assert_allclose(other(frame, target="all").probabilities, probabilities, atol=1e-6)
    np.testing.assert_allclose(explanation[[5, 3]].probabilities, explanation.probabilities[[5, 3]])
    assert explanation[5].predictions.tolist() == [explanation.predictions[5]]


def test_predictions_need_no_second_pass(net, X, monkeypatch):
    explainer = AGOPExplainer(net).fit(X)
    rows = []
    net.module_.register_forward_hook(lambda module, inputs, output: rows.append(len(output)))
    explanation = explainer(X)
    assert sum(rows) == len(X)
    np.testing.assert_array_equal(explanation.predictions, net.predict(X))


def test_predictions_of_regressors(table_explainer, table, X):
    explanation = table_explainer(table[0][:50])
    np.testing.assert_allclose(explanation.predictions, table_explainer.predict(table[0][:50]), atol=1e-4)
    assert explanation.probabilities is None
    model = MLPRegressor(max_iter=20, random_state=0).fit(X, X[:, :2])
    several = AGOPExplainer(model).fit(X)
    np.testing.assert_allclose(several(X, target=1).predictions, model.predict(X)[:, 1], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(several(X, target="all").predictions, model.predict(X), rtol=1e-4, atol=1e-4)


def test_a_method_that_calls_no_network_predicts_nothing(net, X):
    explanation = AGOPExplainer(net, method="agop-global").fit(X)(X)
    assert explanation.predictions is None
    assert explanation.probabilities is None


def test_repr_says_rows_targets_support_and_error(net, X):
    explainer = AGOPExplainer(net, class_names=["low", "middle", "high"]).fit(X)
    explanation = explainer(X)
    text = repr(explanation)
    assert text.startswith("Explanation of 200 rows and 6 columns by method 'agop', in log-odds\n")
    counts = pd.Series(explanation.row_targets()).value_counts()
    assert f"{counts.index[0]} ({counts.iloc[0]} rows)" in text
    assert f"median {np.median(explanation.support):.2f}" in text
    assert "explainer.audit(X)" in text
    explainer.audit(X[:40], n_rows=40)
    explanation = explainer(X)
    assert f"bound of a row: median {np.median(explanation.error):.0%}" in repr(explanation)
    assert "all 3: low, middle, high" in repr(explainer(X, target="all"))
    assert "1 row and 6 columns" in repr(explanation[0])
    assert "0 rows" in repr(explanation[:0])
    constant = repr(AGOPExplainer(net, method="agop-global").fit(X)(X))
    assert "without sign" in constant
    assert "none: the same for every row" in constant


def test_outputs_are_called_by_their_name(table_explainer, table):
    explanation = table_explainer(table[0][:3])
    assert set(explanation.row_targets()) == {"output"}
    assert "units of the output" in repr(explanation)


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_later_changes_of_the_table_do_not_show(net, X, kind):
    table = X.copy() if kind == "array" else pd.DataFrame(X, columns=list("abcdef"))
    explanation = AGOPExplainer(net).fit(table)(table)
    before = explanation.top(2)
    if kind == "array":
        table[:] = 7
    else:
        table.loc[:, "a":"f"] = 7
    pd.testing.assert_frame_equal(explanation.top(2), before)
