"""NaN and infinity at the network's input are refused, with the names of the columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from agop_tabular import AGOPExplainer


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_names_the_columns(net, X, bad):
    explainer = AGOPExplainer(net).fit(X)
    rows = pd.DataFrame(X, columns=list("abcdef"))
    rows.loc[5, ["b", "e"]] = bad
    word = "NaN" if np.isnan(bad) else "infinity"
    with pytest.raises(ValueError, match=rf"{word} .* column\(s\) 'b', 'e' \(first at row 5\).*(imputer|clip)"):
        AGOPExplainer(net).fit(rows)
    with pytest.raises(ValueError, match=rf"{word} .* column\(s\) 'x1', 'x4' \(first at row 5\)"):
        explainer.explain(rows.to_numpy())


def test_not_finite_in_a_row_that_is_tried_first(net, X):
    rows = np.tile(X, (10, 1))
    rows[14, 3] = np.nan
    with pytest.raises(ValueError, match="'x3' \\(first at row 14\\)"):
        AGOPExplainer(net).fit(rows)


def test_not_finite_in_a_late_batch(net, X):
    rows = np.tile(X, (10, 1))
    rows[1777, 3] = np.nan
    with pytest.raises(ValueError, match="'x3' \\(first at row 1777\\)"):
        AGOPExplainer(net, batch_size=100).fit(rows)


def test_large_values_are_not_taken_for_infinity(X):
    module = nn.Linear(6, 2)
    rows = (np.full((4, 6), 2e33) * [[1], [-1], [1], [1]]).astype("float32")
    found = AGOPExplainer(module, method="ixg").fit(X).explain(rows, target=1)
    np.testing.assert_allclose(found, (rows - X.mean(axis=0)) * module.weight[1].detach().numpy(), rtol=1e-6)


def test_an_imputing_pipeline_takes_nan(X):
    rows = X.astype("float64").copy()
    rows[::7, 2] = np.nan
    y = (X[:, 0] > 1).astype(int)
    model = make_pipeline(SimpleImputer(), StandardScaler(), MLPClassifier(random_state=0, max_iter=20)).fit(rows, y)
    explainer = AGOPExplainer(model).fit(rows)
    assert np.isfinite(explainer.explain(rows)).all()
    rows[3, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        explainer.explain(rows)
