"""An error of shap's is an error here."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier
from torch import nn

from agop_tabular.baselines import DeepShap, GradientShap, KernelShap


def test_a_failure_of_the_peer_is_an_error():
    class Reuses(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.relu, self.last = nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 3)

        def forward(self, x):
            return self.last(nn.functional.silu(self.first(x)) * 10)

    torch.manual_seed(0)
    net = NeuralNetClassifier(Reuses, criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    rows = np.random.default_rng(0).standard_normal((120, 6)).astype("float32") * 3
    with pytest.raises(AssertionError, match="do not sum up"):
        DeepShap()(net, rows[:5], "predicted", rows, 0)
    assert DeepShap(check_additivity=False)(net, rows[:5], "predicted", rows, 0).shape == (5, 6)


def test_gradient_explainer_draws_alike_for_all_classes():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))
    net = NeuralNetBinaryClassifier(module, verbose=0).initialize()
    rows = np.random.default_rng(0).standard_normal((50, 6)).astype("float32")
    found = GradientShap(n_samples=5)(net, rows[:4], "all", rows, 0)
    np.testing.assert_allclose(found[..., 0], -found[..., 1], rtol=1e-5, atol=1e-7)


def test_kernel_explainer_keeps_all_columns():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 14))
    model = LogisticRegression().fit(X, X.sum(axis=1) > 0)
    exact = model.coef_[0] * (X[:3] - X.mean(axis=0))
    found = KernelShap(n_background=None)(model, X[:3], 1, X, 0)
    scale = 2 if np.abs(found - 2 * exact).sum() < np.abs(found - exact).sum() else 1
    np.testing.assert_allclose(found, scale * exact, rtol=1e-3, atol=1e-3)
    ten = KernelShap(n_background=None, l1_reg="num_features(10)")(model, X[:3], 1, X, 0)
    assert ((ten != 0).sum(axis=1) <= 10).all()
