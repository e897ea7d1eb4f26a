"""Explanation: tables, rows in words, and every plot of shap."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from test_pipelines import PREPROCESSING

from agop_tabular import AGOPExplainer

shap = pytest.importorskip("shap")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def explainer(frame, labels):
    y = np.array(["no", "yes"])[labels]
    network = MLPClassifier((20,), max_iter=60, random_state=0)
    model = make_pipeline(PREPROCESSING["dense one-hot"](), network).fit(frame, y)
    return AGOPExplainer(model, method="agop-ixg").fit(frame)


@pytest.fixture
def explanation(explainer, frame):
    return explainer(frame)


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


class TestShap:
    @pytest.fixture(autouse=True)
    def figures(self):
        plt.switch_backend("Agg")
        yield
        plt.close("all")

    @pytest.fixture
    def converted(self, explanation):
        return explanation.to_shap()

    def test_is_a_real_one(self, converted, explanation):
        assert isinstance(converted, shap.Explanation)
        np.testing.assert_array_equal(converted.values, explanation.values)
        assert converted.feature_names == list(explanation.feature_names)
        assert converted[3].display_data[2] == explanation.data["city"].iloc[3]

    @pytest.mark.parametrize("plot", ["beeswarm", "bar", "heatmap", "violin"])
    def test_plots_of_all_rows(self, converted, plot):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            getattr(shap.plots, plot)(converted, show=False)
        assert plt.gcf().axes

    @pytest.mark.parametrize("column", ["age", "city"])
    def test_scatter(self, converted, column):
        shap.plots.scatter(converted[:, column], show=False)
        assert plt.gcf().axes

    def test_bar_of_one_row(self, converted):
        shap.plots.bar(converted[0], show=False)
        assert plt.gcf().axes

    def test_waterfall_draws_and_warns(self, converted):
        with pytest.warns(UserWarning, match="do not add up"):
            shap.plots.waterfall(converted[0], show=False)
        assert plt.gcf().axes

    def test_force_draws_and_warns(self, converted):
        with pytest.warns(UserWarning, match="do not add up"):
            shap.plots.force(converted[0], matplotlib=True, show=False)

    def test_decision_draws_and_warns(self, converted):
        with pytest.warns(UserWarning, match="do not add up"):
            base = converted.base_values
        shap.plots.decision(base[0], converted.values[:20], feature_names=converted.feature_names, show=False)
        assert plt.gcf().axes

    def test_all_classes(self, explainer, frame):
        converted = explainer(frame, target="all").to_shap()
        assert converted.shape == (240, 6, 2)
        shap.plots.beeswarm(converted[:, :, "yes"], show=False)
        with pytest.warns(UserWarning, match="do not add up"):
            shap.plots.waterfall(converted[0, :, 1], show=False)

    def test_what_adds_up_does_not_warn(self, explainer, frame):
        explanation = AGOPExplainer(explainer.estimator).fit(frame)(frame)
        converted = explanation.to_shap()
        shap.plots.waterfall(converted[0], show=False)
        total = converted.values.sum(axis=1) + converted.base_values
        odds = np.diff(np.log(explainer.predict_proba(frame)), axis=1)[:, 0]
        np.testing.assert_allclose(total, np.abs(odds), atol=1e-3)

    def test_of_an_array(self, net, X):
        converted = AGOPExplainer(net).fit(X)(X).to_shap()
        shap.plots.beeswarm(converted, show=False)
        np.testing.assert_array_equal(converted.data, X)

    def test_of_a_method_without_base_values(self, net, X):
        shap.plots.bar(AGOPExplainer(net, method="agop-global").fit(X)(X).to_shap(), show=False)


def test_missing_and_text_values_become_numbers_for_colours(explanation):
    converted = explanation.to_shap()
    data = pd.DataFrame(converted.data, columns=explanation.feature_names)
    assert data["income"].isna().sum() == explanation.data["income"].isna().sum()
    assert set(data["city"]) == {0, 1, 2}
