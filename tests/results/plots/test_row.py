"""Pictures of one row."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agop_tabular import AGOPExplainer


def labels_of(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


@pytest.fixture
def default(explainer, frame):
    return AGOPExplainer(explainer.estimator, class_names=["stays", "leaves"]).fit(frame)


def test_bars_lead_from_the_base_value_to_the_score(default, frame, saved):
    explanation = default(frame)
    ax = explanation.plot("r7", n=4)
    saved(ax)
    row = explanation[7]
    bars = ax.patches
    starts, widths = np.array([bar.get_x() for bar in bars]), np.array([bar.get_width() for bar in bars])
    order = np.argsort(-np.abs(row.values[0]))[:4]
    np.testing.assert_allclose(widths[:4], row.values[0][order])
    np.testing.assert_allclose(starts, row.base_values[0] + np.append(0, np.cumsum(widths)[:-1]), rtol=1e-6)
    score = row.base_values[0] + row.values[0].sum()
    assert starts[-1] + widths[-1] == pytest.approx(score, abs=1e-5)
    names = labels_of(ax)
    assert names[0] == "base value"
    assert names[1].startswith(row.feature_names[order[0]])
    assert names[-2:] == ["2 other columns", "log-odds of this row"]
    name = row.row_targets()[0]
    assert f"predicted: {name} (probability {row.probabilities[0]:.2f})" in ax.get_title(loc="left").replace("\n", " ")
    assert ax.get_xlabel() == f"log-odds of {name}"


def test_raising_and_lowering_bars_have_two_colours(default, frame):
    ax = default(frame).plot(0)
    colours = {np.sign(bar.get_width()): bar.get_facecolor()[:3] for bar in ax.patches if bar.get_width()}
    assert len(set(colours.values())) == len(colours)


def test_scores_have_no_plus_since_they_are_no_differences(X, saved):
    y = 100 + 20 * X[:, 0]
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X, y)
    explanation = AGOPExplainer(model, output_name="rent").fit(X)(X[:1])
    ax = explanation.plot(0)
    saved(ax)
    first, *bars, last = [text.get_text() for text in ax.texts]
    assert float(first) == pytest.approx(y.mean(), rel=0.01)
    assert float(last) == pytest.approx(y[0], rel=0.01)
    assert not first.startswith("+")
    assert not last.startswith("+")
    assert all(bar[0] in "+-0" for bar in bars)
    page = explanation._repr_html_()
    assert "sum = prediction" in page
    assert f"<i>{last}</i>" in page


def test_error_bars_once_there_was_an_audit(net, X, saved):
    explainer = AGOPExplainer(net).fit(X)
    assert not explainer(X).plot(0).containers[1:]
    explainer.audit(X[:40], n_rows=40)
    ax = explainer(X).plot(0)
    saved(ax)
    assert "by the audit" in ax.get_xlabel()
    assert len(ax.containers) == 2


def test_what_is_not_attributed_is_drawn(net, X, saved):
    ax = AGOPExplainer(net, method="agop-ixg").fit(X)(X).plot(0)
    assert "not attributed" in labels_of(ax)
    nothing = AGOPExplainer(net, gate=np.zeros(6, dtype=bool)).fit(X)(X).plot(0)
    saved(nothing)
    assert labels_of(nothing)[-2] == "not attributed"


@pytest.mark.parametrize("method", ["agop-weighted", "agop-global"])
def test_methods_without_sign(net, X, saved, method):
    explanation = AGOPExplainer(net, method=method).fit(X)(X)
    ax = explanation.plot(3)
    saved(ax)
    assert "without sign" in ax.get_xlabel()
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], -np.sort(-explanation.values[3]))


def test_regression_missing_values_and_narrow_pictures(table_explainer, table, saved, figures):
    X = table[0]
    explanation = table_explainer(X[:50])
    row = int(np.flatnonzero(X["income"][:50].isna())[0])
    _, given = figures.subplots(figsize=(3.6, 4), layout="constrained")
    ax = explanation.plot(row, ax=given)
    assert ax is given
    saved(ax)
    assert "income = missing" in [name.replace("\n", " ") for name in labels_of(ax)]
    assert labels_of(ax)[-1] == "prediction"
    assert ax.get_title(loc="left").startswith(f"Row {row} — predicted: ")


def test_a_row_of_all_classes(net, X):
    every = AGOPExplainer(net, class_names=["low", "middle", "high"]).fit(X)(X, target="all")
    assert every.plot(0, target="high").get_xlabel() == "log-odds of high"
    with pytest.raises(ValueError, match="'other' is not one of"):
        every.plot(0, target="other")
    with pytest.raises(ValueError, match="whose places are 0 to 199"):
        every.plot(200)
    with pytest.raises(ValueError, match="n=0"):
        every.plot(0, n=0)


def test_a_refused_picture_leaves_no_figure(net, X, figures):
    explanation = AGOPExplainer(net).fit(X)(X)
    for wrong in ({"row": 999}, {"row": 0, "n": 0}, {"row": 0, "target": "x"}):
        with pytest.raises(ValueError):
            explanation.plot(**wrong)
    assert figures.get_fignums() == []
