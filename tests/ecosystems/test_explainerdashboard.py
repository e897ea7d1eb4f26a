"""A dashboard that shows our values. ``make test-dashboard`` runs it, in an environment of its own."""

import numpy as np
import pytest
from support.pages import run

pytest.importorskip("explainerdashboard")


@pytest.mark.filterwarnings("ignore")
def test_the_page():
    names = run("integrations.md", "explainerdashboard")
    X, explanation, dashboard = names["X_test"], names["explanation"], names["dashboard"]
    for c in range(2):
        np.testing.assert_allclose(dashboard.get_shap_values_df(c), explanation.values[:, :, c], atol=1e-12)
    shown = names["contributions"].set_index("col")["contribution"]
    assert set(X.columns) <= set(shown.index)
    np.testing.assert_allclose(shown[X.columns], explanation.values[0, :, 1], rtol=1e-6)
    np.testing.assert_allclose(
        shown["_BASE"] + shown[X.columns].sum(), names["model"].predict_proba(X.iloc[:1])[0, 1], atol=1e-4
    )
    page = names["page"].to_html()
    assert "Feature" in page
