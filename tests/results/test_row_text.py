"""Two sentences about a row."""

import numpy as np
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.results.cells import signed_text


@pytest.fixture
def plain(explainer, frame):
    return AGOPExplainer(explainer.estimator).fit(frame)


def test_it_names_prediction_probability_and_reasons(plain, frame):
    explanation = plain(frame)
    text = explanation.to_text("r7")
    label, probability = plain.predict(frame)[7], plain.predict_proba(frame)[7].max()
    assert text.startswith(
        f"The model predicts {label} for row r7, with probability {probability:.2f}; its log-odds of "
    )
    top = explanation.top(1).loc["r7"].iloc[0]
    assert f"most is {top['feature']} = " in text
    assert ("What raises it" if top["attribution"] > 0 else "What lowers it") in text
    assert text.count(". ") == 1
    assert text.endswith(".")


def test_another_class_is_said_to_be_explained(plain, frame):
    label = plain.predict(frame)[0]
    other = "no" if label == "yes" else "yes"
    text = plain(frame).to_text(0, target=other)
    assert f"predicts {label} for row r0; {other}, which is explained, has probability" in text
    assert plain(frame, target="all").to_text(0) == plain(frame).to_text(0)


def test_regression(table_explainer, table):
    text = table_explainer(table[0][:3]).to_text(1)
    assert text.startswith("The model predicts ")
    assert " the base value of " in text
    assert "the prediction most is " in text


def test_methods_without_sign_and_rows_without_reasons(explainer, frame, net, X):
    unsigned = AGOPExplainer(net, method="agop-weighted").fit(X)(X)
    assert unsigned.to_text(0).endswith("these numbers have no sign.")
    constant = AGOPExplainer(net, method="agop-global").fit(X)(X).to_text(0)
    assert constant.startswith("For row 0 the importance of each column is given.")
    mask = np.zeros(6, dtype=bool)
    nothing = AGOPExplainer(net, gate=mask).fit(X)(X).to_text(0)
    assert nothing.startswith("The model predicts")
    assert "No column makes a difference; " in nothing
    assert nothing.endswith(" more belongs to 6 columns, which the gate set to zero.")


def test_the_error_is_said_once_it_is_known(net, X):
    explainer = AGOPExplainer(net).fit(X)
    assert "off by" not in explainer(X).to_text(0)
    explainer.audit(X[:40], n_rows=40)
    assert "by the audit these numbers are off by at most " in explainer(X).to_text(0)


def test_what_the_gate_took_is_said(net, X):
    plain = AGOPExplainer(net).fit(X)(X)
    mask = np.ones(6, dtype=bool)
    j = int(np.abs(plain.values[0]).argmax())
    mask[j] = False
    taken = float(plain.values[0, j])
    text = AGOPExplainer(net, gate=mask).fit(X)(X).to_text(0)
    assert text.endswith(
        f"; {signed_text(taken)} more belongs to {plain.feature_names[j]}, which the gate set to zero."
    )
    mask[(j + 1) % 6] = False
    total = taken + float(plain.values[0, (j + 1) % 6])
    for target in (None, plain.target_names[0]):
        every = AGOPExplainer(net, gate=mask).fit(X)(X, "all")
        text = every.to_text(0, target=target)
        assert "more belongs to 2 columns, which the gate set to zero." in text
    assert signed_text(total) in AGOPExplainer(net, gate=mask).fit(X)(X).to_text(0)
    assert "gate" not in AGOPExplainer(net, gate=~np.zeros(6, dtype=bool)).fit(X)(X).to_text(0)
