"""reference=: why this row rather than those?"""

import numpy as np
import pandas as pd
import pytest
import torch
from support.dask_tables import da as dask_array
from support.dask_tables import in_parts
from support.functions import brute_force, relative_error
from torch import nn

from agop_tabular import AGOPExplainer


def table(n, seed):
    X = np.random.default_rng(seed).standard_normal((n, 4)).astype(np.float32)
    X[:, 1] = 0.7 * X[:, 0] + 0.7 * X[:, 1]
    return X


def score(x):
    return torch.tanh(2 * x[:, 0]) + x[:, 1] * torch.sin(x[:, 2]) - 0.5 * x[:, 3] * x[:, 0]


class Net(nn.Module):
    """Main and pair effects; the second output is another function."""

    def __init__(self):
        super().__init__()
        self.classes_, self.weight = None, nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.weight * torch.stack((score(x), x[:, 1] + x[:, 0] * x[:, 2]), dim=1)


X, ROWS = table(3000, 0), table(15, 1)
CHOSEN = {"one row": X[:1], "some rows": X[X[:, 0] > 0.5][:60], "far rows": X[:40] + 1}


@pytest.fixture(scope="module")
def explainer():
    return AGOPExplainer(Net()).fit(X)


@pytest.mark.parametrize("name", CHOSEN)
def test_values_are_near_to_shapley_values_against_these_rows(explainer, name):
    """As near as those against the training rows are."""
    found = explainer.explain(ROWS, 0, reference=CHOSEN[name])
    assert relative_error(found, brute_force(score, ROWS, CHOSEN[name])) < 0.1


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("target", [1, "all"])
def test_rows_add_up_to_the_difference_of_scores(explainer, name, target):
    found = explainer(ROWS, target, reference=CHOSEN[name])
    with torch.no_grad():
        mean = Net()(torch.from_numpy(CHOSEN[name])).mean(dim=0).numpy()
    np.testing.assert_allclose(
        found.base_values,
        np.broadcast_to(mean if target == "all" else mean[1], found.base_values.shape),
        rtol=1e-4,
        atol=1e-5,
    )
    np.testing.assert_allclose(found.gap, 0, atol=1e-4)


def test_a_reference_of_the_training_rows_is_the_default(explainer):
    usual, given = explainer.explain(ROWS, 0), explainer.explain(ROWS, 0, reference=X)
    np.testing.assert_allclose(given, usual, atol=1e-5)


def test_columns_have_mean_zero_over_the_reference(explainer):
    found = explainer.explain(CHOSEN["some rows"], "all", reference=CHOSEN["some rows"])
    assert np.abs(found.mean(axis=0)).max() < 2e-5


def test_nothing_sets_a_row_apart_from_itself(explainer):
    assert np.abs(explainer.explain(X[:1], 0, reference=X[:1])).max() < 1e-6


@pytest.mark.parametrize("refine", [8, 64])
def test_refinement_goes_to_the_values_against_these_rows(refine):
    explainer = AGOPExplainer(Net(), refine=refine).fit(X)
    for reference in CHOSEN.values():
        found = explainer(ROWS, 0, reference=reference)
        assert relative_error(found.values, brute_force(score, ROWS, reference)) < 0.1
        np.testing.assert_allclose(found.gap, 0, atol=1e-3)


def test_the_fitted_explainer_stays_as_it_is(explainer):
    before = explainer.explain(ROWS, 0)
    explainer.explain(ROWS, 0, reference=CHOSEN["far rows"])
    np.testing.assert_array_equal(explainer.explain(ROWS, 0), before)


def test_effects_of_three_against_these_rows():
    def triple(x):
        return 2 * x[:, 0].sign() * x[:, 1].sign() * x[:, 2].sign() + x[:, 3]

    class Parity(Net):
        def forward(self, x):
            soft = torch.tanh(4 * x[:, :3]).prod(dim=1)
            return (self.weight * (2 * soft + x[:, 3]))[:, None]

    rows, reference = table(40, 3), X[X[:, 0] > 0.5][:60]
    explainer = AGOPExplainer(Parity()).fit(X)
    assert len(explainer.effects_.triples)
    found = explainer.explain(rows, reference=reference)
    true = brute_force(lambda x: 2 * torch.tanh(4 * x[:, :3]).prod(dim=1) + x[:, 3], rows, reference)
    assert relative_error(found, true) < 0.4
    assert relative_error(found, true) < 0.8 * relative_error(explainer.explain(rows), true)


def test_gradient_methods_move_the_baseline():
    reference = CHOSEN["some rows"]
    moved = AGOPExplainer(Net(), method="ixg").fit(X)(ROWS, 0, reference=reference)
    fixed = AGOPExplainer(Net(), method="ixg", baseline=reference.mean(axis=0)).fit(X)(ROWS, 0)
    np.testing.assert_allclose(moved.values, fixed.values, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moved.base_values, fixed.base_values, rtol=1e-4)


@pytest.mark.parametrize("method", ["agop-local", "agop-weighted", "agop-global"])
def test_methods_whose_values_are_no_differences_refuse(method):
    explainer = AGOPExplainer(Net(), method=method).fit(X)
    with pytest.raises(ValueError, match="reference= has no meaning for method"):
        explainer.explain(ROWS, 0, reference=X[:5])


def test_forms_of_a_reference():
    frame = pd.DataFrame(X, columns=list("abcd"))
    explainer = AGOPExplainer(Net()).fit(frame)
    expected = explainer.explain(frame[:5], 0, reference=frame.iloc[[7]])
    for one in (frame.iloc[7], dict(frame.iloc[7]), X[7], list(X[7])):
        np.testing.assert_allclose(explainer.explain(frame[:5], 0, reference=one), expected, atol=1e-6)
    some = frame[:200]
    lazy = explainer.explain(in_parts(frame[:50], (20, 30)), 0, reference=in_parts(some, (150, 50))).compute()
    np.testing.assert_allclose(lazy, explainer.explain(frame[:50], 0, reference=some), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (X[:5, :3], "3 features, but AGOPExplainer is expecting 4"),
        (X[:0], "minimum of 1"),
        (np.where(np.eye(4) > 0, np.nan, X[:4]), "NaN"),
        ("mean", "reference"),
        ([1.0, 2.0], "features"),
    ],
)
def test_what_is_no_reference_is_refused(explainer, reference, message):
    with pytest.raises((ValueError, TypeError), match=message):
        explainer.explain(ROWS, 0, reference=reference)


@pytest.mark.parametrize("method", ["agop", "ixg"])
def test_means_are_those_of_all_reference_rows(method):
    """Also of more rows than are kept, in memory and in parts."""
    explainer, reference = AGOPExplainer(Net(), method=method).fit(X), table(20_000, 5)
    reference[:7] += 50  # that a sample may lack
    found = explainer(ROWS, 0, reference=reference)
    if method == "agop":
        expected = score(torch.from_numpy(reference)).double().mean()
        np.testing.assert_allclose(found.base_values, expected, rtol=1e-5)
        np.testing.assert_allclose(found.gap, 0, atol=1e-4)
    else:
        fixed = AGOPExplainer(Net(), method=method, baseline=reference.mean(axis=0)).fit(X).explain(ROWS, 0)
        np.testing.assert_allclose(found.values, fixed, rtol=1e-3, atol=1e-5)
    lazy = explainer(ROWS, 0, reference=dask_array.from_array(reference, chunks=(15_000, 4)))
    np.testing.assert_allclose(lazy.base_values, found.base_values, rtol=1e-6)
