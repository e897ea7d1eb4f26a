"""Every plot of shap draws what the explanation holds, and says where values do not add up."""

import warnings

import numpy as np
import pandas as pd
import pytest

from agop_tabular import AGOPExplainer

shap = pytest.importorskip("shap")
plt = pytest.importorskip("matplotlib.pyplot")


def written():
    """Texts in the first panel of the current figure."""
    return {text.get_text().replace("−", "-") for text in plt.gcf().axes[0].texts}


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
        panel = plt.gcf().axes[0]
        assert set(converted.feature_names) <= {label.get_text() for label in panel.get_yticklabels()}
        if plot == "bar":
            mean = np.sort(np.abs(converted.values).mean(axis=0))[::-1]
            np.testing.assert_allclose([bar.get_width() for bar in panel.patches], mean)
        elif plot == "heatmap":
            np.testing.assert_allclose(
                np.sort(panel.images[0].get_array(), axis=None), np.sort(converted.values, axis=None)
            )
        else:
            dots = [len(dots.get_offsets()) for dots in panel.collections]
            assert sum(n for n in dots if n > 1) >= 240

    @pytest.mark.parametrize("column", ["age", "city"])
    def test_scatter(self, converted, column):
        shap.plots.scatter(converted[:, column], show=False)
        panel = plt.gcf().axes[0]
        assert panel.get_xlabel() == column
        drawn = panel.collections[0].get_offsets()[:, 1]
        np.testing.assert_allclose(np.sort(drawn), np.sort(converted[:, column].values))

    def test_bar_of_one_row(self, converted):
        shap.plots.bar(converted[0], show=False)
        drawn = [bar.get_width() for bar in plt.gcf().axes[0].patches]
        np.testing.assert_allclose(np.sort(drawn), np.sort(converted.values[0]))

    def test_waterfall_draws_and_warns(self, converted):
        with pytest.warns(UserWarning, match="do not add up"):
            shap.plots.waterfall(converted[0], show=False)
        assert {"Athens = city", "nan = visits"} <= {label.get_text() for label in plt.gcf().axes[0].get_yticklabels()}
        assert written() == {f"{value:+.2f}".rstrip("0").rstrip(".") for value in converted.values[0]}

    def test_force_draws_and_warns(self, converted):
        with pytest.warns(UserWarning, match="do not add up"):
            shap.plots.force(converted[0], matplotlib=True, show=False)
        assert {"visits = nan", "income = nan", "base value"} <= written()

    def test_decision_draws_and_warns(self, converted):
        with pytest.warns(UserWarning, match="do not add up"):
            base = converted.base_values
        shap.plots.decision(base[0], converted.values[:20], feature_names=converted.feature_names, show=False)
        ends = [line.get_xdata()[-1] for line in plt.gcf().axes[0].lines if len(line.get_xdata()) == 7]
        np.testing.assert_allclose(np.sort(ends), np.sort(base[0] + converted.values[:20].sum(axis=1)))

    def test_all_classes(self, explainer, frame):
        converted = explainer(frame, target="all").to_shap()
        assert converted.shape == (240, 6, 2)
        shap.plots.beeswarm(converted[:, :, "yes"], show=False)
        assert {label.get_text() for label in plt.gcf().axes[0].get_yticklabels()} == set(frame.columns)
        plt.close("all")
        with pytest.warns(UserWarning, match="do not add up"):
            shap.plots.waterfall(converted[0, :, 1], show=False)
        assert written() == {f"{value:+.2f}".rstrip("0").rstrip(".") for value in converted.values[0, :, 1]}

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
        assert {label.get_text() for label in plt.gcf().axes[0].get_yticklabels()} == {f"x{i}" for i in range(6)}
        np.testing.assert_array_equal(converted.data, X)

    def test_of_a_method_without_base_values(self, net, X):
        explainer = AGOPExplainer(net, method="agop-global").fit(X)
        converted = explainer(X).to_shap()
        shap.plots.bar(converted, show=False)
        drawn = [bar.get_width() for bar in plt.gcf().axes[0].patches]
        np.testing.assert_allclose(drawn, np.sort(explainer.explain(X[:1])[0])[::-1], rtol=1e-6)


def test_missing_and_text_values_become_numbers_for_colours(explanation):
    converted = explanation.to_shap()
    data = pd.DataFrame(converted.data, columns=explanation.feature_names)
    assert data["income"].isna().sum() == explanation.data["income"].isna().sum()
    assert set(data["city"]) == {0, 1, 2}
