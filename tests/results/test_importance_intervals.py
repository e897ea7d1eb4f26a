"""Intervals of importances have those of other fits."""

import numpy as np
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.results.importance_intervals import importance_intervals


def test_intervals_cover_when_noise_is_known():
    """Shares of counts: their variance is in proportion to them."""
    rng, shares, inside, widths = np.random.default_rng(0), np.array([0.5, 0.3, 0.15, 0.05]), [], []
    for _ in range(300):
        halves = rng.multinomial(1000, shares, size=2) / 1000
        intervals = importance_intervals(halves.mean(axis=0), halves)
        inside.append((intervals[:, 0] <= shares) & (shares <= intervals[:, 1]))
        widths.append(intervals[:, 1] - intervals[:, 0])
    assert 0.92 < np.mean(inside) < 0.99
    assert np.mean(widths) < 0.1


def test_halves_that_agree_and_columns_without_part():
    importances = np.array([0.7, 0.3, 0.0])
    same = importance_intervals(importances, np.stack([importances, importances]))
    np.testing.assert_array_equal(same, np.stack([importances, importances], axis=1))
    differing = importance_intervals(importances, np.array([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0]]))
    assert (differing[:2, 0] < importances[:2]).all()
    assert (differing[:2, 1] > importances[:2]).all()
    assert differing.min() >= 0
    assert differing.max() <= 1
    assert not differing[2].any()
    assert not importance_intervals(np.zeros(3), np.zeros((2, 3))).any()


def test_of_fits():
    """Of ten fits that shuffle otherwise, each one's intervals have nearly all means over all ten."""
    X = np.random.default_rng(0).normal(size=(1500, 8)).astype(np.float32)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    fits = [AGOPExplainer(net, gate=None, random_state=seed).fit(X) for seed in range(10)]
    mean = np.mean([fit.feature_importances_ for fit in fits], axis=0)
    intervals = np.stack([fit.feature_importance_intervals_ for fit in fits])
    inside = (intervals[..., 0] <= mean) & (mean <= intervals[..., 1])
    assert inside.mean() > 0.85
    assert (intervals[..., 1] - intervals[..., 0]).max() < 0.15
