"""How well the model predicts: scikit-learn's metrics of the model's own predictions."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import metrics
from sklearn.svm import LinearSVC
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.report.performance import checked_labels, label_names, measured, performance_section


def texts(performance):
    facts, table = performance.blocks[:2]
    return dict(facts.pairs), table


def test_a_classifier(table, labels, explainer):
    X = table[0]
    model, estimator = explainer.model_, explainer.estimator_
    found = measured(model, X, checked_labels(labels, len(X), model), "auto")
    facts, matrix = texts(found)
    p = estimator.predict_proba(X)
    right = metrics.accuracy_score(labels, estimator.predict(X))
    assert facts["right"] == f"{right:.1%} of 600 rows (accuracy)"
    assert found.figure == f"{right:.1%}"
    assert f"right in {right:.1%}" in found.summary
    balanced = metrics.balanced_accuracy_score(labels, estimator.predict(X))
    assert facts["balanced accuracy"].startswith(f"{balanced:.1%}")
    assert facts["log loss"].startswith(f"{metrics.log_loss(labels, p):.3f} nats")
    assert facts["area under ROC"].startswith(f"{metrics.roc_auc_score(labels == 'yes', p[:, 1]):.3f}")
    own = metrics.confusion_matrix(labels, estimator.predict(X))
    assert [[int(k) for k in row[1:]] for row in matrix.rows] == own.tolist()
    assert [row[0] for row in matrix.rows] == [f"no ({own[0].sum()})", f"yes ({own[1].sum()})"]
    usual = max((labels == "yes").mean(), (labels == "no").mean())
    assert facts["for comparison"].startswith(f"{usual:.1%}")


def test_a_regressor(table, regressor):
    X, score = table
    model, predicted = regressor.model_, regressor.predict(X)
    found = measured(model, X, checked_labels(score, len(X), model), "auto")
    row = found.blocks[0].rows[0]
    assert row[1] == f"{metrics.r2_score(score, predicted):.3f}" == found.figure
    assert float(row[2]) == pytest.approx(metrics.mean_absolute_error(score, predicted), abs=1e-3)
    assert float(row[3]) == pytest.approx(metrics.root_mean_squared_error(score, predicted), abs=1e-3)
    assert label_names(checked_labels(score, len(X), model), model).tolist() == score.tolist()


def test_labels_by_the_names_that_they_are_shown_by(net, X):
    model = AGOPExplainer(net, method="ixg", class_names=["a", "b", "c"]).fit(X).model_
    by_label, by_name = ([0, 2, 1], ["a", "c", "b"])
    assert checked_labels(by_label, 3, model).tolist() == checked_labels(by_name, 3, model).tolist() == [0, 2, 1]
    assert label_names(np.array([0, 2, 1]), model).tolist() == by_name


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (["yes"], "y has 1 labels, but X has 3 rows"),
        (
            ["yes", "no", "maybe"],
            "y has labels that the model does not know: 'maybe'; its classes are 'no', 'yes': call",
        ),
        (["yes", "no", np.nan], "1 of the 3 labels y are missing: leave out this row"),
        (np.array(["yes", None, pd.NA], dtype=object), "2 of the 3 labels y are missing: leave out these rows"),
        (3, "y has no labels"),
        (np.ones((3, 2)), "y has shape"),
    ],
)
def test_wrong_labels_are_refused(explainer, y, said):
    with pytest.raises(ValueError, match=said):
        checked_labels(y, 3, explainer.model_)


@pytest.mark.parametrize(
    ("y", "said"),
    [(["a", "b"], "are no numbers"), ([1, np.nan], "missing or not finite"), (np.ones((2, 3)), "y has 3 columns")],
)
def test_wrong_numbers_are_refused(regressor, y, said):
    with pytest.raises(ValueError, match=said):
        checked_labels(y, 2, regressor.model_)


def test_many_classes_have_a_line_each():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5)).astype("f")
    model = AGOPExplainer(nn.Sequential(nn.Linear(5, 12), nn.Softmax(dim=1)), method="ixg").fit(X).model_
    y = model.network.module(torch.from_numpy(X)).argmax(1).numpy()
    table = measured(model, X, checked_labels(y, 200, model), "auto").blocks[1]
    assert "found (recall)" in table.head
    assert all(row[2] in ("100.0%", "no such row") for row in table.rows)


def test_one_label_has_no_curve(table, labels, explainer):
    some = table[0][labels == "yes"]
    found = measured(explainer.model_, some, checked_labels(["yes"] * len(some), len(some), explainer.model_), "auto")
    assert dict(found.blocks[0].pairs)["area under ROC"] == "not defined: all rows have one label"


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_without_probabilities_have_a_curve_and_no_log_loss(n_classes):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = np.digitize(X[:, 0] + rng.standard_normal(200), [0, 1][: n_classes - 1])
    model = LinearSVC().fit(X, y)
    explained = AGOPExplainer(model).fit(X).model_
    facts, _ = texts(measured(explained, X, checked_labels(y, len(X), explained), "auto"))
    scores = model.decision_function(X)
    areas = [metrics.roc_auc_score(y == c, scores if n_classes == 2 else scores[:, c]) for c in range(n_classes)]
    assert facts["area under ROC"].startswith(f"{areas[1] if n_classes == 2 else np.mean(areas):.3f}")
    assert "log loss" not in facts


def test_a_student_is_called_one(table, labels, explainer):
    found = measured(explainer.model_, table[0], checked_labels(labels, 600, explainer.model_), "auto")
    assert performance_section(found).title == "How well the model predicts"
    section = performance_section(found, of_student=True)
    assert section.title == "How well the student predicts"
    assert "not of the predictor" in section.blocks[0].text
