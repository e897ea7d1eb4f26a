"""The table of rows as compact data: what a script reads from it is the explanation."""

import numpy as np
import pandas as pd
import pytest

from agop_tabular import AGOPExplainer, Explanation
from agop_tabular.report.document import script_json
from agop_tabular.report.row_table import row_table, rows_section
from agop_tabular.results.cells import cell_text


def attributions(data, i):
    flat = data["top"][i]
    return {
        data["columns"][c]: (data["texts"][c][t], value)
        for c, t, value in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    }


def test_the_attributions_of_every_row(table, labels, explainer):
    X, _ = table
    explanation = explainer(X)
    data = row_table(explanation, labels)
    assert data["label"] == list(X.index)
    for i in range(len(X)):
        found = attributions(data, i)
        assert list(found) == [X.columns[j] for j in np.argsort(-np.abs(explanation.values[i]), kind="stable")]
        for j, name in enumerate(X.columns):
            assert found[name][0] == cell_text(X.iloc[i, j])
            assert found[name][1] == pytest.approx(explanation.values[i, j], rel=5.1e-3, abs=1e-12)
    assert [data["classes"][c] for c in data["prediction"]] == explanation.predictions.tolist()
    assert [data["classes"][c] for c in data["truth"]] == labels.tolist()
    np.testing.assert_allclose(data["probability"], explanation.probabilities, rtol=1e-5)
    total = explanation.base_values + explanation.values.sum(axis=1)
    np.testing.assert_allclose(data["score"], total, rtol=1e-3, atol=1e-3)
    assert data["explains_predicted"]
    assert data["unit"] == "log-odds"
    assert "others" not in data
    assert "bound" not in data


def test_errors_of_rows_after_an_audit(table, explainer):
    own = AGOPExplainer(explainer.estimator_).fit(table[0][:400])
    own.audit(table[0][400:])
    explanation = own(table[0][:20])
    data = row_table(explanation, None, 0.9)
    np.testing.assert_allclose(data["bound"], explanation.error, rtol=6e-3)
    length = np.linalg.norm(explanation.values, axis=1)
    np.testing.assert_allclose(data["off"], explanation.error / (1 - explanation.error) * length, rtol=1e-2)
    assert data["coverage"] == "90%"


def test_numbers(table, regressor):
    X, score = table
    explanation = regressor(X)
    data = row_table(explanation, score)
    np.testing.assert_allclose(data["prediction"], explanation.predictions, rtol=1e-5)
    np.testing.assert_allclose(data["truth"], score, rtol=1e-5)
    assert data["classes"] == []
    assert data["target_names"] == [""]


def test_another_class_than_the_predicted_one(table, explainer):
    data = row_table(explainer(table[0], "yes"))
    assert not data["explains_predicted"]
    assert data["probability_title"] == "Probability of yes"
    assert data["target_names"] == ["yes"]


def large(n, d, value=None):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, d)) if value is None else np.full((n, d), value, dtype=object))
    values = rng.normal(size=(n, d))
    return Explanation(
        values, X, tuple(map(str, range(d))), np.zeros(n, int), ("a", "b"), np.zeros(n), None, np.zeros(n), "agop"
    )


def test_of_many_columns_the_largest_and_the_sum_of_the_others():
    explanation = large(50, 40)
    data = row_table(explanation)
    assert data["n_others"] == 25
    for i in range(50):
        assert len(data["top"][i]) == 45
        shown = sum(data["top"][i][2::3])
        assert shown + data["others"][i] == pytest.approx(explanation.values[i].sum(), abs=0.1)


@pytest.mark.parametrize("d", [15, 60])
def test_ten_thousand_rows_stay_small(d):
    text = script_json(row_table(large(10_000, d)))
    assert len(text.encode()) < 3_600_000


def test_whole_numbers_keep_their_digits_and_what_is_not_finite_is_none():
    explanation = large(3, 1)
    explanation.values[:, 0] = [123456.7, np.nan, 1e-30]
    assert [top[2] for top in row_table(explanation)["top"]] == [123457, None, 1e-30]


def test_methods_without_sign_or_prediction(table, explainer):
    X = table[0]
    data = row_table(AGOPExplainer(explainer.estimator_, method="agop-global").fit(X)(X))
    assert not data["signed"]
    assert "prediction" not in data
    assert "score" not in data
    data = row_table(AGOPExplainer(explainer.estimator_, method="agop-ixg").fit(X)(X))
    assert len(data["gap"]) == len(X)


def test_some_rows_in_words(table, labels, explainer):
    explanation = explainer(table[0])
    section = rows_section(explanation, labels, None)
    order = np.argsort(explanation.probabilities, kind="stable")
    assert section.blocks[1].items[0] == explanation.to_text(int(order[0]))
    assert section.blocks[1].items[2] == explanation.to_text(int(order[-1]))
    assert len(rows_section(explanation[:1], None, None).blocks[1].items) == 1
