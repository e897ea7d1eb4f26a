"""Properties that hold for every network, table and method."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.nets import MLP

from agop_tabular import AGOPExplainer

METHODS = ("agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg")
TOLERANCE = {torch.float32: 2e-3, torch.float64: 1e-8}


settings.register_profile("agop", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("agop")

cases = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "method": st.sampled_from(METHODS),
        "dtype": st.sampled_from(list(TOLERANCE)),
        "d": st.integers(1, 8),
        "n_classes": st.integers(2, 5),
        "contrast": st.booleans(),
    }
)


def setting(case):
    torch.manual_seed(case["seed"])
    rng = np.random.default_rng(case["seed"])
    module = MLP(case["d"], case["n_classes"], width=8).to(case["dtype"])
    dtype = "float32" if case["dtype"] is torch.float32 else "float64"
    X = (rng.standard_normal((60, case["d"])) * rng.uniform(0.5, 5, case["d"])).astype(dtype)
    return module, X, rng


def full_rank(case):
    """All components, so that no tie at the cut makes the kept subspace arbitrary."""
    return {"rank": 1.0} if case["method"] == "agop-ixg" else {}


def explain(module, X, case, rows=None, **params):
    params = {"method": case["method"], "contrast": case["contrast"]} | full_rank(case) | params
    return AGOPExplainer(module, **params).fit(X).explain(X if rows is None else rows, target="all")


def assert_close(a, b, case):
    tolerance = TOLERANCE[case["dtype"]]
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(np.abs(b).max(), 1e-6))


pytestmark = pytest.mark.filterwarnings(
    "ignore:The gradient of every score is zero", "ignore:Eigenvalues", "ignore:Every coordinate"
)


@given(cases)
def test_permuting_columns_permutes_attributions(case):
    module, X, rng = setting(case)
    order = rng.permutation(case["d"])
    expected = explain(module, X, case)[:, order]
    with torch.no_grad():
        module[0].weight.copy_(module[0].weight[:, order].clone())
    assert_close(explain(module, X[:, order], case), expected, case)


@given(cases, st.floats(0.01, 100), st.data())
def test_rescaling_a_column_changes_nothing(case, factor, data):
    """With D, units do not matter; Input×Gradient never knew them."""
    module, X, _ = setting(case)
    j = data.draw(st.integers(0, case["d"] - 1))
    expected = explain(module, X, case)
    with torch.no_grad():
        module[0].weight[:, j] /= factor
    scaled = X.copy()
    scaled[:, j] *= factor
    assert_close(explain(module, scaled, case), expected, case)


@given(cases)
def test_the_same_added_to_all_logits_changes_nothing_in_contrast(case):
    module, X, rng = setting(case)
    expected = explain(module, X, case, contrast=True)
    common = torch.tensor(rng.standard_normal(8), dtype=case["dtype"])
    with torch.no_grad():
        module[-1].weight += common
        module[-1].bias += 3
    assert_close(explain(module, X, case, contrast=True), expected, case)


@given(cases, st.integers(1, 60))
def test_a_row_does_not_depend_on_its_batch(case, size):
    module, X, rng = setting(case)
    explainer = AGOPExplainer(module, method=case["method"], contrast=case["contrast"], **full_rank(case)).fit(X)
    order = rng.permutation(60)
    explainer.set_params(batch_size=size)
    assert_close(explainer.explain(X[order], target="all"), explainer.explain(X, target="all")[order], case)


@pytest.mark.filterwarnings("ignore:Column.* had one value among the first rows")  # as every column of one row has
@settings(max_examples=8)
@given(cases, st.integers(1, 59))
def test_fitting_in_parts_is_fitting_at_once(case, cut):
    module, X, _ = setting(case)
    parts = AGOPExplainer(module, contrast=case["contrast"]).partial_fit(X[:cut]).partial_fit(X[cut:])
    whole = AGOPExplainer(module, contrast=case["contrast"]).fit(X[::-1])
    assert_close(parts.agop_, whole.agop_, case)
    np.testing.assert_allclose(parts.baseline_, whole.baseline_, rtol=1e-5, atol=1e-6)


@given(cases)
def test_the_support_is_a_share(case):
    module, X, _ = setting(case)
    support = AGOPExplainer(module, contrast=case["contrast"]).fit(X)(X, target="all").support
    support = support[~np.isnan(support)]
    assert (support >= 0).all()
    assert (support <= 1 + 1e-5).all()
