"""All of a fit, and the attributes that result."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.fitting.fit import OPTIONAL_ATTRIBUTES, fit_table
from agop_tabular.fitting.plan import FitPlan
from agop_tabular.fitting.tables import MemoryTable


def planned(baseline="mean", **params):
    return FitPlan.of(AGOPExplainer(**params), baseline, 6)


def fitted(estimator, X, plan):
    return fit_table(estimator, MemoryTable(X), None, plan)


def test_a_table_without_rows_is_refused():
    with pytest.raises(ValueError, match="0 sample"):
        fitted(nn.Linear(6, 2), np.empty((0, 6)), planned())


@pytest.mark.parametrize("method", ["agop", "agop-ixg", "agop-local", "agop-global", "ixg"])
def test_attributes_are_those_of_the_explainer(net, X, method):
    found = fitted(net, X, planned(method=method)).attributes()
    explainer = AGOPExplainer(net, method=method).fit(X)
    for name in ("baseline_", "scale_", "agop_diagonal_", "eigenvalues_", "components_"):
        np.testing.assert_array_equal(found[name], getattr(explainer, name))
    assert (found["rank_"], found["moment_"]) == (explainer.rank_, explainer.moment_)
    assert found["n_samples_seen_"] == 200


def test_attributes_that_not_every_fit_has(X):
    regressor = LinearRegression().fit(X, X[:, 0])
    assert "classes_" not in fitted(regressor, X, planned(method="ixg")).attributes()
    diagonal = fitted(regressor, X, planned(method="ixg", moment="diagonal")).attributes()
    assert not set(OPTIONAL_ATTRIBUTES) & set(diagonal)


@pytest.mark.parametrize("baseline", ["mean", "zero", "row"])
def test_the_baseline_is_a_row_of_coordinates(net, X, baseline):
    plan = planned(X[:1] if baseline == "row" else baseline, method="ixg")
    expected = {"mean": X.astype("float64").mean(axis=0), "zero": np.zeros(6), "row": X[0]}[baseline]
    np.testing.assert_allclose(fitted(net, X, plan).attributes()["baseline_"], expected, rtol=1e-6, atol=1e-7)


def test_all_columns_of_a_wide_table_interact():
    """Of 200 columns with seven groups each, 146 may have pair effects."""
    X = np.random.default_rng(0).standard_normal((2000, 200), dtype=np.float32)
    explainer = AGOPExplainer(MLP(200), gate=None).fit(X)
    assert explainer.statistics_.effects.interacting.all()
