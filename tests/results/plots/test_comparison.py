"""Pictures of two explanations of the same rows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.preprocessing import PREPROCESSING

from agop_tabular import AGOPExplainer


@pytest.fixture
def two(explainer, frame):
    other = make_pipeline(PREPROCESSING["dense one-hot"](), LogisticRegression(max_iter=300))
    other.fit(frame, explainer.predict(frame))
    return tuple(AGOPExplainer(model).fit(frame)(frame) for model in (explainer.estimator, other))


def widths(ax):
    return [np.array([bar.get_width() for bar in bars]) for bars in ax.containers]


def test_mean_attributions_of_both(two, saved):
    ax = two[0].plot_comparison(two[1], names=("network", "logistic regression"))
    saved(ax)
    means = [np.abs(e.values).mean(axis=0) for e in two]
    order = np.argsort(-np.maximum(*means), kind="stable")
    for drawn, mean in zip(widths(ax), means, strict=True):
        np.testing.assert_allclose(drawn, mean[order], atol=1e-5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["network", "logistic regression"]
    assert ax.get_xlabel().replace("\n", " ") == "mean absolute attribution: log-odds of yes"


def test_one_row_of_both_is_of_the_first_ones_class(two, saved):
    ax = two[0].plot_comparison(two[1], "r5", n=3)
    saved(ax)
    name = two[0].row_targets()[5]
    sign = 1 if two[1].row_targets()[5] == name else -1
    order = np.argsort(-np.maximum(*(np.abs(e.values[5]) for e in two)), kind="stable")[:3]
    np.testing.assert_allclose(widths(ax)[0], two[0].values[5][order], atol=1e-5)
    np.testing.assert_allclose(widths(ax)[1], sign * two[1].values[5][order], atol=1e-5)
    assert ax.get_xlabel().endswith(f"log-odds of {name}")
    assert "this model predicts" in ax.get_title(loc="left").replace("\n", " ")


def test_what_cannot_be_compared(two, figures):
    first, second = two
    for other, message in (
        (second[:5], "explain the same rows"),
        (replace(second, unit="probability"), "in log-odds and in probability"),
        (replace(second, target_names=("a", "b")), "other classes"),
        (replace(second, data=second.data[::-1]), "other labels"),
    ):
        with pytest.raises(ValueError, match=message):
            first.plot_comparison(other)
    with pytest.raises(ValueError, match="two names"):
        first.plot_comparison(second, names=("one",))
    with pytest.raises(ValueError, match="no rows"):
        first[:0].plot_comparison(second[:0])
    assert figures.get_fignums() == []


def test_any_name_is_in_the_legend(two, saved):
    ax = two[0].plot_comparison(two[1], names=("_v1", "_v2"))
    saved(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["_v1", "_v2"]
