"""Pictures of importances."""

import numpy as np
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.results.plots.importances import plot_importances


def test_importances_and_intervals(table_explainer, saved):
    share = table_explainer.feature_importances_
    ends = table_explainer.feature_importance_intervals_
    ax = table_explainer.plot_importances(n=2)
    saved(ax)
    widths = [bar.get_width() for bar in ax.patches]
    top = -np.sort(-share)
    np.testing.assert_allclose(widths, [*top[:2], top[2:].sum()])
    assert ax.get_yticklabels()[-1].get_text() == "2 other columns"
    (lines,) = ax.collections
    drawn = np.array([segment[:, 0] for segment in lines.get_segments()])
    np.testing.assert_allclose(drawn, ends[np.argsort(-share)[:2]])
    assert "variance of all effects" in ax.get_xlabel().replace("\n", " ")
    with pytest.raises(ValueError, match=r"\(4, 2\)"):
        plot_importances(list("abcd"), share, "share", intervals=share)


def test_published_methods(net, X, saved):
    ax = AGOPExplainer(net, method="agop-weighted").fit(X).plot_importances()
    saved(ax)
    assert ax.get_xlabel() == "share of each column in the diagonal of M"
    assert len(ax.patches) == 6
