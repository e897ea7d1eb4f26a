"""Values far outside the training rows are credited with what they change in the scores."""

import numpy as np
import pytest
import torch
from support.nets import MLP

from agop_tabular import AGOPExplainer
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.outliers import Bounds


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).standard_normal((800, 4), dtype=np.float32)


def test_bounds_are_a_range_beyond_the_grid_points(X):
    rows = torch.from_numpy(X)
    axes = find_axes(rows)
    bounds = Bounds.of(axes, torch.arange(4), rows.device, torch.float64)
    first, last = axes[0].nodes[0], axes[0].nodes[-1]
    assert bounds.upper[0] == 2 * last - first
    assert not bounds.has_far(rows)
    assert not bounds.has_far(rows[:0])
    assert bounds.has_far(torch.full((1, 4), 1e3))


def test_changes_are_those_of_each_far_column_alone(X):
    def scores(x):
        return torch.stack((x[:, 0].clamp(-3, 30) + x[:, 1] * x[:, 2], x[:, 3]), dim=1)

    rows = torch.from_numpy(X).double()
    bounds = Bounds.of(find_axes(rows), torch.arange(4), rows.device, torch.float64)
    x = rows[:3].clone()
    x[1, 0], x[2, 1], x[2, 3] = 100, -100, 100
    found = bounds.changes(scores, x, scores(x), 4)
    expected = torch.zeros(3, 4, 2).double()
    expected[1, 0, 0] = 30 - bounds.upper[0]
    expected[2, 1, 0] = (-100 - bounds.lower[1]) * x[2, 2]
    expected[2, 3, 1] = 100 - bounds.upper[3]
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("value", [1e2, 1e8, 1e30, -1e20])
@pytest.mark.parametrize("refine", [0, 4])
def test_an_outlier_hides_no_other_column(X, value, refine):
    """The network saturates; the last slope would credit the outlier with a million times the score."""
    torch.manual_seed(0)
    net = MLP(4)
    net.classes_ = [0, 1]
    rows = X[:20].copy()
    rows[7, 1] = value
    explainer = AGOPExplainer(torch.nn.Sequential(torch.nn.Hardtanh(-4, 4), net), refine=refine).fit(X)
    limited = X[:20].copy()
    limited[7, 1] = np.clip(value, -4, 4)
    found, usual = explainer(rows, target=1), explainer(limited, target=1)
    np.testing.assert_allclose(found.gap, 0, atol=1e-4)
    assert np.abs(found.values[7] - usual.values[7]).max() < np.abs(usual.values[7]).max()
    np.testing.assert_array_equal(np.delete(found.values, 7, axis=0), np.delete(usual.values, 7, axis=0))


def test_all_scores_and_mixed_targets_agree(X):
    net = MLP(4)
    rows = np.where(np.eye(4, dtype=bool), np.float32(50), X[:4])
    explainer = AGOPExplainer(net).fit(X)
    every = explainer.explain(rows, target="all")
    for c in range(2):
        np.testing.assert_allclose(explainer.explain(rows, target=c), every[:, :, c], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-45, 1e-40])
def test_values_below_what_float32_holds_are_constant(X, scale):
    rows = X.astype(np.float64)
    rows[:, 0] *= scale
    explainer = AGOPExplainer(MLP(4).double()).fit(rows)
    usual = explainer.explain(X.astype(np.float64))
    assert np.isfinite(usual).all()
    assert np.isfinite(explainer.explain(rows)).all()
