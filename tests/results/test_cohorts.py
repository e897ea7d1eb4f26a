"""Mean attributions of groups of rows, and their differences."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from agop_tabular import AGOPExplainer


@pytest.fixture(scope="module")
def explained(table_explainer, table):
    return table_explainer(table[0][:400]), table[0][:400]


def test_means_and_differences(explained):
    explanation, X = explained
    groups = np.where(X["age"] > 50, "old", "young")
    found = explanation.cohorts(groups)
    old = explanation.values[groups == "old"].mean(axis=0)
    young = explanation.values[groups == "young"].mean(axis=0)
    np.testing.assert_allclose(found.means.loc["old"], old)
    lines = found.to_frame().set_index("feature")
    first, second = found.sizes.index[0], found.sizes.index[1]
    assert set(lines["group"]) == {first}
    sign = 1 if first == "old" else -1
    np.testing.assert_allclose(lines.loc[list(X.columns), "difference"], sign * (old - young), atol=1e-9)
    assert ((lines["low"] <= lines["difference"]) & (lines["difference"] <= lines["high"])).all()
    assert (lines["p_holm"] >= lines["p"]).all()
    welch = stats.ttest_ind(
        explanation.values[groups == first, 0], explanation.values[groups == second, 0], equal_var=False
    )
    assert lines.loc["age", "p"] == pytest.approx(welch.pvalue)
    assert found.differences.equals(explanation.cohorts(list(groups)).differences), "the same draws every time"


def test_intervals_cover_the_difference_of_means(explained):
    explanation, _ = explained
    rng = np.random.default_rng(1)
    groups = rng.choice(["a", "b"], len(explanation))
    lines = explanation.cohorts(groups).to_frame()
    error = [explanation.values[groups == g].var(axis=0, ddof=1) / (groups == g).sum() for g in ("a", "b")]
    half = 1.96 * np.sqrt(error[0] + error[1])
    lines = lines.set_index("feature").loc[list(explanation.feature_names)]
    np.testing.assert_allclose((lines["high"] - lines["low"]) / 2, half, rtol=0.15, atol=1e-4)


def test_groups_by_a_column(explained):
    explanation, X = explained
    found = explanation.cohorts("city")
    assert found.sizes.to_dict() == X["city"].value_counts().to_dict()
    assert set(found.differences["against"]) == {"the other rows"}
    assert len(found.differences) == 3 * 4
    against = explanation.cohorts("city", against="Rome")
    assert set(against.differences["against"]) == {"Rome"}
    assert len(against.differences) == 2 * 4
    assert found.target == "output"
    assert "city" in repr(found)
    assert "Holm" in found._repr_html_()


def test_two_classes_are_turned_to_one(explainer, frame):
    explainer = AGOPExplainer(explainer.estimator).fit(frame)
    found = explainer(frame).cohorts("plan")
    assert found.target == "yes"
    fixed = explainer(frame, target="yes").cohorts("plan")
    np.testing.assert_allclose(found.means, fixed.means, atol=1e-5)


def test_a_column_that_never_varies_differs_from_nothing(net, X):
    mask = np.array([True, True, False, True, True, True])
    found = AGOPExplainer(net, gate=mask).fit(X)(X, target=1).cohorts(X[:, 0] > 1)
    line = found.to_frame().set_index("feature").loc["x2"]
    assert (line["difference"], line["low"], line["high"], line["p"], line["p_holm"]) == (0, 0, 0, 1, 1)


def test_bad_groups(explained, net, X):
    explanation, table = explained
    missing = np.where(np.arange(400) < 3, np.nan, 1.0)
    assert set(explanation.cohorts(missing).sizes.index) == {"1", "missing"}
    for groups, message in (
        (["a"] * 399, "399 values, but 400 rows"),
        (np.zeros((400, 2)), r"shape \(400, 2\)"),
        ("town", "'town' is not a column"),
        (["a"] * 400, "All rows are in one group"),
        (["a"] * 399 + ["b"], "'b' has one row"),
        ("age", "qcut"),
        (3, "shape"),
    ):
        with pytest.raises(ValueError, match=message):
            explanation.cohorts(groups)
    with pytest.raises(ValueError, match="'Paris' is not a group: "):
        explanation.cohorts("city", against="Paris")
    with pytest.raises(ValueError, match="confidence"):
        explanation.cohorts("city", confidence=95)
    with pytest.raises(ValueError, match="no rows"):
        explanation[:0].cohorts([])
    with pytest.raises(ValueError, match="different classes"):
        AGOPExplainer(net).fit(X)(X).cohorts(X[:, 0] > 1)


def test_index_of_the_groups_does_not_matter_unless_it_is_that_of_the_rows(explained):
    explanation, X = explained
    groups = pd.Series(np.where(X["age"] > 50, "old", "young"), index=X.index[::-1])
    assert explanation.cohorts(groups.set_axis(1000 + np.arange(400))).sizes.sum() == 400
    with pytest.raises(ValueError, match="in another order"):
        explanation.cohorts(groups)


def test_groups_that_are_alike_within_but_not_between(rng):
    X = np.column_stack([np.repeat([0.0, 1.0], 50), rng.normal(size=100)])
    explanation = AGOPExplainer(LinearRegression().fit(X, 2 * X[:, 0] + X[:, 1])).fit(X)(X)
    lines = explanation.cohorts(X[:, 0]).to_frame().set_index("feature")
    assert lines.loc["x0", "p_holm"] == 0
    assert abs(lines.loc["x0", "difference"]) == pytest.approx(2, rel=1e-4)
    assert lines.loc["x1", "p_holm"] > 0.001


def test_groups_are_those_of_the_cells_not_of_their_rounded_texts(explained):
    explanation, _ = explained
    dose = np.random.default_rng(0).choice([1000.2, 1000.4, 1003.0], len(explanation))
    found = explanation.cohorts(dose, against=1000.4)
    assert found.sizes.to_dict() == {
        text: (dose == value).sum() for value, text in ((1000.2, "1000.2"), (1000.4, "1000.4"), (1003.0, "1003"))
    }
    assert set(found.differences["against"]) == {"1000.4"}
    np.testing.assert_allclose(found.means.loc["1000.2"], explanation.values[dose == 1000.2].mean(axis=0))
    answered = np.where(dose > 1001, None, np.where(dose > 1000.3, "missing", "yes"))
    sizes = explanation.cohorts(answered, against=None).sizes
    assert sizes.to_dict() == {
        "missing": (dose > 1001).sum(),
        "'missing'": (dose == 1000.4).sum(),
        "yes": (dose == 1000.2).sum(),
    }
    with pytest.raises(ValueError, match=r"against=1000 is not a group: "):
        explanation.cohorts(dose, against=1000)
