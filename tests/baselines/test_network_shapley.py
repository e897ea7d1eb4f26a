"""Sampled Shapley values of the network, against enumeration."""

import numpy as np
import torch
from support.shapley import enumerated

from agop_tabular.baselines import (
    KernelShap,
    NetworkShapley,
)


def test_network_shapley_and_kernel_shap_are_the_enumerated_values(net, X):
    x, B = X[:4], X[50:80]

    def scores(Z):
        with torch.no_grad():
            return net.module_.eval()(torch.from_numpy(Z)).double().numpy()

    exact = np.stack([enumerated(scores, row, B) for row in x])
    scale = np.abs(exact).max()
    sampled = NetworkShapley(n_permutations=6000)(net, x, "all", B, 0)
    np.testing.assert_allclose(sampled, exact, atol=0.02 * scale)
    kernel = KernelShap(n_background=None)(net, x, "all", B, 0)
    np.testing.assert_allclose(kernel, exact, atol=1e-3 * scale)


def test_network_shapley_adds_up_and_takes_a_category_as_one(pipeline):
    table, model = pipeline
    out = NetworkShapley(n_permutations=2 * len(table))(model, table[:6], 1, table, 0)
    scores = model.decision_function(table)  # the score explained is that of one logit, of classes (-s, s)
    np.testing.assert_allclose(out.sum(axis=1), scores[:6] - scores.mean(), rtol=1e-4, atol=1e-5)
    only = out.copy()
    only[:, table.columns.get_loc("age")] = 0
    for j in (1, 2, 3):  # additive model: rows of one level get one value
        levels = table.iloc[:6, j].astype(str)
        assert all(np.ptp(out[levels == level, j]) < 1e-4 for level in set(levels))
